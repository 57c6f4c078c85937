"""A text zoo from flags and answers: how its probe and its tasks are looked at."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.settings import FilesTask
from workflow_scripts.drafting.named_files import named_file
from workflow_scripts.drafting.names import as_name
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.settings_of import settings_of
from workflow_scripts.drafting.tasks import free_task_name, read_task
from workflow_scripts.kinds.text.found import FoundProbe, FoundTask, find_probe, find_task
from workflow_scripts.drafting.zoo_of_checkpoints import FoundZoo, Parts, find_zoo

FoundTextZoo = FoundZoo[FoundProbe, FoundTask]


def find_text_zoo(flags: argparse.Namespace, questions: Questions) -> FoundTextZoo:
    """Look at everything that the flags name, and ask for what they do not.

    Raises:
        UserError: on the first thing that a flag names and that cannot be used.
    """
    parts = Parts(
        modality="text",
        probe_question="Probe: a file with a sentence a line, or wikitext-2",
        find_probe=partial(find_probe, form=flags.probe_format, min_words=flags.min_words),
        task_question="Task: a labelled file to train on (empty: no more)",
        given_task=_given_task,
        asked_task=_asked_task,
    )
    return find_zoo(parts, flags, questions)


def _given_task(words: Sequence[str], found: list[FoundTask], questions: Questions) -> FoundTask:
    name, settings, formats = read_task(words, [one.name for one in found])
    if formats:
        questions.say(f"    {name}: it looks like {settings.format}")
    return find_task(name, _on_known_sentences(settings, found))


def _asked_task(path: str, found: list[FoundTask], questions: Questions) -> FoundTask:
    """A task whose training file is known.

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
    name = questions.ask(
        "Name of the task", partial(free_task_name, taken=taken), as_name(guessed, taken)
    )
    return find_task(name, _on_known_sentences(settings, found))


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
