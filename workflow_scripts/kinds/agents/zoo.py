"""A zoo of agents in the config."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from workflow_scripts.common.settings import FeatureSettings
from workflow_scripts.kinds.agents.settings import (
    AgentSettings,
    Cifar100Source,
    ImageSource,
    ProbeSettings,
    TaskSettings,
    distinct_sets_problem,
    images_problem,
)
from workflow_scripts.kinds.agents.splits import ClassSets, share_out_classes
from workflow_scripts.kinds.zoo import ZooSettings


class AgentsZoo(ZooSettings):
    """A zoo of image classifiers, as in section 5.2 of Huang, Qiu and Church (2021)."""

    modality: Literal["agents"] = Field("agents", description="the kind of zoo")
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

    @property
    def differ_in_size(self) -> bool:
        """All agents have the same network."""
        return False

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
    def _stages_fit_together(self) -> "AgentsZoo":
        problem = (
            distinct_sets_problem(self.data, self.agents, self.tasks)
            or images_problem(self.data, self.agents, self.probe, self.tasks)
            or self.selection_problem()
        )
        if problem:
            raise ValueError(problem)
        return self
