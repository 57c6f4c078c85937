"""An image zoo of agents from flags and answers: its source, its agents and its tasks."""

import argparse
from collections.abc import Callable, Collection

from workflow_scripts.pretrained.settings import TrainingSettings
from workflow_scripts.common.script import UserError
from workflow_scripts.drafting.yaml_block import Commented, Entry, selection
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.settings_of import settings_of

# For each source: classes of an agent and of a task, the network and its epochs, to begin with.
_BEGINNINGS = {
    "digits": ("4", "5", "convnet", "8"),
    "cifar100": ("30", "30", "resnet18", "100"),
}
# One more than the report needs for an interval.
_TASKS = "6"


def ask_image_entry(flags: argparse.Namespace, questions: Questions) -> Entry:
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
        "modality": "image",
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


def one_of(allowed: Collection[str]) -> Callable[[str], str]:
    """A check for one of some words."""

    def checked(text: str) -> str:
        if text not in allowed:
            raise UserError(f"choose {' or '.join(allowed)}, not {text!r}")
        return text

    return checked


def from_least(what: str, least: int) -> Callable[[str], int]:
    """A check for a whole number from some least one upwards."""

    def checked(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise UserError(f"{what}: {text!r} is no number from {least} upwards")
        return int(text)

    return checked


def _network(name: str) -> str:
    return settings_of(TrainingSettings, {"network": name}).network
