"""Stages 1 to 3 of zoos of agents: paths and flags of their jobs."""

from workflow_scripts.common.paths import DOWNLOADS
from workflow_scripts.common.settings import to_flags
from workflow_scripts.kinds.agents.settings import AgentSplitSettings, Cifar100Source
from workflow_scripts.kinds.agents.zoo import AgentsZoo
from workflow_scripts.kinds.zoo import Zoo

AgentsZooPlan = Zoo[AgentsZoo]

CIFAR100_FILES = [f"cifar-100-python/{part}" for part in ("train", "test", "meta")]


def source_folder(zoo: AgentsZooPlan) -> str | None:
    """Where a zoo's source is on disk, or ``None`` if it comes with a package."""
    data = zoo.settings.data
    if not isinstance(data, Cifar100Source):
        return None
    return data.folder or f"{DOWNLOADS}/cifar100"


def source_files(zoo: AgentsZooPlan) -> list[str]:
    """The files of a zoo's source."""
    folder = source_folder(zoo)
    return [f"{folder}/{file}" for file in CIFAR100_FILES] if folder else []


def corpus_flags(zoo: AgentsZooPlan, corpus: str) -> list[str]:
    """What decides the images of a corpus, and nothing else."""
    settings = zoo.settings
    tasks, folder = settings.tasks, source_folder(zoo)
    flags = ["--seed", str(settings.seed)]
    flags += ["--probe-per-class", str(settings.probe.samples_per_class)]
    flags += to_flags(settings.data, exclude={"folder"})
    flags += ["--folder", folder] if folder else []
    if tasks and corpus == "agents":
        # How the tasks split their share into train and dev does not concern the agents.
        flags += ["--task-train-per-class", str(tasks.samples_per_class)]
    if tasks and corpus == "tasks":
        labelled, dev = tasks.samples_per_class, tasks.dev_per_class
        flags += ["--task-train-per-class", str(labelled - dev), "--task-dev-per-class", str(dev)]
        tested = tasks.test_per_class
        flags += ["--task-test-per-class", str(tested)] if tested else []
    if corpus == "agents":
        flags += ["--agent-dev-fraction", str(settings.agents.dev_fraction)]
    if corpus == "probe" and settings.probe.rotations:
        flags += ["--rotations", *map(str, settings.probe.rotations)]
    return flags


def task_classes(zoo: AgentsZooPlan, task: str) -> list[int]:
    """The classes of a task."""
    return [*zoo.settings.class_sets.tasks[zoo.settings.task_names.index(task)]]


def agent_classes(zoo: AgentsZooPlan, checkpoint: str) -> list[int]:
    """The classes that an agent is trained on."""
    return [*zoo.settings.class_sets.agents[zoo.settings.checkpoint_names.index(checkpoint)]]


def training_flags(zoo: AgentsZooPlan) -> list[str]:
    """The settings of an agent's training.

    Which agents there are, and what they see, reaches a job by its classes and images.
    """
    shared_out = set(AgentSplitSettings.model_fields)
    return ["--seed", str(zoo.settings.seed), *to_flags(zoo.settings.agents, exclude=shared_out)]


def feature_flags(zoo: AgentsZooPlan, checkpoint: str) -> list[str]:
    """How features are stored."""
    return to_flags(zoo.settings.features_of(checkpoint))
