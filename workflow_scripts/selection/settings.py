"""Settings of stage 5: the selection methods. A new method is a model here and a function in
``methods.py``."""

from math import comb
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
)

from workflow_scripts.common.settings import AllDifferent, Name, Settings
from workflow_scripts.selection.constraints import ConstraintSettings

Reads = Literal[
    "covariance", "names", "singles", "features", "forward_selection", "transferability"
]
Beside = Literal["quality", "cards", "replicates"]


# In place of the names of all checkpoints.
EVERY = "*"


class MethodSettings(Settings):
    """What all methods have in common.

    Attributes:
        reads: what the method picks from: the covariance, the names alone, the features on the
            probe; or, of a task whose labels it looks at, the scores of every checkpoint alone, a
            forward selection, or how well features fit the labels.
        resampled: whether the method is applied to replicates of the covariance too.
    """

    reads: ClassVar[Reads] = "covariance"
    resampled: ClassVar[bool] = True

    @property
    def reads_beside(self) -> list[Beside]:
        """What it reads beside: each checkpoint's quality or card, or replicates of κ."""
        return []

    @property
    def may_stop(self) -> bool:
        """Whether it may stop before the largest size, at one that it finds."""
        return False

    def misfit(self, names: list[str], sizes: list[int]) -> str | None:
        """Why this method cannot select from these checkpoints, or ``None`` if it can."""
        return None

    def problem(self, checkpoints: int, sizes: list[int]) -> str | None:
        """Why this method cannot select from so many checkpoints, or ``None`` if it can."""
        return None


class MmiSettings(ConstraintSettings, MethodSettings):
    """Greedy maximum mutual information (Huang, Qiu and Church 2021), among the sets allowed."""

    method: Literal["mmi"] = "mmi"
    start: Literal["greedy", "hub"] = Field(
        "greedy", description="hub takes the checkpoint with the largest row sum of κ first"
    )
    stop: Literal["size", "gain", "noise"] = Field(
        "size",
        description="gain makes no pick, after the first, that does not increase the mutual "
        "information; noise none whose gain is not above zero by 1.645 of its standard errors "
        "over replicates of κ: the size at which it stops takes the place of larger ones",
    )

    @property
    def reads_beside(self) -> list[Beside]:
        """The cards, for costs that are read off the checkpoints; replicates, for the noise."""
        cards: list[Beside] = [] if self.cost is None else ["cards"]
        return [*cards, "replicates"] if self.stop == "noise" else cards

    @property
    def may_stop(self) -> bool:
        """Unless it goes on to the largest size whatever a pick gains."""
        return self.stop != "size"

    def misfit(self, names: list[str], sizes: list[int]) -> str | None:
        """Some set of every size must be allowed."""
        return self.constraint_problem(names, sizes)


class MmiSwapSettings(MethodSettings):
    """Greedy maximum mutual information, then the best swap of a pick for another until none
    helps, at each size."""

    method: Literal["mmi_swap"] = "mmi_swap"
    start: Literal["greedy", "hub"] = Field(
        "greedy", description="hub takes the checkpoint with the largest row sum of κ first"
    )


class MmiExactSettings(MethodSettings):
    """Maximum mutual information, proven by branch and bound as far as the time allows.

    Proven sets are the same in every run. Where the time ends before, sets and bounds depend on how
    fast the machine is.
    """

    # Hundreds of proofs would take hundreds of times as long.
    resampled: ClassVar[bool] = False
    method: Literal["mmi_exact"] = "mmi_exact"
    time_limit: PositiveFloat = Field(
        60.0,
        description="seconds for all sizes; then the best sets so far and their bounds stand, "
        "which may differ from run to run",
    )


class EntropySettings(MethodSettings):
    """Greedy maximum entropy: the log-determinant of the picks' covariance."""

    method: Literal["entropy"] = "entropy"


class QualityEntropySettings(MethodSettings):
    """Greedy maximum entropy of checkpoints that count by their quality.

    The log-determinant of diag(q) κ diag(q) over the picks, q being the quality over the zoo's
    median: log det κ_AA plus twice the sum of log q. Mutual information does not change when
    variables are scaled, so there is no such variant of mmi. Replicates are of κ alone: q stays
    that of the whole probe, which makes picks from them more alike than those from other probes.
    """

    method: Literal["quality_entropy"] = "quality_entropy"
    quality: Literal["rankme", "alpha_req", "stable_rank", "none"] = Field(
        "rankme", description="a score of features that needs no labels; none: entropy"
    )

    @property
    def reads_beside(self) -> list[Beside]:
        """The quality, if it counts."""
        return [] if self.quality == "none" else ["quality"]


class FacilityLocationSettings(MethodSettings):
    """Greedy maximum of the similarity κ of all checkpoints to the pick nearest to each."""

    method: Literal["facility_location"] = "facility_location"


class KMedoidsSettings(MethodSettings):
    """The medoids of k clusters under the distance 1 − κ; each size is a set of its own."""

    method: Literal["k_medoids"] = "k_medoids"


class HubsSettings(MethodSettings):
    """The checkpoints with the largest row sums of κ."""

    method: Literal["hub"] = "hub"


