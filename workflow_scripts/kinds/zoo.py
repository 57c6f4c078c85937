"""The contract of every kind of zoo: its settings, and what later stages and the planner may ask.

Stages 4 to 7 read four files of a zoo and never ask what kind it is: the units of a corpus, the
cards of checkpoints, features, and tasks. Here is the rest of the contract: the keys of the config
that all zoos share, and the names of checkpoints, probes and tasks.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from workflow_scripts.common.checkpoint_names import file_name, shared_file_name
from workflow_scripts.common.paths import ZooPaths
from workflow_scripts.common.settings import AllDifferent, FeatureSettings, Settings, UserPath
from workflow_scripts.covariance.settings import CovarianceSettings, StabilitySettings
from workflow_scripts.evaluation.settings import HeadSettings, LbfgsSettings
from workflow_scripts.selection.settings import (
    EVERY,
    AllSettings,
    HScoreSettings,
    LabelledSettings,
    MethodSettings,
    SelectionSettings,
    SingleSettings,
)


class ZooCovarianceSettings(CovarianceSettings):
    """The covariance, estimated here or brought along."""

    precomputed: UserPath | None = Field(
        None,
        description="a file that has it already (.npz, .npy or labelled .csv): no probe is needed",
    )
    names: UserPath | None = Field(
        None, description="file with a name a line, for a precomputed .npy, which has none"
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "ZooCovarianceSettings":
        if self.names is not None and self.precomputed is None:
            raise ValueError("names is for precomputed")
        if self.precomputed is None:
            return self
        if "estimator" in self.model_fields_set:
            raise ValueError("a precomputed covariance is not estimated: leave out estimator")
        if Path(self.precomputed).suffix not in (".npz", ".npy", ".csv"):
            raise ValueError("precomputed must be a .npz, .npy or .csv file")
        if (self.names is not None) != self.precomputed.endswith(".npy"):
            raise ValueError("names goes with a precomputed .npy, and with no other file")
        return self


@dataclass(frozen=True)
class UserFile:
    """A file or folder that a user brings.

    Attributes:
        key: of the config that names it.
        path: as the config says it.
        home: where it is from; said when it is missing. May be empty.
    """

    key: str
    path: str
    home: str = ""


class ZooSettings(Settings, ABC):
    """A zoo of the config. A kind's own model adds ``modality: Literal[...]`` and its keys."""

    modality: str = Field(description="the kind of zoo")
    seed: NonNegativeInt = Field(
        0, description="of data, initial weights and batches: everything but methods"
    )
    covariance: ZooCovarianceSettings = Field(
        ZooCovarianceSettings(), description="the covariance between checkpoints"
    )
    stability: StabilitySettings = Field(
        StabilitySettings(), description="how sure the covariance and the picks are"
    )
    convergence: Annotated[list[PositiveInt], AllDifferent] = Field(
        [32, 128, 512, 1024, 4096],
        description="numbers of groups of the probe (sentences, images) at which the covariance is "
        "also estimated, beside half and all",
    )
    selection: SelectionSettings = Field(description="which sets of checkpoints are selected")
    head: HeadSettings = Field(LbfgsSettings(), description="the linear layer on the features")

    @property
    @abstractmethod
    def checkpoint_names(self) -> list[str]:
        """Names of the checkpoints."""

    @property
    @abstractmethod
    def task_names(self) -> list[str]:
        """Names of the tasks; none if there are no tasks."""

    @property
    @abstractmethod
    def probe_names(self) -> list[str]:
        """The corpora that a covariance is estimated on; the first is selected by."""

    @abstractmethod
    def features_of(self, checkpoint: str) -> FeatureSettings:
        """How a checkpoint's features are made and stored."""

    @abstractmethod
    def corpus_of(self, task: str) -> str:
        """The corpus that a task is on."""

    @property
    def differ_in_size(self) -> bool:
        """Whether cards say a number of parameters that differs, so that it can be a cost."""
        return True

    def has_classes(self, task: str) -> bool:
        """Whether the targets of a task are classes; else they are values."""
        return True

    @property
    def user_files(self) -> list[UserFile]:
        """The files and folders that a user brings."""
        named = {"precomputed": self.covariance.precomputed, "names": self.covariance.names}
        return [UserFile(f"covariance.{key}", path) for key, path in named.items() if path]

    @classmethod
    def spelled_out(cls, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The zoo as the config has it, with what this kind lets users leave out."""
        return raw

    @classmethod
    def extend_schema(cls, definitions: dict[str, Any]) -> None:
        """Let the JSON schema allow what :meth:`spelled_out` adds.

        Args:
            definitions: the schema's models by name, changed in place.
        """

    def selection_problem(self) -> str | None:
        """Why the selections do not fit the checkpoints and tasks, or ``None`` if they do."""
        names, sizes = self.checkpoint_names, self.selection.sizes
        if max(sizes) > len(names):
            return f"selection.sizes asks for {max(sizes)} checkpoints, the zoo has {len(names)}"
        for label, method in self.selection.methods.items():
            where = f"selection.methods.{label}"
            problem = (
                method.problem(len(names), sizes)
                or method.misfit(names, sizes)
                or self._reading_problem(method)
            )
            if problem:
                return f"{where}: {problem}"
            if isinstance(method, LabelledSettings) and method.task not in self.task_names:
                known = ", ".join(self.task_names) or "none"
                return f"{where}.task: there is no task {method.task!r}; the zoo's tasks: {known}"
            if isinstance(method, HScoreSettings) and not self.has_classes(method.task):
                return (
                    f"{where}.task: the targets of {method.task!r} are values, and the H-score is "
                    "of classes; choose another task, or logme"
                )
            if isinstance(method, SingleSettings):
                for name in method.picks:
                    if name not in (*names, EVERY):
                        return f"{where}.picks: there is no checkpoint {name!r} in the zoo"
        return self._stopping_problem()

    def _reading_problem(self, method: MethodSettings) -> str | None:
        """Why a method cannot have what it reads."""
        looks = method.reads == "features" or "quality" in method.reads_beside
        if looks and not self.probe_names:
            return "it looks at features on the probe, which a zoo with a given covariance has not"
        resampled = self.probe_names and self.stability.replicates
        if "replicates" in method.reads_beside and not resampled:
            return (
                "stop: noise looks at replicates of the covariance, which a zoo with a given "
                "covariance or stability: {replicates: 0} has not"
            )
        if "cards" in method.reads_beside and not self.differ_in_size:
            return "cost: the checkpoints of this zoo all have the same size; give costs"
        return None

    def _stopping_problem(self) -> str | None:
        """Every size that is scored needs a selection, which a method that stops may not give."""
        stopping, steady = False, False
        for method in self.selection.methods.values():
            stopping |= method.may_stop
            steady |= not method.may_stop and not isinstance(method, SingleSettings | AllSettings)
        largest = max(self.selection.sizes)
        if steady or not stopping or not self.task_names or largest == 1:
            return None
        return (
            "selection.methods: with stop: gain or noise no method is sure to select "
            f"{largest} checkpoints, and tasks are scored at every size; add another, such as "
            "random"
        )


def name_problem(checkpoints: Mapping[str, Settings]) -> str | None:
    """Why names of checkpoints cannot stand side by side, or ``None`` if they can."""
    same = shared_file_name(checkpoints)
    if same is None:
        return None
    return f"checkpoints: {same[0]!r} and {same[1]!r} would have the same files; rename one"


def probe_problem(probe: Settings | None, covariance: ZooCovarianceSettings) -> str | None:
    """Why there must be a probe, or none; ``None`` if it is as it should be."""
    if probe is None and covariance.precomputed is None:
        return "probe is missing: the covariance is estimated from it (or is precomputed)"
    if probe is not None and covariance.precomputed is not None:
        return "a precomputed covariance needs no probe: leave out one of the two"
    return None


AnyZooSettings = TypeVar("AnyZooSettings", bound=ZooSettings, covariant=True)


@dataclass(frozen=True)
class Zoo(Generic[AnyZooSettings]):
    """A zoo of a run: its name, its settings, and where its files lie.

    Attributes:
        name: in the config.
        settings: of it.
        report_missing: is called when a planner asks for a user's file that is not there.
    """

    name: str
    settings: AnyZooSettings
    report_missing: Callable[[], None] = lambda: None

    @property
    def paths(self) -> ZooPaths:
        """Where its files lie."""
        return ZooPaths(self.name)

    @property
    def checkpoints(self) -> list[str]:
        """The names of its checkpoints, sorted, so that their order in the config is no matter."""
        return sorted(self.settings.checkpoint_names)

    @cached_property
    def checkpoint_of_file(self) -> dict[str, str]:
        """The names of its checkpoints, by the names of their files."""
        return {file_name(name): name for name in self.settings.checkpoint_names}

    def given(self, paths: Iterable[str]) -> list[str]:
        """Those of a user's files that are there; where one is missing, the run is told."""
        paths = list(paths)
        there = [path for path in paths if Path(path).exists()]
        if len(there) < len(paths):
            self.report_missing()
        return there
