"""The zoos of the configuration: what each kind of experiment consists of.

Each stage describes its own settings; this module puts them together and checks what concerns
several stages.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveInt,
    Tag,
    field_validator,
    model_validator,
)

from workflow_scripts.pretrained.settings import (
    FolderSettings,
    ImageCheckpoint,
    PretrainSettings,
    TextCheckpoint,
    TrainingSettings,
)
from workflow_scripts.common.checkpoint_names import CheckpointName, shared_file_name
from workflow_scripts.common.settings import AllDifferent, Name, Settings, UserPath
from workflow_scripts.covariance.settings import CovarianceSettings, StabilitySettings
from workflow_scripts.kinds.image.settings import FolderProbe, FolderTask
from workflow_scripts.kinds.agents.settings import (
    AgentSplitSettings,
    Cifar100Source,
    ImageSource,
    ProbeSettings,
    TaskSettings,
    distinct_sets_problem,
    images_problem,
)
from workflow_scripts.kinds.agents.splits import ClassSets, share_out_classes
from workflow_scripts.kinds.text.stdlib.settings import DOMAINS, StdlibSource
from workflow_scripts.kinds.text.settings import (
    SPLITS,
    FilesTask,
    ProbeText,
    StdlibProbe,
    StdlibTask,
    TextFileProbe,
    TextTask,
    metric_of,
)
from workflow_scripts.evaluation.settings import HeadSettings, LbfgsSettings
from workflow_scripts.kinds.text.feature_settings import (
    FeatureSettings,
    VisionFeatureSettings,
    WordFeatureSettings,
)
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


class Zoo(Settings, ABC):
    """What every zoo has."""

    modality: Literal["image", "text"] = Field(description="what the checkpoints read")
    seed: NonNegativeInt = Field(
        0, description="of data, initial weights and batches: everything but methods"
    )
    covariance: ZooCovarianceSettings = Field(
        ZooCovarianceSettings(), description="the covariance between checkpoints"
    )
    stability: StabilitySettings = Field(
        StabilitySettings(), description="how sure the covariance and the picks are"
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

    def has_classes(self, task: str) -> bool:
        """Whether the targets of a task are classes; else they are values."""
        return True

    @property
    def user_files(self) -> list[tuple[str, str, str]]:
        """The files that a user brings: the key that names each, its path, where it is from."""
        named = {"precomputed": self.covariance.precomputed, "names": self.covariance.names}
        return [(f"covariance.{key}", path, "") for key, path in named.items() if path]

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
        if "cards" in method.reads_beside and isinstance(self, ImageZoo):
            return "cost: the agents of a zoo have one network, and so one size; give costs"
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


def checkpoint_files(checkpoints: Mapping[str, Settings]) -> list[tuple[str, str, str]]:
    """The files that a user's own checkpoints must have, as :attr:`Zoo.user_files` has them."""
    return [
        (f"checkpoints.{name}.path", f"{checkpoint.path}/config.json", "")
        for name, checkpoint in checkpoints.items()
        if isinstance(checkpoint, FolderSettings)
    ]


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


class AgentSettings(AgentSplitSettings, TrainingSettings):
    """The checkpoints of an image zoo: classifiers trained in the workflow."""


