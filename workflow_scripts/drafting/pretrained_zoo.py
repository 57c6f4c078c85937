"""A zoo of checkpoints that exist, from flags and answers: each part is looked at, and costed."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from workflow_scripts.common.script import UserError
from workflow_scripts.drafting.checkpoints import FoundCheckpoint, find_checkpoint
from workflow_scripts.drafting.cost import Cost, Features, why_no_interval
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.yaml_block import Commented, Entry, selection
from workflow_scripts.pretrained.checkpoint_files import Preprocessor

LEAST_CHECKPOINTS = 2


class Found(Protocol):
    """A probe or a task that has been looked at."""

    @property
    def described(self) -> str:
        """What it holds, in words."""

    @property
    def warning(self) -> str:
        """What is wrong with it although it can be used; empty if nothing is."""

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in the config."""


class FoundWithName(Found, Protocol):
    """A task that has been looked at."""

    @property
    def name(self) -> str:
        """In the zoo."""


Probe = TypeVar("Probe", bound=Found)
Task = TypeVar("Task", bound=FoundWithName)


@dataclass(frozen=True)
class Parts(Generic[Probe, Task]):
    """How the parts of a zoo are asked for and looked at.

    Attributes:
        modality: the kind of zoo.
        preprocessor: what prepares the input of its checkpoints.
        probe_question: what is asked for its probe.
        find_probe: looks at the probe that a flag or an answer names.
        task_question: what is asked for a task.
        given_task: looks at the task that the words of a flag name, beside those before it.
        asked_task: looks at the task that an answer names, and asks for the rest of it.
    """

    modality: str
    preprocessor: Preprocessor
    probe_question: str
    find_probe: Callable[[str], Probe]
    task_question: str
    given_task: Callable[[Sequence[str], list[Task], Questions], Task]
    asked_task: Callable[[str, list[Task], Questions], Task]


@dataclass(frozen=True)
class FoundZoo(Generic[Probe, Task]):
    """All of a zoo, looked at."""

    modality: str
    checkpoints: list[FoundCheckpoint]
    probe: Probe
    tasks: list[Task]


def find_zoo(
    parts: Parts[Probe, Task], flags: argparse.Namespace, questions: Questions
) -> FoundZoo[Probe, Task]:
    """Look at everything that the flags name, and ask for what they do not.

    Raises:
        UserError: on the first thing that a flag names and that cannot be used.
    """
    least = _least_checkpoints(flags, questions)
    # Files are quicker to look at than a hub, so what flags say of them comes first.
    at_once = flags.probe is not None or not questions.asks
    probe = _probe(parts, flags, questions) if at_once else None
    tasks = _given_tasks(parts, flags, questions)
    checkpoints = _checkpoints(parts.preprocessor, flags.checkpoints, least, questions)
    probe = probe or _probe(parts, flags, questions)
    if questions.asks and flags.task is None and not flags.no_tasks:
        tasks = _asked_tasks(parts, questions)
    return FoundZoo(parts.modality, checkpoints, probe, tasks)


def _least_checkpoints(flags: argparse.Namespace, questions: Questions) -> int:
    """How many checkpoints it takes, which those that flags name must be."""
    sizes: list[int] = flags.sizes or []
    least = max([LEAST_CHECKPOINTS, *sizes])
    given = len(flags.checkpoints or [])
    if given < LEAST_CHECKPOINTS and (flags.checkpoints or not questions.asks):
        raise UserError("--checkpoints: a zoo has at least two, hub ids or folders")
    if flags.checkpoints and given < least:
        raise UserError(f"--sizes asks for {least} checkpoints, and --checkpoints names {given}")
    return least


def _probe(parts: Parts[Probe, Task], flags: argparse.Namespace, questions: Questions) -> Probe:
    probe = questions.get("--probe", flags.probe, parts.probe_question, parts.find_probe)
    questions.say(f"    probe: {probe.described}")
    if probe.warning:
        questions.say(f"    {probe.warning}")
    return probe


