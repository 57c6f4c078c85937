"""Begins a zoo of agents: asks for its images, agents and tasks, and tells what a run costs."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from workflow_scripts.common.script import UserError
from workflow_scripts.drafting.answers import from_least, one_of, settings_of
from workflow_scripts.drafting.cost import Cost, Features, why_no_interval
from workflow_scripts.drafting.draft import AddFlags, Check, Draft
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.yaml_block import Commented, Entry, selection
from workflow_scripts.kinds.agents.settings import Cifar100Source, TrainingSettings
from workflow_scripts.kinds.agents.zoo import AgentsZoo

_CIFAR100_DOWNLOAD = 169_001_437
_SHAPES = {"digits": (8, 8, 1), "cifar100": (32, 32, 3)}
# For each source: classes of an agent and of a task, the network and its epochs, to begin with.
_BEGINNINGS = {
    "digits": ("4", "5", "convnet", "8"),
    "cifar100": ("30", "30", "resnet18", "100"),
}
# One more than the report needs for an interval.
_TASKS = "6"


def ask_agents_entry(flags: argparse.Namespace, questions: Questions) -> Entry:
    """What stands in the config under the zoo's name.

    Raises:
        UserError: if a flag is no number, or there is no such network.
    """
    source = questions.get(
        "--source", flags.source, "Images: digits or cifar100", one_of(_BEGINNINGS), "digits"
    )
    agent_classes, task_classes, network, epochs = _BEGINNINGS[source]

    def number(flag: str, question: str, default: str, least: int = 1) -> int:
        given = getattr(flags, flag.removeprefix("--").replace("-", "_"))
        return questions.get(flag, given, question, from_least(flag, least), default)

    data = {"source": source} | ({"folder": flags.folder} if flags.folder else {})
    count = number("--agents", "Agents: networks to train", "12", 2)
    agents: dict[str, object] = {
        "count": count,
        "classes": number("--agent-classes", "Classes that each agent learns", agent_classes, 2),
        "network": questions.get("--network", flags.network, "Network", _network, network),
        "epochs": number("--epochs", "Epochs of training", epochs),
    }
    if agents["network"] != "convnet":
        # Without these, networks of torchvision learn little from small images.
        agents |= {"crop_padding": 4, "horizontal_flip": True}
    entry: Entry = {
        "modality": "agents",
        "data": Commented(data, "where the images come from"),
        "agents": Commented(agents, "the checkpoints, trained in the workflow"),
        "probe": Commented(
            {"samples_per_class": 10, "rotations": [-10.0, 10.0]}, "unlabelled images"
        ),
    }
    tasks = 0
    if not flags.no_tasks:
        tasks = number("--unseen-tasks", "Tasks to score on (0: none)", _TASKS, 0)
    if tasks:
        classes = number("--task-classes", "Classes of each task", task_classes, 2)
        entry["tasks"] = Commented(
            {"count": tasks, "classes": classes, "samples_per_class": 10},
            "that no selection sees, but which it is scored on",
        )
    return entry | {"selection": selection(count, flags.sizes)}


def _network(name: str) -> str:
    return settings_of(TrainingSettings, {"network": name}).network


@dataclass(frozen=True)
class NetworkSize:
    """The size of a network.

    Attributes:
        parameters: how many numbers it has.
        dims: width of its features.
    """

    parameters: int
    dims: int


def network_size(zoo: AgentsZoo) -> NetworkSize:
    """The size of a zoo's networks, which are built without their memory."""
    import torch

    from workflow_scripts.kinds.agents.networks import build_network, feature_dim

    with torch.device("meta"):
        network = build_network(zoo.agents.network, zoo.agents.classes, _SHAPES[zoo.data.source])
    return NetworkSize(sum(one.numel() for one in network.parameters()), feature_dim(network))


def image_counts(zoo: AgentsZoo) -> dict[str, int]:
    """About how many images each corpus holds that features are extracted from."""
    classes = zoo.data.class_count
    probe = zoo.probe.samples_per_class * (1 + len(zoo.probe.rotations))
    counts = {"probe": classes * probe}
    if zoo.tasks:
        tested = zoo.tasks.test_per_class or zoo.data.test_per_class
        counts["tasks"] = classes * (zoo.tasks.samples_per_class + tested)
    return counts


def image_download(zoo: AgentsZoo) -> int:
    """Bytes to fetch."""
    data = zoo.data
    return _CIFAR100_DOWNLOAD if isinstance(data, Cifar100Source) and data.folder is None else 0


def agents_cost(zoo: AgentsZoo, jobs: Mapping[str, int]) -> Cost:
    """What a run of a zoo of agents costs.

    Args:
        jobs: how many, by stage.
    """
    size, count = network_size(zoo), zoo.agents.count
    return Cost(
        jobs=jobs,
        downloads={"CIFAR-100": image_download(zoo)},
        features=[Features(name, units, "images") for name, units in image_counts(zoo).items()],
        dims=[size.dims] * count,
        unknown=[],
        dtype=zoo.features.dtype,
        networks=4 * size.parameters * count,
        images=0,
        largest=4 * size.parameters,
        rule="extract_agent_features",
        note=why_no_interval(len(zoo.task_names), zoo.selection),
    )


def add_flags(flags: argparse.ArgumentParser) -> None:
    """Add the flags of images, agents and tasks."""
    agents = flags.add_argument_group("zoos of agents trained here")
    agents.add_argument("--source", help="digits or cifar100")
    agents.add_argument("--folder", help="that holds cifar-100-python/ [default: it is downloaded]")
    agents.add_argument("--agents", help="how many networks to train")
    agents.add_argument("--agent-classes", help="that each of them learns")
    agents.add_argument("--network", help="convnet, or one of torchvision, such as resnet18")
    agents.add_argument("--epochs", help="of training")
    agents.add_argument("--unseen-tasks", help="how many tasks to score on")
    agents.add_argument("--task-classes", help="of each task")


class AgentsDrafter:
    """Begins zoos of agents."""

    groups: tuple[AddFlags, ...] = (add_flags,)
    task_flags: tuple[str, ...] = ("unseen_tasks", "task_classes")

    def begin(self, flags: argparse.Namespace, questions: Questions, check: Check) -> Draft:
        """Ask for what the flags do not say; numbers that do not fit together are asked again.

        Raises:
            UserError: if what the flags say cannot be used.
        """
        while True:
            asked = questions.asked
            entry = ask_agents_entry(flags, questions)
            try:
                return Draft(entry, partial(agents_cost, check(entry)))
            except UserError as error:
                # Other answers do not change what a flag says.
                if questions.asked == asked or flags.sizes:
                    raise
                questions.say(f"    {error}; so once more, from the images on")
