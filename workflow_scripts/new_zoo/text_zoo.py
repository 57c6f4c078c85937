"""A text zoo from flags and answers: its checkpoints, its probe and its tasks, each looked at."""

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.data.task_formats import FORMATS
from workflow_scripts.data.text_settings import FilesTask, target_of
from workflow_scripts.new_zoo.block import Commented, Entry, selection
from workflow_scripts.new_zoo.checkpoints import FoundCheckpoint, find_checkpoint
from workflow_scripts.new_zoo.named_files import named_file
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
    least = _least_checkpoints(flags, questions)
    # Files are quicker to look at than a hub, so what flags say of them comes first.
    at_once = flags.probe is not None or not questions.asks
    probe = _probe(flags, questions) if at_once else None
    tasks = _given_tasks(flags, questions)
    checkpoints = _checkpoints(flags.checkpoints, least, questions)
    probe = probe or _probe(flags, questions)
    if questions.asks and flags.task is None and not flags.no_tasks:
        tasks = _asked_tasks(questions)
    return FoundTextZoo(checkpoints, probe, tasks)


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


def _probe(flags: argparse.Namespace, questions: Questions) -> FoundProbe:
    probe = questions.get(
        "--probe",
        flags.probe,
        "Probe: a file with a sentence a line, or wikitext-2",
        partial(find_probe, form=flags.probe_format, min_words=flags.min_words),
    )
    questions.say(f"    probe: {probe.described}")
    if probe.warning:
        questions.say(f"    {probe.warning}")
    return probe


def _checkpoints(
    given: list[str] | None, least: int, questions: Questions
) -> list[FoundCheckpoint]:
    found: list[FoundCheckpoint] = []

    def add(text: str) -> None:
        found.append(find_checkpoint(text, found))
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


def _unless_empty(check: Any) -> Any:
    """A check that tells an empty answer from one that passed."""

    def checked(text: str) -> bool:
        if text:
            check(text)
        return bool(text)

    return checked


def _given_tasks(flags: argparse.Namespace, questions: Questions) -> list[FoundTask]:
    found: list[FoundTask] = []
    for words in flags.task or []:
        name, settings, formats = read_task(words, [one.name for one in found])
        if formats:
            questions.say(f"    {name}: it looks like {settings.format}")
        _add_task(found, name, settings, questions)
    return found


def _asked_tasks(questions: Questions) -> list[FoundTask]:
    found: list[FoundTask] = []

    def add(path: str) -> None:
        _add_task(found, *_asked_task(path, found, questions), questions)

    question = "Task: a labelled file to train on (empty: no more)"
    while questions.ask(question, _unless_empty(add), ""):
        pass
    return found


def _add_task(found: list[FoundTask], name: str, settings: FilesTask, questions: Questions) -> None:
    found.append(find_task(name, _on_known_sentences(settings, found)))
    questions.say(f"    {name}: {found[-1].described}")
    if found[-1].warning:
        questions.say(f"    {found[-1].warning}")


def _asked_task(path: str, found: list[FoundTask], questions: Questions) -> tuple[str, FilesTask]:
    """The rest of a task whose training file is known.

    Raises:
        UserError: if nothing can be predicted from it.
    """
    taken = [one.name for one in found]
    guessed, settings, formats = read_task([path], taken)
    questions.say(f"    it can be read as {' or '.join(formats)}")

    def with_keys(**keys: str) -> FilesTask:
        given = settings.model_dump(exclude_none=True) | keys
        return settings_of(FilesTask, given, "the README's table of formats has all")

    def readable(form: str) -> FilesTask:
        changed = with_keys(format=form)
        for _ in FORMATS[form].words(Path(changed.train[0])):
            pass
        return changed

    settings = questions.ask("Format", readable, settings.format)
    targets = _usable_targets(guessed, settings)
    if len(targets) == 1:
        settings = with_keys(format=settings.format, target=targets[0])
    else:
        settings = questions.ask(
            f"What to predict ({', '.join(targets)})",
            lambda target: find_task(guessed, with_keys(format=settings.format, target=target)),
            targets[0],
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


def _usable_targets(name: str, settings: FilesTask) -> list[str]:
    """Those that can be predicted.

    Raises:
        UserError: saying what is wrong with the first, if none can be.
    """
    usable, errors = [], []
    for target in FORMATS[settings.format].targets:
        try:
            find_task(name, settings.model_copy(update={"target": target}))
            usable.append(target)
        except UserError as error:
            errors.append(error)
    if not usable:
        raise errors[0]
    return usable


def _with_split(settings: FilesTask, split: str, path: str) -> FilesTask:
    if not path:
        return settings
    file = named_file(path, "name a labelled file").as_posix()
    changed = settings.model_copy(update={split: [file]})
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
            f"unlabelled: {zoo.probe.described}",
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
