"""A zoo of language models in the config."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from workflow_scripts.common.checkpoint_names import CheckpointName
from workflow_scripts.common.settings import Name, Settings
from workflow_scripts.kinds.pretrained_zoo import PretrainedZoo
from workflow_scripts.kinds.text.feature_settings import WordFeatureSettings
from workflow_scripts.kinds.text.miniatures.settings import PretrainSettings
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
from workflow_scripts.kinds.text.stdlib.settings import DOMAINS, StdlibSource
from workflow_scripts.kinds.zoo import UserFile, name_problem, probe_problem
from workflow_scripts.pretrained.checkpoint_files import Preprocessor
from workflow_scripts.pretrained.settings import FolderSettings, HubSettings

TextCheckpoint = Annotated[
    HubSettings | FolderSettings | PretrainSettings, Field(discriminator="kind")
]


class TextZoo(PretrainedZoo):
    """A zoo of language models, as in section 5.1 of Huang, Qiu and Church (2021)."""

    preprocessor: ClassVar[Preprocessor] = "tokenizer"

    modality: Literal["text"] = Field("text", description="the kind of zoo")
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
    features: WordFeatureSettings = Field(
        WordFeatureSettings(), description="how words get their vectors"
    )
    tasks: dict[Name, TextTask] = Field(
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
    def user_files(self) -> list[UserFile]:
        """The files and folders that a user brings."""
        files = super().user_files
        for name, probe in self.probe_texts.items():
            if isinstance(probe, TextFileProbe):
                key = name if name == "probe" else name.replace("probe-", "other_probes.", 1)
                files.append(UserFile(f"{key}.file", probe.file, probe.home or ""))
        for name, task in self.tasks.items():
            if isinstance(task, FilesTask):
                files += [
                    UserFile(f"tasks.{name}.{split}", path, task.home or "")
                    for split in SPLITS
                    for path in task.files(split, "")
                ]
        return files

    @classmethod
    def spelled_out(cls, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """``source:`` said where tasks are the embedded source's by name, or are in files."""
        match raw:
            case {"data": {"source": str(source)}, "tasks": list(names)}:
                # A name that is not hashable is no name; the validation says so.
                tasks = {str(name): {"source": source, "task": name} for name in names}
                return {**raw, "tasks": tasks}
            case {"tasks": dict(tasks)}:
                named = {
                    name: {"source": "files"} | task if isinstance(task, dict) else task
                    for name, task in tasks.items()
                }
                return {**raw, "tasks": named}
        return raw

    @classmethod
    def extend_schema(cls, definitions: dict[str, Any]) -> None:
        """Tasks of the embedded source may be named alone."""
        properties = definitions[cls.__name__]["properties"]
        names = definitions["StdlibTask"]["properties"]["task"]["enum"]
        listed = {"type": "array", "items": {"enum": names}}
        tasks = properties["tasks"]
        keep = {key: tasks.pop(key) for key in ("title", "description", "default") if key in tasks}
        properties["tasks"] = keep | {"anyOf": [tasks, listed]}

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
