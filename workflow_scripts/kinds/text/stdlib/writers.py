"""Labelled lines in the file formats of the paper's eight tasks."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.kinds.text.stdlib.labels import LabelledLine, Mark, Tree

# Words that would be taken for brackets of a tree, as the Penn Treebank writes them.
_BRACKETS = {
    "(": "-LRB-",
    ")": "-RRB-",
    "[": "-LSB-",
    "]": "-RSB-",
    "{": "-LCB-",
    "}": "-RCB-",
}


def iob2(marks: Sequence[Mark]) -> list[str]:
    """Tags of spans: B- where one begins, I- inside it, O outside of all."""
    tags = []
    for mark, run in groupby(marks):
        tags += [
            "O" if mark is None else f"{'B' if i == 0 else 'I'}-{mark[0]}"
            for i, _ in enumerate(run)
        ]
    return tags


def iob1(marks: Sequence[Mark]) -> list[str]:
    """Tags of spans: B- only where a span begins right behind another of its kind."""
    tags: list[str] = []
    for mark, run in groupby(marks):
        kind = "O" if mark is None else f"I-{mark[0]}"
        touches = mark is not None and tags[-1:] in ([kind], [f"B-{mark[0]}"])
        tags += [f"B-{mark[0]}" if touches and i == 0 and mark else kind for i, _ in enumerate(run)]
    return tags


def conllx(lines: Iterable[LabelledLine]) -> Iterator[str]:
    """CoNLL-X: number, form, lemma, coarse class, class, and five columns that say nothing."""
    for line in lines:
        for number, row in enumerate(zip(line.words, line.coarse, line.classes, strict=True), 1):
            word, coarse, label = row
            yield "\t".join([str(number), word, "_", coarse, label, *"_____"])
        yield ""


def conll2000(lines: Iterable[LabelledLine]) -> Iterator[str]:
    """CoNLL-2000: word, class, chunk in IOB2."""
    for line in lines:
        rows = zip(line.words, line.classes, iob2(line.chunks), strict=True)
        yield from (" ".join(row) for row in rows)
        yield ""


def conll2003(lines: Iterable[LabelledLine]) -> Iterator[str]:
    """CoNLL-2003: word, class, chunk and named entity, both in IOB1."""
    for line in lines:
        rows = zip(line.words, line.classes, iob1(line.chunks), iob1(line.entities), strict=True)
        yield from (" ".join(row) for row in rows)
        yield ""


def tagged(lines: Iterable[LabelledLine]) -> Iterator[str]:
    """Semantic tagging: word, role."""
    for line in lines:
        yield from ("\t".join(row) for row in zip(line.words, line.roles, strict=True))
        yield ""


def factuality(lines: Iterable[LabelledLine]) -> Iterator[str]:
    """Event factuality: one JSON object, with the sizes as the labels of predicates."""
    entries = []
    for number, line in enumerate(lines, 1):
        sizes = [(place, size) for place, size in enumerate(line.sizes, 1) if size is not None]
        entry = {
            "sentence": line.words,
            "predicate_indices": [place for place, _ in sizes],
            "labels": [round(size, 4) for _, size in sizes],
        }
        entries.append(f'"sentence-{number}": {json.dumps(entry, ensure_ascii=False)}')
    yield "{\n" + ",\n".join(entries) + "\n}"


def trees(lines: Iterable[LabelledLine]) -> Iterator[str]:
    """Bracketed trees, one a line, with the classes above the words."""
    for line in lines:
        yield _bracketed(line.tree, line)


def _bracketed(part: Tree | int, line: LabelledLine) -> str:
    if isinstance(part, int):
        word = line.words[part]
        return f"({line.classes[part]} {_BRACKETS.get(word, word)})"
    return f"({part.label} {' '.join(_bracketed(inner, line) for inner in part.parts)})"


# The task files: where they lie below the folder, for each split, and what writes them.
TASK_FILES: dict[str, Callable[[Iterable[LabelledLine]], Iterator[str]]] = {
    "pos/{split}.conllx": conllx,
    "chunking/{split}.txt": conll2000,
    "ner/{split}.txt": conll2003,
    "st/{split}.tsv": tagged,
    "ef/{split}.json": factuality,
    "syn/{split}.trees": trees,
}


def write_tasks(folder: Path, split: str, lines: Sequence[LabelledLine]) -> None:
    """Write one split of every task, all of the same sentences in the same order."""
    for name, rows in TASK_FILES.items():
        with atomic_path(folder / name.format(split=split)) as temporary:
            text = "".join(f"{row}\n" for row in rows(lines))
            temporary.write_text(text, encoding="utf-8", newline="\n")