def _checkpoints(
    preprocessor: Preprocessor, given: list[str] | None, least: int, questions: Questions
) -> list[FoundCheckpoint]:
    found: list[FoundCheckpoint] = []

    def add(text: str) -> None:
        found.append(find_checkpoint(text, found, preprocessor))
        questions.say(f"    {found[-1].name}: {found[-1].described}")

    if given is not None:
        for text in given:
            add(text)
        return found
    while len(found) < least:
        questions.ask(f"Checkpoint {len(found) + 1}: an id of the hub, or a folder", add)
    while questions.ask("Another checkpoint (empty: no more)", _unless_empty(add), ""):
        pass
    return found


def _unless_empty(check: Callable[[str], None]) -> Callable[[str], bool]:
    """A check that tells an empty answer from one that passed."""

    def checked(text: str) -> bool:
        if text:
            check(text)
        return bool(text)

    return checked


def _given_tasks(
    parts: Parts[Probe, Task], flags: argparse.Namespace, questions: Questions
) -> list[Task]:
    found: list[Task] = []
    for words in flags.task or []:
        _add_task(found, parts.given_task(words, found, questions), questions)
    return found


def _asked_tasks(parts: Parts[Probe, Task], questions: Questions) -> list[Task]:
    found: list[Task] = []

    def add(text: str) -> None:
        _add_task(found, parts.asked_task(text, found, questions), questions)

    while questions.ask(parts.task_question, _unless_empty(add), ""):
        pass
    return found


def _add_task(found: list[Task], task: Task, questions: Questions) -> None:
    found.append(task)
    questions.say(f"    {task.name}: {task.described}")
    if task.warning:
        questions.say(f"    {task.warning}")


def zoo_entry(zoo: FoundZoo[Probe, Task], sizes: list[int] | None) -> Entry:
    """What stands in the config under the zoo's name."""
    entry: Entry = {
        "modality": zoo.modality,
        "checkpoints": Commented(
            {one.name: _checkpoint(one) for one in zoo.checkpoints},
            "a line more is a checkpoint more",
        ),
        "probe": Commented(zoo.probe.entry, f"unlabelled: {zoo.probe.described}"),
    }
    if zoo.tasks:
        tasks = {one.name: Commented(one.entry, one.described) for one in zoo.tasks}
        entry["tasks"] = Commented(tasks, "that no selection sees, but which it is scored on")
    return entry | {"selection": selection(len(zoo.checkpoints), sizes)}


def _checkpoint(one: FoundCheckpoint) -> Commented:
    value = {"kind": one.settings.kind} | one.settings.model_dump(exclude_defaults=True)
    code = "; has code of its own, which trust_remote_code: true lets run" if one.own_code else ""
    return Commented(value, one.described + code)


def cost_of_checkpoints(
    zoo: Any,
    checkpoints: Sequence[FoundCheckpoint],
    features: Sequence[Features],
    jobs: Mapping[str, int],
    other_downloads: Mapping[str, int],
    images: int,
    rule: str,
) -> Cost:
    """What a run costs that extracts features by checkpoints that exist.

    Args:
        zoo: its settings.
        checkpoints: looked at.
        features: of each corpus.
        jobs: how many, by stage.
        other_downloads: bytes to fetch beside the checkpoints, by name.
        images: bytes of the images that it gathers.
        rule: that extracts the features.
    """
    return Cost(
        jobs=jobs,
        downloads={one.name: one.download for one in checkpoints} | dict(other_downloads),
        features=features,
        dims=[one.width for one in checkpoints if one.width],
        unknown=[one.name for one in checkpoints if not one.width],
        dtype=zoo.features.dtype,
        networks=0,
        images=images,
        largest=max(one.network for one in checkpoints),
        rule=rule,
        note=why_no_interval(len(zoo.task_names), zoo.selection),
    )


def add_flags(flags: argparse.ArgumentParser) -> None:
    """Add the flags that name checkpoints, probe and tasks."""
    own = flags.add_argument_group("zoos of checkpoints that exist")
    own.add_argument(
        "--checkpoints",
        nargs="+",
        metavar="WHERE",
        help="hub ids, id@revision, or folders; NAME= may stand before each",
    )
    own.add_argument(
        "--probe",
        help="file with a sentence a line, wikitext-2 or wikitext-2-raw; or a folder of images",
    )
    own.add_argument(
        "--task",
        nargs="+",
        action="append",
        metavar="WORD",
        help="a training file, and key=value of name, dev, test, format, target, metric, corpus; "
        "or a folder that holds a folder of images for each class, and name, dev, test; once for "
        "each task",
    )
