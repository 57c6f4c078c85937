"""What can be known of a probe and of tasks before a run: how many words, classes and values."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.data.task_formats import FORMATS, LabelledSentence
from workflow_scripts.data.text_settings import (
    SPLITS,
    FilesTask,
    TextFileProbe,
    WikitextProbe,
    target_of,
)
from workflow_scripts.data.write_probe import SENTENCES, probe_sentences, read_text
from workflow_scripts.new_zoo.guess_format import possible_formats

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
    def warning(self) -> str:
        """What is wrong with its size; empty if nothing is."""
        if self.words >= _FEW_WORDS:
            return ""
        return (
            f"{self.words:,} words are few, and the covariance will be noisy: some thousand are "
            "better"
        )


@dataclass(frozen=True)
class FoundTask:
    """A task that has been looked at.

    Attributes:
        name: in the zoo.
        settings: of its entry in the config.
        sentences: the different ones of all its files, which its corpus will hold.
        labelled: how many words have a target.
        classes: how many different targets there are; 0 if they are numbers.
    """

    name: str
    settings: FilesTask
    sentences: frozenset[Words]
    labelled: int
    classes: int

    @property
    def described(self) -> str:
        """What it holds, in words."""
        kinds = f"{self.classes} classes" if self.classes else "numbers"
        return (
            f"{len(self.sentences):,} different sentences, {words_of(self.sentences):,} words; "
            f"{self.labelled:,} targets ({kinds})"
        )


def words_of(sentences: Iterable[Words]) -> int:
    """How many words sentences have together."""
    return sum(map(len, sentences))


def find_probe(text: str, form: str | None, min_words: int | None) -> FoundProbe:
    """Look at a probe.

    Args:
        text: a path, ``wikitext-2`` or ``wikitext-2-raw``.
        form: of the file; ``None`` takes what it looks like.
        min_words: of a sentence; ``None`` takes the default.

    Raises:
        UserError: if the file cannot be read, or is too short to estimate anything from.
    """
    least = {} if min_words is None else {"min_words": min_words}
    if text in ("wikitext-2", "wikitext-2-raw"):
        variant = "raw" if text.endswith("raw") else "tokens"
        wikitext = WikitextProbe.model_validate({"variant": variant, **least})
        return FoundProbe(wikitext, _WIKITEXT_SENTENCES, _WIKITEXT_WORDS, _WIKITEXT_DOWNLOAD)
    path = Path(text).expanduser()
    if not path.is_file():
        raise UserError(f"there is no file {text}; name one, or wikitext-2")
    form = form or next(iter(possible_formats(path)), SENTENCES)
    settings = TextFileProbe.model_validate({"file": path.as_posix(), "format": form, **least})
    sentences = list(probe_sentences(read_text(path, form), settings.min_words, None))
    words = sum(map(len, sentences))
    if words < _LEAST_WORDS:
        raise UserError(
            f"{text}: {words} words in sentences of {settings.min_words} words or more; a "
            "covariance takes thousands"
        )
    return FoundProbe(settings, len(sentences), words)


def find_task(name: str, settings: FilesTask) -> FoundTask:
    """Look at a task.

    Raises:
        UserError: if a file cannot be read in the format, or has no such target.
    """
    form, target = FORMATS[settings.format], target_of(settings)
    sentences: set[Words] = set()
    labelled = 0
    classes: set[str] = set()
    for path in (path for split in SPLITS for path in settings.files(split, "")):
        if not Path(path).is_file():
            raise UserError(f"there is no file {path}")
        for sentence in form.read(Path(path), target):
            sentences.add(tuple(sentence.words))
            labelled += sum(value is not None for value in sentence.targets)
            classes |= _classes(sentence)
    if len(sentences) < 3:
        raise UserError(
            f"task {name}: {len(sentences)} different sentences cannot be shared out among train, "
            "dev and test; name a larger file"
        )
    return FoundTask(name, settings, frozenset(sentences), labelled, len(classes))


def _classes(sentence: LabelledSentence) -> set[str]:
    return {value for value in sentence.targets if isinstance(value, str)}
