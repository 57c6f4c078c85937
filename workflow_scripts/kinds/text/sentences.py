"""Text corpora: one sentence a line, words separated by one space.

The units of a corpus are its words, counted from its first line on. Only the line feed ends a
line and only the blank separates words: other space that Unicode knows may be part of a word.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.script import UserError

Sentence = Sequence[str]


def write_sentences(path: Path, sentences: Iterable[Sentence]) -> None:
    """Write a corpus; a sentence without words is an empty line.

    Raises:
        ValueError: if a word is empty or holds a blank or a line feed.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for sentence in sentences:
            for word in sentence:
                if not word or " " in word or "\n" in word:
                    raise ValueError(f"{word!r} cannot be a word: it is empty or holds space")
            out.write(" ".join(sentence) + "\n")


def write_corpus(path: Path, units: Path, sentences: Iterable[Sentence]) -> None:
    """Write a corpus, and the file of its units: words, in groups of the sentences.

    Raises:
        ValueError: if a word is empty or holds a blank or a line feed.
    """
    from workflow_scripts.common.units_file import Units, write_units

    sentences = list(sentences)
    write_sentences(path, sentences)
    lengths = [len(words) for words in sentences]
    groups = np.repeat(np.arange(len(lengths)), lengths)
    write_units(units, Units(groups, file_digest(path), "words", "sentences"))


def read_sentences(path: Path) -> list[list[str]]:
    """Read what :func:`write_sentences` wrote, or a file of that form made elsewhere.

    Blanks at the ends of a line and several in a row count as one.

    Raises:
        UserError: if the file is missing or not in UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            return [[word for word in line.rstrip("\r\n").split(" ") if word] for line in file]
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: this is no text in UTF-8 (byte {error.start}); convert it first"
        ) from error
