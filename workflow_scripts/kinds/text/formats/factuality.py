"""Reader of event factuality: numbers on the predicates of a sentence."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.formats.labelled_lines import (
    NO_BREAK_SPACE,
    LabelledSentence,
    read_lines,
)

_SPACE = str.maketrans(dict.fromkeys(" \t\r\n", NO_BREAK_SPACE))


def factuality(path: Path, target: str) -> Iterator[LabelledSentence]:
    """Sentences of a JSON object: identifier → sentence, predicate_indices and labels.

    ``sentence`` is a list of words, ``predicate_indices`` counts in them from 1, ``labels`` has a
    number for each index; other words have no target. Sentences without indices are left out.
    Space inside a word becomes a no-break space.

    Args:
        target: ``"factuality"``.
    """
    try:
        entries = json.loads("\n".join(line.text for line in read_lines(path)))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: this is no JSON: {error}") from error
    if not isinstance(entries, dict):
        raise UserError(f"{path}: expected a JSON object of sentences by their identifiers")
    for name, entry in entries.items():
        try:
            sentence = _labelled(entry)
        except ValueError as error:
            raise UserError(f"{path}, sentence {name!r}: {error}") from error
        if any(value is not None for value in sentence.targets):
            yield sentence


def _labelled(entry: Any) -> LabelledSentence:
    if not isinstance(entry, dict):
        raise ValueError("expected an object with sentence, predicate_indices and labels")
    words = _items(entry, "sentence")
    indices = _items(entry, "predicate_indices")
    labels = _items(entry, "labels")
    if not all(isinstance(word, str) and word for word in words):
        raise ValueError("expected words in sentence, none of them empty")
    "".join(words).encode()  # half of a surrogate pair cannot be written
    if len(indices) != len(labels):
        raise ValueError(f"there are {len(indices)} predicate_indices but {len(labels)} labels")
    targets: list[str | float | None] = [None] * len(words)
    for index, label in zip(indices, labels, strict=True):
        # A bool is an int to Python.
        if type(index) is not int or not 1 <= index <= len(words):
            raise ValueError(
                f"expected predicate_indices from 1 to {len(words)}, found {json.dumps(index)[:40]}"
            )
        if targets[index - 1] is not None:
            raise ValueError(f"the predicate index {index} stands twice")
        targets[index - 1] = _finite(label)
    return LabelledSentence([word.translate(_SPACE) for word in words], targets)


def _items(entry: dict[str, Any], key: str) -> list[Any]:
    items = entry.get(key, [])
    if not isinstance(items, list):
        raise ValueError(f"expected a list in {key}")
    return items


def _finite(label: Any) -> float:
    try:
        if type(label) in (int, float) and math.isfinite(label):
            return float(label)
    except OverflowError:
        pass
    raise ValueError(f"expected finite numbers in labels, found {json.dumps(label)[:40]}")
