"""Readers of files that hold a word and its class on each line, separated by a tab."""

import re
from collections.abc import Iterator
from pathlib import Path

from workflow_scripts.kinds.text.formats.labelled_lines import (
    NO_BREAK_SPACE,
    LabelledSentence,
    Line,
    blocks,
    fields_found,
    read_lines,
)

_PART = re.compile(r"[^~ ]+")


def tagged(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of semantic tags (Abzianidze and Bos 2017): word and tag.

    A word that holds ``~`` or blanks is several words of the same tag; one that is nothing but
    ``~`` stays as it is.

    Args:
        target: ``"tag"``.
    """
    for lines in blocks(read_lines(path)):
        pairs = [
            (part, tag)
            for word, tag in (_word_and_class(line, "tag") for line in lines)
            for part in _PART.findall(word) or [word.strip(" ").replace(" ", NO_BREAK_SPACE)]
        ]
        yield LabelledSentence([word for word, _ in pairs], [tag for _, tag in pairs])


def ged(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of grammatical error detection (Rei and Yannakoudakis 2016): word and c or i.

    A blank inside a word becomes a no-break space.

    Args:
        target: ``"error"``: ``c`` is correct, ``i`` incorrect.
    """
    for lines in blocks(read_lines(path)):
        words: list[str] = []
        targets: list[str | float | None] = []
        for line in lines:
            word, label = _word_and_class(line, "c or i")
            if label not in ("c", "i"):
                raise line.malformed(f"c or i after the word, found {label!r}")
            words.append(word.replace(" ", NO_BREAK_SPACE))
            targets.append(label)
        yield LabelledSentence(words, targets)


def _word_and_class(line: Line, name: str) -> tuple[str, str]:
    fields = line.text.split("\t")
    if len(fields) != 2:
        raise line.malformed(f"word and {name} separated by a tab, {fields_found(len(fields))}")
    word, label = fields
    if not word.strip(" "):
        raise line.malformed(f"word and {name} separated by a tab, found no word")
    return word, label