class ImageZoo(Zoo):
    """A zoo of image classifiers, as in section 5.2 of Huang, Qiu and Church (2021)."""

    tag: ClassVar[str] = "image"

    modality: Literal["image"] = Field("image", description="what the checkpoints read")
    data: ImageSource = Field(description="where the images come from")
    agents: AgentSettings = Field(description="the checkpoints, trained in the workflow")
    probe: ProbeSettings = Field(
        ProbeSettings(), description="unlabelled images that the covariance is estimated from"
    )
    features: FeatureSettings = Field(FeatureSettings(), description="how features are stored")
    tasks: TaskSettings | None = Field(
        None, description="unseen tasks; without them the run ends with the selections"
    )

    @property
    def checkpoint_names(self) -> list[str]:
        """Names of the checkpoints."""
        return [f"agent-{number:02d}" for number in range(self.agents.count)]

    @property
    def task_names(self) -> list[str]:
        """Names of the tasks; none if there are no tasks."""
        return [f"task-{number:02d}" for number in range(self.tasks.count if self.tasks else 0)]

    @property
    def probe_names(self) -> list[str]:
        """The one probe, unless the covariance is there already."""
        return ["probe"] if self.covariance.precomputed is None else []

    def features_of(self, checkpoint: str) -> FeatureSettings:
        """How features are stored: the same for all checkpoints."""
        return self.features

    def corpus_of(self, task: str) -> str:
        """All tasks share one corpus."""
        return "tasks"

    @cached_property
    def class_sets(self) -> ClassSets:
        """The classes of every agent and task."""
        return share_out_classes(
            class_count=self.data.class_count,
            agent_count=self.agents.count,
            agent_classes=self.agents.classes,
            task_count=self.tasks.count if self.tasks else 0,
            task_classes=self.tasks.classes if self.tasks else 1,
            agent_pool=self.agents.pool,
            seed=self.seed,
        )

    @field_validator("data")
    @classmethod
    def _folder_holds_the_source(cls, data: ImageSource) -> ImageSource:
        if isinstance(data, Cifar100Source) and data.folder is not None:
            for file in ("train", "test", "meta"):
                path = Path(data.folder, "cifar-100-python", file)
                if not path.is_file():
                    raise ValueError(
                        f"{path} is missing; folder must hold cifar-100-python/ as unpacked from "
                        "www.cs.toronto.edu/~kriz/cifar.html, or be left out to download it"
                    )
        return data

    @model_validator(mode="after")
    def _stages_fit_together(self) -> "ImageZoo":
        problem = (
            distinct_sets_problem(self.data, self.agents, self.tasks)
            or images_problem(self.data, self.agents, self.probe, self.tasks)
            or self.selection_problem()
        )
        if problem:
            raise ValueError(problem)
        return self


