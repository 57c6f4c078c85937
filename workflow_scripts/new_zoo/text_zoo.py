"""A text zoo from flags and answers: its checkpoints, its probe and its tasks, each looked at."""

import argparse
from dataclasses import dataclass
from functools import partial
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.data.task_formats import FORMATS
from workflow_scripts.data.text_settings import FilesTask, target_of
from workflow_scripts.new_zoo.block import Commented, Entry, selection
from workflow_scripts.new_zoo.checkpoints import FoundCheckpoint, find_checkpoint
from workflow_scripts.new_zoo.names import as_name, checked_name
from workflow_scripts.new_zoo.questions import Questions
from workflow_scripts.new_zoo.settings_of import settings_of
from workflow_scripts.new_zoo.tasks import read_task
from workflow_scripts.new_zoo.text import FoundProbe, FoundTask, find_probe, find_task

LEAST_CHECKPOINTS = 2


@dataclass(frozen=True)
class FoundTextZoo:
    """All of a text zoo, looked at."""

    checkpoints: list[FoundCheckpoint]
    probe: FoundProbe
    tasks: list[FoundTask]


def find_text_zoo(flags: argparse.Namespace, questions: Questions) -> FoundTextZoo:
    """Look at everything that the flags name, and ask for what they do not.

    Raises:
        UserError: on the first thing that a flag names and that cannot be used.
    """
    checkpoints = _checkpoints(flags.checkpoints, questions)
    probe = questions.get(
        "--probe",
        flags.probe,
        "Probe: a file with a sentence a line, or wikitext-2",
        partial(find_probe, form=flags.probe_format, min_words=flags.min_words),
    )
    questions.say(f"    {probe.sentences:,} sentences, {probe.words:,} words")
    if probe.warning:
        questions.say(f"    {probe.warning}")
    return FoundTextZoo(checkpoints, probe, _tasks(flags, questions))


def _checkpoints(given: list[str] | None, questions: Questions) -> list[FoundCheckpoint]:
    found: list[FoundCheckpoint] = []

    def add(text: str) -> None:
        found.append(find_checkpoint(text, found))
        questions.say(f"    {found[-1].name}: {found[-1].described}")

    for text in given or []:
        add(text)
    if given is None and questions.asks:
        while len(found) < LEAST_CHECKPOINTS:
            questions.ask(f"Checkpoint {len(found) + 1}: an id of the hub, or a folder", add)
        while questions.ask("Another checkpoint (empty: no more)", _unless_empty(add), ""):
            pass
    if len(found) < LEAST_CHECKPOINTS:
        raise UserError("--checkpoints: a zoo has at least two, hub ids or folders")
    return found


def _unless_empty(check: Any) -> Any:
    """A check that tells an empty answer from one that passed."""

    def checked(text: str) -> bool:
        if text:
            check(text)
        return bool(text)

    return checked


def _tasks(flags: argparse.Namespace, questions: Questions) -> list[FoundTask]:
    found: list[FoundTask] = []

    def add(name: str, settings: FilesTask) -> None:
        found.append(find_task(name, _on_known_sentences(settings, found)))
        questions.say(f"    {name}: {found[-1].described}")

    for words in flags.task or []:
        name, settings, formats = read_task(words, [one.name for one in found])
        if formats:
            questions.say(f"    {name}: it looks like {settings.format}")
        add(name, settings)
    if questions.asks and flags.task is None and not flags.no_tasks:
        while questions.ask(
            "Task: a labelled file to train on (empty: no more)",
            _unless_empty(lambda path: add(*_asked_task(path, found, questions))),
            "",
        ):
            pass
    return found


def _asked_task(path: str, found: list[FoundTask], questions: Questions) -> tuple[str, FilesTask]:
    """The rest of a task whose training file is known."""
    taken = [one.name for one in found]
    guessed, settings, formats = read_task([path], taken)
    questions.say(f"    it can be read as {' or '.join(formats)}")

    def with_keys(**keys: str) -> FilesTask:
        given = settings.model_dump(exclude_none=True) | keys
        return settings_of(FilesTask, given, "the README's table of formats has all")

    def readable(form: str) -> FilesTask:
        changed = with_keys(format=form)
        find_task(guessed, changed)
        return changed

    settings = questions.ask("Format", readable, settings.format)
    if len(FORMATS[settings.format].targets) > 1:
        targets = ", ".join(FORMATS[settings.format].targets)
        settings = questions.ask(
            f"What to predict ({targets})",
            lambda target: find_task(guessed, with_keys(format=settings.format, target=target)),
            target_of(settings),
        ).settings
    for split in ("dev", "test"):
        settings = questions.ask(
            f"File for {split} (empty: drawn from the training file)",
            partial(_with_split, settings, split),
            "",
        )

    def free(name: str) -> str:
        read_task([path, f"name={name}"], taken)
        return checked_name(name)

    return questions.ask("Name of the task", free, as_name(guessed, taken)), settings


def _with_split(settings: FilesTask, split: str, path: str) -> FilesTask:
    if not path:
        return settings
    changed = settings.model_copy(update={split: [path]})
    find_task(split, changed)
    return changed


def _on_known_sentences(settings: FilesTask, found: list[FoundTask]) -> FilesTask:
    """The settings with the corpus of a task on the same files, so that features are shared."""
    files = (settings.train, settings.dev, settings.test)
    for one in found:
        if settings.corpus is None and files == (
            one.settings.train,
            one.settings.dev,
            one.settings.test,
        ):
            return settings.model_copy(update={"corpus": one.settings.corpus or one.name})
    return settings


def text_entry(zoo: FoundTextZoo, sizes: list[int] | None) -> Entry:
    """What stands in the config under the zoo's name."""
    entry: Entry = {
        "modality": "text",
        "checkpoints": Commented(
            {one.name: _checkpoint(one) for one in zoo.checkpoints},
            "a line more is a checkpoint more",
        ),
        "probe": Commented(
            {"source": zoo.probe.settings.source}
            | zoo.probe.settings.model_dump(exclude_defaults=True),
            f"unlabelled: {zoo.probe.sentences:,} sentences, {zoo.probe.words:,} words",
        ),
    }
    if zoo.tasks:
        tasks = {one.name: Commented(_task(one.settings), one.described) for one in zoo.tasks}
        entry["tasks"] = Commented(tasks, "that no selection sees, but which it is scored on")
    return entry | {"selection": selection(len(zoo.checkpoints), sizes)}


def _checkpoint(one: FoundCheckpoint) -> Commented:
    value = {"kind": one.settings.kind} | one.settings.model_dump(exclude_defaults=True)
    code = "; has code of its own, which trust_remote_code: true lets run" if one.own_code else ""
    return Commented(value, one.described + code)


def _task(settings: FilesTask) -> dict[str, Any]:
    files = {
        key: paths[0] if len(paths) == 1 else paths
        for key, paths in (
            ("train", settings.train),
            ("dev", settings.dev),
            ("test", settings.test),
        )
        if paths
    }
    others = settings.model_dump(
        exclude_defaults=True, exclude={"format", "target", "train", "dev", "test"}
    )
    return {"format": settings.format, "target": target_of(settings)} | files | others
