"""A zoo of features brought along in the config."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from workflow_scripts.common.checkpoint_names import CheckpointName, shared_file_name
from workflow_scripts.common.settings import FeatureSettings, Name
from workflow_scripts.kinds.features.pattern import (
    checkpoints_by_corpus,
    feature_source,
    pattern_problem,
)
from workflow_scripts.kinds.features.settings import FeatureProbe, TableTask
from workflow_scripts.kinds.zoo import UserFile, ZooSettings, probe_problem


class FeaturesZoo(ZooSettings):
    """A zoo whose checkpoints' features are files already, of any framework and modality."""

    modality: Literal["features"] = Field("features", description="the kind of zoo")
    features: Annotated[str, Field(min_length=1)] = Field(
        description="the files: a path with {checkpoint} and {corpus}"
    )
    checkpoints: Annotated[list[CheckpointName], Field(min_length=2)] | None = Field(
        None, description="their names; default: those of all files on the probe"
    )
    probe: FeatureProbe | None = Field(
        None, description="unlabelled units that the covariance is estimated from"
    )
    tasks: dict[Name, TableTask] = Field(
        {}, description="unseen tasks; without them the run ends with the selections"
    )

    @cached_property
    def found_checkpoints(self) -> list[str]:
        """The checkpoints that are named, or those that there are files of."""
        if self.checkpoints is not None:
            return sorted(self.checkpoints)
        corpora = checkpoints_by_corpus(self.features)
        if self.probe is not None:
            return corpora.get(self.probe.corpus, [])
        return sorted({name for names in corpora.values() for name in names})

    @property
    def checkpoint_names(self) -> list[str]:
        """Names of the checkpoints."""
        return self.found_checkpoints

    @property
    def task_names(self) -> list[str]:
        """Names of the tasks; none if there are no tasks."""
        return list(self.tasks)

    @property
    def probe_names(self) -> list[str]:
        """The one probe, unless the covariance is there already."""
        return ["probe"] if self.probe is not None else []

    @property
    def differ_in_size(self) -> bool:
        """Nothing is known of the networks."""
        return False

    def features_of(self, checkpoint: str) -> FeatureSettings:
        """Features are taken as they are."""
        return FeatureSettings()

    def corpus_of(self, task: str) -> str:
        """The corpus that a task names; the probe's own is called probe."""
        return self.name_of_corpus(self.tasks[task].corpus)

    def has_classes(self, task: str) -> bool:
        """Unless the metric says that they are numbers; the table alone tells otherwise."""
        return self.tasks[task].metric != "pearson"

    def name_of_corpus(self, source: str) -> str:
        """What a corpus of the pattern is called among the results."""
        return "probe" if self.probe is not None and source == self.probe.corpus else source

    def source_of_corpus(self, corpus: str) -> str:
        """What a corpus among the results is called in the pattern."""
        return self.probe.corpus if self.probe is not None and corpus == "probe" else corpus

    @property
    def user_files(self) -> list[UserFile]:
        """The files that a user brings."""
        files = super().user_files
        corpora = {} if self.probe is None else {self.probe.corpus: None}
        corpora |= {task.corpus: None for task in self.tasks.values()}
        files += [
            UserFile("features", feature_source(self.features, checkpoint, corpus))
            for corpus in corpora
            for checkpoint in self.checkpoint_names
        ]
        if self.probe is not None and self.probe.groups is not None:
            files.append(UserFile("probe.groups", self.probe.groups))
        files += [UserFile(f"tasks.{name}.table", task.table) for name, task in self.tasks.items()]
        return files

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "FeaturesZoo":
        problem = (
            pattern_problem(self.features)
            or probe_problem(self.probe, self.covariance)
            or self._checkpoint_problem()
            or self._corpus_problem()
            or self.selection_problem()
        )
        if problem:
            raise ValueError(problem)
        return self

    def _checkpoint_problem(self) -> str | None:
        names = self.checkpoint_names
        if len(names) < 2:
            corpus = self.probe.corpus if self.probe else "*"
            where = feature_source(self.features, "*", corpus)
            return (
                f"features: {len(names)} files match {where}; a zoo has at least two checkpoints, "
                "each with its features on the probe"
            )
        same = shared_file_name(names)
        return (
            f"checkpoints: {same[0]!r} and {same[1]!r} would have the same files" if same else None
        )

    def _corpus_problem(self) -> str | None:
        for name, task in self.tasks.items():
            if task.corpus == "probe" and self.probe is not None and self.probe.corpus != "probe":
                return f"tasks.{name}.corpus: results call the probe 'probe'; rename those files"
        return None