class ExpectedRiskSettings(MethodSettings):
    """Greedy minimum of the ridge residual that an unseen task is expected to leave."""

    reads: ClassVar[Reads] = "features"
    # Each replicate would take as long as the picks, about a second in a small zoo.
    resampled: ClassVar[bool] = False
    method: Literal["expected_risk"] = "expected_risk"
    ridge: PositiveFloat = Field(
        0.1, description="λ, added to a kernel of features whose mean eigenvalue is one"
    )
    units: Annotated[int, Field(ge=2)] = Field(
        2000, description="of the probe that are used at most; whole sentences or source images"
    )
    seed: NonNegativeInt = Field(0, description="of the draws")


class RandomSettings(MethodSettings):
    """Distinct random sets of each size."""

    reads: ClassVar[Reads] = "names"
    resampled: ClassVar[bool] = False
    method: Literal["random"] = "random"
    draws: PositiveInt = Field(10, description="number of random sets of each size")
    seed: NonNegativeInt = Field(0, description="of the draws")

    def problem(self, checkpoints: int, sizes: list[int]) -> str | None:
        """There must be as many subsets of every size as draws."""
        for size in sizes:
            if self.draws > comb(checkpoints, size):
                return (
                    f"{self.draws} draws are asked for, there are {comb(checkpoints, size)} "
                    f"different sets of {size} out of {checkpoints} checkpoints"
                )
        return None


class LabelledSettings(MethodSettings):
    """What methods have in common that look at the labels of a task."""

    resampled: ClassVar[bool] = False
    task: str = Field(description="the task that is looked at")


class PeekSettings(LabelledSettings):
    """The checkpoints that score best alone on the dev split of one task."""

    reads: ClassVar[Reads] = "singles"
    method: Literal["peek"] = "peek"


class GreedyDevSettings(LabelledSettings):
    """Forward selection by the dev score of heads on one task: an upper reference there."""

    reads: ClassVar[Reads] = "forward_selection"
    method: Literal["greedy_dev"] = "greedy_dev"


class LogmeSettings(LabelledSettings):
    """The checkpoints of the highest LogME alone on one task (You et al. 2021)."""

    reads: ClassVar[Reads] = "transferability"
    method: Literal["logme"] = "logme"


class HScoreSettings(LabelledSettings):
    """The checkpoints of the highest H-score alone on one task (Bao et al. 2019)."""

    reads: ClassVar[Reads] = "transferability"
    method: Literal["h_score"] = "h_score"


class AllSettings(MethodSettings):
    """All checkpoints of the zoo together, whatever the sizes."""

    reads: ClassVar[Reads] = "names"
    resampled: ClassVar[bool] = False
    method: Literal["all"] = "all"


class SingleSettings(MethodSettings):
    """Named checkpoints alone, at size 1."""

    reads: ClassVar[Reads] = "names"
    resampled: ClassVar[bool] = False
    method: Literal["single"] = "single"
    picks: Annotated[list[str], Field(min_length=1), AllDifferent] = Field(
        description="names of checkpoints, each a selection by itself; * alone: every checkpoint"
    )

    @field_validator("picks")
    @classmethod
    def _star_stands_alone(cls, picks: list[str]) -> list[str]:
        if EVERY in picks and len(picks) > 1:
            raise ValueError(f"{EVERY!r} stands for every checkpoint: leave out the other names")
        return picks

    def problem(self, checkpoints: int, sizes: list[int]) -> str | None:
        """There must be a size 1."""
        return None if 1 in sizes else "its selections have size 1, which is not among the sizes"


Method = Annotated[
    MmiSettings
    | MmiSwapSettings
    | MmiExactSettings
    | EntropySettings
    | QualityEntropySettings
    | FacilityLocationSettings
    | KMedoidsSettings
    | HubsSettings
    | ExpectedRiskSettings
    | RandomSettings
    | PeekSettings
    | GreedyDevSettings
    | LogmeSettings
    | HScoreSettings
    | AllSettings
    | SingleSettings,
    Field(discriminator="method"),
]
METHODS: dict[str, type[MethodSettings]] = {
    model.model_fields["method"].default: model for model in get_args(get_args(Method)[0])
}


class SelectionSettings(Settings):
    """Which sets are selected."""

    sizes: Annotated[list[PositiveInt], Field(min_length=1), AllDifferent] = Field(
        description="numbers of checkpoints k"
    )
    methods: Annotated[dict[Name, Method], Field(min_length=1)] = Field(
        description="a label for each method; `method:` may be left out where the label is its name"
    )

    @field_validator("methods")
    @classmethod
    def _all_is_the_method_all(cls, methods: dict[str, Method]) -> dict[str, Method]:
        for label in methods:
            if (label == "all") != isinstance(methods[label], AllSettings):
                raise ValueError(
                    f"{label!r}: the method all has that label, and no other has it, so that "
                    "figures and tables know it"
                )
        if list(methods) == ["all"]:
            raise ValueError(
                "all checkpoints together are what selections are held against: add a method that "
                "selects some, such as mmi"
            )
        return methods

    jitter: NonNegativeFloat = Field(
        0.0, description="added to κ's diagonal, which is then scaled back to one"
    )
