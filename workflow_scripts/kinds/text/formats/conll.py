"""Readers of files in columns, from the shared tasks of CoNLL and Universal Dependencies."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from workflow_scripts.kinds.text.formats.labelled_lines import (
    NO_BREAK_SPACE,
    LabelledSentence,
    Line,
    blocks,
    fields_found,
    read_lines,
)

_FIELD = re.compile(r"[^ \t]+")
_SPAN_TAG = re.compile(r"O|[BI]-.+")
_RANGE_OR_EMPTY_NODE = re.compile(r"[0-9]+[-.][0-9]+")


def conll2000(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of CoNLL-2000 (Tjong Kim Sang and Buchholz 2000): word, POS and chunk.

    Nothing is a comment: ``# # B-NP`` is a word.

    Args:
        target: ``"chunk"`` (tags of spans) or ``"pos"``.
    """
    column = {"pos": 1, "chunk": 2}[target]
    return _columns(blocks(read_lines(path)), "word, POS and chunk", 3, column)


def conll2003(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of CoNLL-2003 (Tjong Kim Sang and De Meulder 2003): word, POS, chunk and NER.

    Lines that begin with ``-DOCSTART-`` separate sentences as empty ones do.

    Args:
        target: ``"ner"``, ``"chunk"`` (tags of spans, in IOB1 there) or ``"pos"``.
    """
    column = {"pos": 1, "chunk": 2, "ner": 3}[target]
    sentences = blocks(read_lines(path), separators=("-DOCSTART-",))
    return _columns(sentences, "word, POS, chunk and NER", 4, column)


def conllx(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of CoNLL-X (Buchholz and Marsi 2006), of which the first five columns are needed.

    The rest is as in :func:`conllu`.

    Args:
        target: ``"pos"`` (fifth column) or ``"coarse-pos"`` (fourth).
    """
    return _dependencies(path, range(5, 11), {"coarse-pos": 3, "pos": 4}[target])


def conllu(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of CoNLL-U, the ten columns of Universal Dependencies (Nivre et al. 2020).

    Lines that begin with ``#`` are comments. The words are the syntactic ones: ranges of words
    written as one (``1-2``) and empty nodes (``1.1``) are left out. A blank inside a word becomes
    a no-break space. A word whose value is ``_`` has no target.

    Args:
        target: ``"upos"``, ``"xpos"`` or ``"deprel"`` (with its subtype).
    """
    return _dependencies(path, range(10, 11), {"upos": 3, "xpos": 4, "deprel": 7}[target])


def _columns(
    sentences: Iterator[list[Line]], names: str, count: int, column: int
) -> Iterator[LabelledSentence]:
    """Sentences of which each line is a word and its labels; those behind the POS are of spans."""
    for lines in sentences:
        rows = [_FIELD.findall(line.text) for line in lines]
        for line, row in zip(lines, rows, strict=True):
            if len(row) != count:
                raise line.malformed(f"{names} separated by spaces, {fields_found(len(row))}")
            if column > 1 and not _is_span_tag(row[column]):
                raise line.malformed(f"a tag such as B-NP, I-NP or O, found {row[column]!r}")
        yield LabelledSentence([row[0] for row in rows], [row[column] for row in rows])


@cache
def _is_span_tag(text: str) -> bool:
    return _SPAN_TAG.fullmatch(text) is not None


def _dependencies(path: Path, counts: range, column: int) -> Iterator[LabelledSentence]:
    rows = (line for line in read_lines(path) if not line.text.startswith("#"))
    for lines in blocks(rows):
        words: list[str] = []
        targets: list[str | float | None] = []
        for line in lines:
            fields = line.text.split("\t")
            if len(fields) not in counts:
                least, most = counts[0], counts[-1]
                columns = f"{least}" if least == most else f"{least} to {most}"
                raise line.malformed(
                    f"{columns} columns separated by tabs, {fields_found(len(fields))}"
                )
            if _RANGE_OR_EMPTY_NODE.fullmatch(fields[0]):
                continue
            if fields[0] != str(len(words) + 1):
                raise line.malformed(
                    f"{len(words) + 1} in the first column, found {fields[0]!r}; words are "
                    "counted from 1, and an empty line separates sentences"
                )
            if not fields[1] or not fields[column]:
                raise line.malformed("_ where there is no value, found an empty column")
            words.append(fields[1].replace(" ", NO_BREAK_SPACE))
            targets.append(None if fields[column] == "_" else fields[column])
        if words:
            yield LabelledSentence(words, targets)
