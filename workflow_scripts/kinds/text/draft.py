"""Begins a text zoo: asks for its probe and tasks, and tells what a run costs."""

import argparse
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from workflow_scripts.common.script import UserError, positive_int
from workflow_scripts.drafting.answers import as_name, named_file, settings_of
from workflow_scripts.drafting.cost import Cost, Features
from workflow_scripts.drafting.draft import AddFlags, Check, Draft
from workflow_scripts.drafting.pretrained_zoo import (
    FoundZoo,
    Parts,
    add_flags,
    cost_of_checkpoints,
    find_zoo,
    zoo_entry,
)
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.tasks import free_task_name, read_words
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.formats.guess_format import possible_formats
from workflow_scripts.kinds.text.found import (
    FoundProbe,
    FoundTask,
    Words,
    find_probe,
    find_task,
    words_of,
)
from workflow_scripts.kinds.text.settings import SPLITS, FilesTask
from workflow_scripts.kinds.text.zoo import TextZoo

_KEYS = ("name", *SPLITS, "format", "target", "metric", "corpus")
_FORMATS_IN = "the README's table of formats says what a file of each holds"
FoundTextZoo = FoundZoo[FoundProbe, FoundTask]


def find_text_zoo(flags: argparse.Namespace, questions: Questions) -> FoundTextZoo:
    """Look at everything that the flags name, and ask for what they do not.

    Raises:
        UserError: on the first thing that a flag names and that cannot be used.
    """
    parts = Parts(
        modality="text",
        preprocessor="tokenizer",
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


def read_task(words: Sequence[str], taken: Collection[str]) -> tuple[str, FilesTask, list[str]]:
    """What names a task, and the formats that its first file can be read in, if none is named.

    Args:
        words: paths of training files, or ``key=value``; ``name``, and the keys of the config.
        taken: the names of other tasks.

    Returns:
        name, settings, and formats, of which the settings have the first.

    Raises:
        UserError: if a key is unknown, a file is missing, or no format fits.
    """
    named = partial(named_file, meant="name a labelled file")
    name, given = read_words(words, taken, _KEYS, SPLITS, "file", named)
    formats = given.get("format") or possible_formats(Path(given["train"][0]))
    if not formats:
        raise UserError(f"{given['train'][0]}: no format fits this file; {_FORMATS_IN}")
    keys = {key: values if key in SPLITS else values[0] for key, values in given.items()}
    settings = settings_of(FilesTask, keys | {"format": formats[0]}, _FORMATS_IN)
    return name, settings, [] if "format" in given else formats


def text_cost(zoo: TextZoo, found: FoundTextZoo, jobs: Mapping[str, int]) -> Cost:
    """What a run of a text zoo costs.

    Args:
        found: its parts, looked at.
        jobs: how many, by stage.
    """
    corpora: dict[str, set[Words]] = {}
    for task in found.tasks:
        corpora.setdefault(zoo.corpus_of(task.name), set()).update(task.sentences)
    features = [Features("probe", found.probe.words, "words")] + [
        Features(corpus, words_of(sentences), "words") for corpus, sentences in corpora.items()
    ]
    return cost_of_checkpoints(
        zoo,
        found.checkpoints,
        features,
        jobs,
        other_downloads={"wikitext-2": found.probe.download},
        images=0,
        rule="extract_word_features",
    )


def add_text_flags(flags: argparse.ArgumentParser) -> None:
    """Add the flags that say how a text probe is read."""
    text = flags.add_argument_group("text zoos")
    text.add_argument(
        "--probe-format", choices=["sentences", *FORMATS], help="[default: what it looks like]"
    )
    text.add_argument("--min-words", type=positive_int, help="of a sentence of the probe")


class TextDrafter:
    """Begins zoos of language models."""

    groups: tuple[AddFlags, ...] = (add_flags, add_text_flags)
    task_flags: tuple[str, ...] = ("task",)

    def begin(self, flags: argparse.Namespace, questions: Questions, check: Check) -> Draft:
        """Look at everything that the flags name, and ask for what they do not.

        Raises:
            UserError: on the first thing that a flag names and that cannot be used.
        """
        found = find_text_zoo(flags, questions)
        entry = zoo_entry(found, flags.sizes)
        return Draft(entry, partial(text_cost, check(entry), found))
