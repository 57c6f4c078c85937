"""What can be known of a probe and of tasks before a run: how many words, classes and values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import Task
from workflow_scripts.covariance.jackknife import LEAST_GROUPS
from workflow_scripts.drafting.answers import counted, named_file, settings_of
from workflow_scripts.evaluation.learning_problem import number_targets, split_examples
from workflow_scripts.evaluation.metrics import metric_for
from workflow_scripts.kinds.text.formats.formats import FORMATS, LabelledSentence
from workflow_scripts.kinds.text.formats.guess_format import possible_formats
from workflow_scripts.kinds.text.read_task import read_splits, word_task
from workflow_scripts.kinds.text.settings import (
    SPLITS,
    FilesTask,
    TextFileProbe,
    WikitextProbe,
    metric_of,
    target_of,
)
from workflow_scripts.kinds.text.write_corpus import SENTENCES, long_sentences, read_text

# Of the training lines of wikitext-2 that have ten words or more, about.
_WIKITEXT_SENTENCES, _WIKITEXT_WORDS = 17_500, 2_000_000
_WIKITEXT_DOWNLOAD = 6_500_000
# The debiased estimator is defined from 4 units on; the noise of κ falls with their number.
_LEAST_WORDS, _FEW_WORDS = 4, 2000

Words = tuple[str, ...]


@dataclass(frozen=True)
class FoundProbe:
    """A probe that has been looked at.

    Attributes:
        settings: of its entry in the config.
        sentences: how many it takes; about, where it is not here yet.
        words: how many these have.
        download: bytes to fetch.
    """

    settings: TextFileProbe | WikitextProbe
    sentences: int
    words: int
    download: int = 0

    @property
    def described(self) -> str:
        """How much it holds, in words."""
        about = "about " if self.download else ""
        return f"{about}{counted(self.sentences, 'sentence')}, {counted(self.words, 'word')}"

    @property
    def warning(self) -> str:
        """What is wrong with its size; empty if nothing is."""
        if self.words >= _FEW_WORDS:
            return ""
        return (
            f"{self.words:,} words are few, and the covariance will be noisy: some thousand are "
            "better"
        )

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in the config."""
        return {"source": self.settings.source} | self.settings.model_dump(exclude_defaults=True)


@dataclass(frozen=True)
class FoundTask:
    """A task that has been looked at.

    Attributes:
        name: in the zoo.
        settings: of its entry in the config.
        sentences: the different ones of all its files, which its corpus will hold.
        labelled: how many words have a target.
        classes: the different targets; none if they are numbers.
    """

    name: str
    settings: FilesTask
    sentences: frozenset[Words]
    labelled: int
    classes: tuple[str, ...]

    @property
    def described(self) -> str:
        """What it holds, in words."""
        kinds = counted(len(self.classes), "class", "classes") if self.classes else "numbers"
        return (
            f"{counted(len(self.sentences), 'different sentence')}, "
            f"{counted(words_of(self.sentences), 'word')}; "
            f"{counted(self.labelled, 'target')} ({kinds})"
        )

    @property
    def warning(self) -> str:
        """What its metric does not see; empty if there is nothing."""
        begins = {one[:2] for one in self.classes if one != "O"}
        if metric_of(self.settings) != "accuracy" or not begins or begins - {"B-", "I-"}:
            return ""
        return "its tags are of spans: metric: span_f1 scores these whole, accuracy word by word"

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in the config."""
        settings = self.settings
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


def words_of(sentences: Iterable[Sequence[str]]) -> int:
    """How many words sentences have together."""
    return sum(map(len, sentences))


def find_probe(text: str, form: str | None, min_words: int | None) -> FoundProbe:
    """Look at a probe.

    Args:
        text: a path, ``wikitext-2`` or ``wikitext-2-raw``.
        form: of the file; ``None`` takes what it looks like.
        min_words: of a sentence; ``None`` takes the default.

    Raises:
        UserError: if the file cannot be read, or is too short to estimate from and to resample.
    """
    least = {} if min_words is None else {"min_words": min_words}
    if text in ("wikitext-2", "wikitext-2-raw"):
        variant = "raw" if text.endswith("raw") else "tokens"
        wikitext = WikitextProbe.model_validate({"variant": variant, **least})
        return FoundProbe(wikitext, _WIKITEXT_SENTENCES, _WIKITEXT_WORDS, _WIKITEXT_DOWNLOAD)
    path = named_file(text, "name a file with a sentence a line, or wikitext-2")
    form = form or next(iter(possible_formats(path)), SENTENCES)
    settings = settings_of(TextFileProbe, {"file": path.as_posix(), "format": form, **least})
    sentences = list(long_sentences(read_text(path, form), settings.min_words, None))
    probe = FoundProbe(settings, len(sentences), words_of(sentences))
    if len(sentences) < LEAST_GROUPS or probe.words < _LEAST_WORDS:
        long = f" of {settings.min_words} words or more" if settings.min_words > 1 else ""
        raise UserError(
            f"{text}: {counted(len(sentences), 'sentence')}{long}, "
            f"{counted(probe.words, 'word')}; a covariance needs thousands of words, and its "
            f"error cannot be estimated from fewer than {LEAST_GROUPS} sentences"
        )
    return probe


def find_task(name: str, settings: FilesTask) -> FoundTask:
    """Look at a task, and hold it to what a run needs.

    Raises:
        UserError: if a file cannot be read in the format, or has no such target; if no head could
            be trained on it, or every head would have the same score.
    """
    form = FORMATS[settings.format]
    splits = read_splits(
        form,
        target_of(settings),
        {
            split: [named_file(path, "correct the path") for path in settings.files(split, "")]
            for split in SPLITS
        },
        {"dev": settings.dev_fraction, "test": settings.test_fraction},
        seed=0,  # of a zoo that names none
    )
    sentences = frozenset(tuple(one.words) for part in splits.values() for one in part)
    if empty := [split for split in SPLITS if not any(map(_is_labelled, splits[split]))]:
        raise UserError(
            f"task {name}: {counted(len(sentences), 'different sentence')} cannot be shared out so "
            f"that {' and '.join(empty)} get labelled words; name a larger file"
        )
    metric = metric_of(settings)
    try:
        positive = form.positive if metric == "f1" else ""
        task = word_task(splits, sentences, name, metric, positive)
        _check_scores(task)
    except ValueError as error:
        raise UserError(f"task {name}: {error}") from error
    return FoundTask(name, settings, sentences, len(task.unit), tuple(task.labels))


def _is_labelled(sentence: LabelledSentence) -> bool:
    return any(value is not None for value in sentence.targets)


def _check_scores(task: Task) -> None:
    """Refuse a task on which heads cannot be told apart.

    Raises:
        ValueError: saying why.
    """
    task, classes = number_targets(task)
    split_examples(task)
    metric_for(task.metric, task.labels, task.positive)
    if task.metric == "top3_accuracy" and classes <= 3:
        raise ValueError(
            f"the best three of {classes} classes always hold the right one; choose another metric "
            "than top3_accuracy"
        )