class OwnImageZoo(Zoo):
    """A zoo of vision checkpoints that exist already, on folders of images."""

    tag: ClassVar[str] = "image, of checkpoints"

    modality: Literal["image"] = Field("image", description="what the checkpoints read")
    checkpoints: Annotated[dict[CheckpointName, ImageCheckpoint], Field(min_length=2)] = Field(
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
    def checkpoint_names(self) -> list[str]:
        """Names of the checkpoints."""
        return list(self.checkpoints)

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
    def user_files(self) -> list[tuple[str, str, str]]:
        """The files that a user brings: the key that names each, its path, where it is from."""
        files = super().user_files + checkpoint_files(self.checkpoints)
        if self.probe is not None:
            files.append(("probe.folder", self.probe.folder, self.probe.home or ""))
        for name, task in self.tasks.items():
            for split, folder in task.folders.items():
                files.append((f"tasks.{name}.{split}", folder, task.home or ""))
        return files

    @model_validator(mode="after")
    def _stages_fit_together(self) -> "OwnImageZoo":
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


class TextZoo(Zoo):
    """A zoo of language models, as in section 5.1 of Huang, Qiu and Church (2021)."""

    tag: ClassVar[str] = "text"

    modality: Literal["text"] = Field("text", description="what the checkpoints read")
    data: StdlibSource | None = Field(
        None, description="an embedded source of text and tasks, for miniature models"
    )
    checkpoints: Annotated[dict[CheckpointName, TextCheckpoint], Field(min_length=2)] = Field(
        description="the checkpoints, by name"
    )
    probe: ProbeText | None = Field(
        None, description="unlabelled text that the covariance is estimated from"
    )
    other_probes: dict[Name, ProbeText] = Field(
        {}, description="other genres, whose covariance is estimated too, and compared"
    )
    convergence: Annotated[list[PositiveInt], AllDifferent] = Field(
        [32, 128, 512, 1024, 4096],
        description="numbers of probe sentences at which the covariance is also estimated, beside "
        "half and all",
    )
    features: WordFeatureSettings = Field(
        WordFeatureSettings(), description="how words get their vectors"
    )
    tasks: dict[Name, TextTask] = Field(
        {}, description="unseen tasks; without them the run ends with the selections"
    )

    @property
    def checkpoint_names(self) -> list[str]:
        """Names of the checkpoints."""
        return list(self.checkpoints)

    @property
    def task_names(self) -> list[str]:
        """Names of the tasks; none if there are no tasks."""
        return list(self.tasks)

    @property
    def probe_texts(self) -> dict[str, ProbeText]:
        """The probes by the names of their corpora."""
        main = {} if self.probe is None else {"probe": self.probe}
        return main | {f"probe-{name}": text for name, text in self.other_probes.items()}

    @property
    def probe_names(self) -> list[str]:
        """The corpora that a covariance is estimated on; the first is selected by."""
        return list(self.probe_texts)

    def features_of(self, checkpoint: str) -> WordFeatureSettings:
        """How words get their vectors from a checkpoint."""
        layer = self.checkpoints[checkpoint].layer
        return self.features if layer is None else self.features.model_copy(update={"layer": layer})

    def corpus_of(self, task: str) -> str:
        """The corpus that a task names, or one of its own."""
        return self.tasks[task].corpus or task

    def has_classes(self, task: str) -> bool:
        """Values are scored by how they correlate, and nothing else is."""
        return metric_of(self.tasks[task]) != "pearson"

    @property
    def user_files(self) -> list[tuple[str, str, str]]:
        """The files that a user brings: the key that names each, its path, where it is from."""
        files = super().user_files + checkpoint_files(self.checkpoints)
        for name, probe in self.probe_texts.items():
            if isinstance(probe, TextFileProbe):
                key = name if name == "probe" else name.replace("probe-", "other_probes.", 1)
                files.append((f"{key}.file", probe.file, probe.home or ""))
        for name, task in self.tasks.items():
            if isinstance(task, FilesTask):
                files += [
                    (f"tasks.{name}.{split}", path, task.home or "")
                    for split in SPLITS
                    for path in task.files(split, "")
                ]
        return files

    @property
    def domains(self) -> list[str]:
        """The parts of the embedded source that checkpoints are pre-trained on, sorted."""
        trained = [one for one in self.checkpoints.values() if isinstance(one, PretrainSettings)]
        return sorted({one.domain for one in trained})

    @model_validator(mode="after")
    def _stages_fit_together(self) -> "TextZoo":
        problem = (
            name_problem(self.checkpoints)
            or probe_problem(self.probe, self.covariance)
            or self._corpus_problem()
            or self._source_problem()
            or self.selection_problem()
        )
        if problem:
            raise ValueError(problem)
        return self

    def _corpus_problem(self) -> str | None:
        for name in self.tasks:
            corpus = self.corpus_of(name)
            if corpus == "probe" or corpus.startswith("probe-"):
                return f"tasks.{name}: a corpus of tasks cannot be named {corpus!r}"
        return None

    def _source_problem(self) -> str | None:
        """Pre-training, and tasks and probes of the embedded source, need that source."""
        users = {
            f"checkpoints.{name}": isinstance(one, PretrainSettings)
            for name, one in self.checkpoints.items()
        }
        users |= {f"tasks.{name}": isinstance(one, StdlibTask) for name, one in self.tasks.items()}
        users |= {name: isinstance(one, StdlibProbe) for name, one in self.probe_texts.items()}
        wanting = [user for user, wants in users.items() if wants]
        if wanting and self.data is None:
            return f"{wanting[0]} needs data: {{source: python-stdlib}}"
        for domain in self.domains:
            if domain not in DOMAINS:
                return f"checkpoints: there is no domain {domain!r}; choose {', '.join(DOMAINS)}"
        return None


def _tag_of(zoo: Any) -> Any:
    """Which of the models a zoo is read by: image zoos either train agents or name checkpoints."""
    if not isinstance(zoo, Mapping):
        # Any of them says that a zoo must be a mapping.
        return getattr(zoo, "tag", TextZoo.tag)
    trains = {"agents", "data"} & zoo.keys() and "checkpoints" not in zoo
    own = zoo.get("modality") == "image" and not trains
    return OwnImageZoo.tag if own else zoo.get("modality")


AnyZoo = Annotated[
    Annotated[ImageZoo, Tag(ImageZoo.tag)]
    | Annotated[OwnImageZoo, Tag(OwnImageZoo.tag)]
    | Annotated[TextZoo, Tag(TextZoo.tag)],
    Discriminator(_tag_of),
]
