"""A zoo of vision checkpoints in the config."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from workflow_scripts.common.checkpoint_names import CheckpointName
from workflow_scripts.common.settings import Name, Settings
from workflow_scripts.kinds.image.feature_settings import VisionFeatureSettings
from workflow_scripts.kinds.image.settings import FolderProbe, FolderTask
from workflow_scripts.kinds.pretrained_zoo import PretrainedZoo
from workflow_scripts.kinds.zoo import UserFile, name_problem, probe_problem
from workflow_scripts.pretrained.checkpoint_files import Preprocessor
from workflow_scripts.pretrained.settings import PretrainedCheckpoint


class ImageZoo(PretrainedZoo):
    """A zoo of vision checkpoints that exist already, on folders of images."""

    preprocessor: ClassVar[Preprocessor] = "image processor"

    modality: Literal["image"] = Field("image", description="the kind of zoo")
    checkpoints: Annotated[dict[CheckpointName, PretrainedCheckpoint], Field(min_length=2)] = Field(
        description="the checkpoints, by name"
    )
    image_size: Annotated[int, Field(ge=8)] = Field(
        224,
        description="pixels: images are cut to squares of this size before checkpoints scale them "
        "to what each wants",
    )
    probe: FolderProbe | None = Field(
        None, description="unlabelled images that the covariance is estimated from"
    )
    features: VisionFeatureSettings = Field(
        VisionFeatureSettings(), description="how images get their vectors"
    )
    tasks: dict[Name, FolderTask] = Field(
        {}, description="unseen tasks; without them the run ends with the selections"
    )

    @property
    def checkpoint_settings(self) -> Mapping[str, Settings]:
        """The settings of its checkpoints, by name."""
        return self.checkpoints

    @property
    def task_names(self) -> list[str]:
        """Names of the tasks; none if there are no tasks."""
        return list(self.tasks)

    @property
    def probe_names(self) -> list[str]:
        """The one probe, unless the covariance is there already."""
        return ["probe"] if self.probe is not None else []

    def features_of(self, checkpoint: str) -> VisionFeatureSettings:
        """How images get their vectors from a checkpoint."""
        layer = self.checkpoints[checkpoint].layer
        return self.features if layer is None else self.features.model_copy(update={"layer": layer})

    def corpus_of(self, task: str) -> str:
        """Every task has a corpus of its own."""
        return task

    @property
    def user_files(self) -> list[UserFile]:
        """The files and folders that a user brings."""
        files = super().user_files
        if self.probe is not None:
            files.append(UserFile("probe.folder", self.probe.folder, self.probe.home or ""))
        for name, task in self.tasks.items():
            for split, folder in task.folders.items():
                files.append(UserFile(f"tasks.{name}.{split}", folder, task.home or ""))
        return files

    @model_validator(mode="after")
    def _stages_fit_together(self) -> "ImageZoo":
        problem = (
            name_problem(self.checkpoints)
            or probe_problem(self.probe, self.covariance)
            or self._layer_problem()
            or self._corpus_problem()
            or self.selection_problem()
        )
        if problem:
            raise ValueError(problem)
        return self

    def _layer_problem(self) -> str | None:
        for name, checkpoint in self.checkpoints.items():
            if checkpoint.layer == "mean":
                return f"checkpoints.{name}.layer: mean is for text; name one layer"
        return None

    def _corpus_problem(self) -> str | None:
        if "probe" in self.tasks:
            return "tasks: a task cannot be named 'probe'; rename it"
        return None
