"""Reader of bracketed trees: the constituents that the words of a sentence are in."""

import re
from collections.abc import Iterator
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.formats.labelled_lines import LabelledSentence, Line, read_lines

# An opening bracket with its label, a closing bracket, or a word.
_TOKEN = re.compile(r"(\()[ \t]*([^ \t()]*)|(\))|[^ \t()]+")
_LEVELS = {"parent": 1, "grandparent": 2, "great-grandparent": 3}
_ROOTS = ("TOP", "VROOT", "")
_BRACKETS = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LCB-": "{",
    "-RCB-": "}",
    "-LSB-": "[",
    "-RSB-": "]",
}
_EMPTY_ELEMENT = "-NONE-"


def trees(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of trees as in the Penn Treebank (Marcus et al. 1993), one tree a line.

    Lines that begin with ``#`` are left out, and so is an outermost node that is labelled TOP,
    VROOT or not at all. Labels stay as they are in the file, with functions (``NP-SBJ``). Words
    such as ``-LRB-`` become the bracket that they stand for. Empty elements (``-NONE-``) are no
    words; a node with no word below it thereby vanishes, and a sentence of no words too.

    Args:
        target: ``"parent"``, ``"grandparent"`` or ``"great-grandparent"``: the label one, two or
            three levels above the part of speech of a word, or ``"None"`` if there is none.
    """
    for line in read_lines(path):
        if line.text and not line.text.startswith("#"):
            sentence = _labelled(line, _LEVELS[target])
            if sentence.words:
                yield sentence


def _labelled(line: Line, levels: int) -> LabelledSentence:
    """Read a tree from left to right; only the labels of the open nodes are kept."""
    words: list[str] = []
    targets: list[str | float | None] = []
    labels: list[str] = []
    before = ""
    for token in _TOKEN.finditer(line.text):
        opens, label, closes = token.groups()
        if opens:
            if before == "word" or (before and not (labels and label)):
                raise _unreadable(line, token.start())
            labels.append(label)
            before = "open"
        elif closes:
            if before == "open" or not labels:
                raise _unreadable(line, token.start())
            labels.pop()
            before = "close"
        else:
            if before != "open":
                raise _unreadable(line, token.start())
            if labels[-1] != _EMPTY_ELEMENT:
                words.append(_BRACKETS.get(token.group(), token.group()))
                depth = len(labels) - (labels[0] in _ROOTS)
                targets.append(labels[-1 - levels] if depth > levels else "None")
            before = "word"
    if labels:
        raise _unreadable(line, len(line.text))
    return LabelledSentence(words, targets)


def _unreadable(line: Line, place: int) -> UserError:
    found = f"character {place + 1}" if place < len(line.text) else "its end"
    return line.malformed(f"one tree such as (S (NP (PRP It)) (VP (VBZ works))), wrong at {found}")
