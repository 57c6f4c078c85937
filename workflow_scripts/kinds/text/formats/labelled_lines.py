"""Labelled sentences, and the lines of the text files that hold them."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from workflow_scripts.common.script import UserError

NO_BREAK_SPACE = "\u00a0"
_SPACE = " \t\r\n"


@dataclass(frozen=True)
class LabelledSentence:
    """The words of a sentence and what is to be predicted of them.

    Attributes:
        words: none is empty or holds a blank or a line feed.
        targets: one for each word: a class or a number, None where a word has no target.
    """

    words: list[str]
    targets: list[str | float | None]


class Line(NamedTuple):
    """A line of a file, without the space at its end."""

    path: Path
    number: int
    text: str

    def malformed(self, expected: str) -> UserError:
        """The error that this line is not as expected, to be raised."""
        return UserError(f"{self.path}, line {self.number}: expected {expected}")


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file in UTF-8, with or without byte order mark, counted from 1.

    Only the line feed ends a line, after a carriage return or not: other line separators that
    Unicode knows may be part of a word.

    Raises:
        UserError: if the file cannot be opened or is not in UTF-8.
    """
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                content = raw if number > 1 else raw.removeprefix(codecs.BOM_UTF8)
                yield Line(path, number, content.decode().rstrip(_SPACE))
    except OSError as error:
        raise UserError(f"{path}: this file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}, line {number}: this is no text in UTF-8; convert the file first"
        ) from error


def blocks(lines: Iterable[Line], separators: tuple[str, ...] = ()) -> Iterator[list[Line]]:
    """Runs of lines between empty ones, and between those that begin with a separator."""
    block: list[Line] = []
    for line in lines:
        if line.text and not line.text.startswith(separators):
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def fields_found(count: int) -> str:
    """How many fields a malformed line has, in words."""
    return f"found {count} field" if count == 1 else f"found {count} fields"
