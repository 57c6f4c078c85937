"""Settings of stage 5: the selection methods. A new method is a model here and a function in
``methods.py``."""

from math import comb
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from workflow_scripts.common.settings import AllDifferent, Name, Settings

Reads = Literal["covariance", "names", "singles"]


class MethodSettings(Settings):
    """What all methods have in common.

    Attributes:
        reads: what the method picks from: the covariance, the names alone, or the scores of every
            checkpoint alone on a task.
    """

    reads: ClassVar[Reads] = "covariance"

    def problem(self, checkpoints: int, sizes: list[int]) -> str | None:
        """Why this method cannot select from so many checkpoints, or ``None`` if it can."""
        return None


class MmiSettings(MethodSettings):
    """Greedy maximum mutual information (Huang, Qiu and Church 2021)."""

    method: Literal["mmi"] = "mmi"
    start: Literal["greedy", "hub"] = Field(
        "greedy", description="hub takes the checkpoint with the largest row sum of κ first"
    )


class MmiSwapSettings(MmiSettings):
    """Greedy maximum mutual information, then the best swap of a pick for another until none
    helps, at each size."""

    method: Literal["mmi_swap"] = "mmi_swap"  # type: ignore[assignment]


class MmiExactSettings(MethodSettings):
    """Maximum mutual information, proven by branch and bound as far as the time allows."""

    method: Literal["mmi_exact"] = "mmi_exact"
    time_limit: PositiveFloat = Field(
        60.0, description="seconds for all sizes; then the best sets so far and their bounds stand"
    )


class EntropySettings(MethodSettings):
    """Greedy maximum entropy: the log-determinant of the picks' covariance."""

    method: Literal["entropy"] = "entropy"


class RandomSettings(MethodSettings):
    """Distinct random sets of each size."""

    reads: ClassVar[Reads] = "names"
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


class PeekSettings(MethodSettings):
    """The checkpoints that score best alone on the dev split of one task."""

    reads: ClassVar[Reads] = "singles"
    method: Literal["peek"] = "peek"
    task: str = Field(description="the task that is looked at")


class SingleSettings(MethodSettings):
    """Named checkpoints alone, at size 1."""

    reads: ClassVar[Reads] = "names"
    method: Literal["single"] = "single"
    picks: Annotated[list[str], Field(min_length=1), AllDifferent] = Field(
        description="names of checkpoints, each a selection by itself"
    )

    def problem(self, checkpoints: int, sizes: list[int]) -> str | None:
        """There must be a size 1."""
        return None if 1 in sizes else "its selections have size 1, which is not among the sizes"


Method = Annotated[
    MmiSettings
    | MmiSwapSettings
    | MmiExactSettings
    | EntropySettings
    | RandomSettings
    | PeekSettings
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
    jitter: NonNegativeFloat = Field(
        0.0, description="added to κ's diagonal, which is then scaled back to one"
    )
