"""How the outputs of a head are scored. A new metric is a function here; higher is better."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.examples import Examples

# Outputs are scores of classes [n, classes], or predicted values [n, 1].
Metric = Callable[[Examples, NDArray[np.floating]], float]


def metric_for(name: str, labels: Sequence[str], positive: str) -> Metric:
    """The metric of a task.

    Args:
        labels: the classes by number.
        positive: the class that f1 counts.

    Raises:
        ValueError: if there is no such metric, or f1 has no class to count.
    """
    if name not in METRICS:
        raise ValueError(f"unknown metric {name!r}; choose one of {', '.join(METRICS)}")
    if name == "span_f1":
        return partial(span_f1, Tags(labels))
    if name == "f1":
        if positive not in labels:
            raise ValueError(f"the metric f1 counts the class {positive!r}, which has no unit")
        return partial(binary_f1, labels.index(positive))
    return {"accuracy": accuracy, "top3_accuracy": top3_accuracy, "pearson": pearson}[name]


METRICS = ("accuracy", "top3_accuracy", "span_f1", "f1", "pearson")


def accuracy(examples: Examples, outputs: NDArray[np.floating]) -> float:
    """Share of units whose predicted class is their target."""
    return float(np.mean(examples.targets == outputs.argmax(axis=1)))


def top3_accuracy(examples: Examples, outputs: NDArray[np.floating]) -> float:
    """Share of units whose target is among the three classes of the highest scores."""
    best = np.argsort(-outputs, axis=1, kind="stable")[:, :3]
    return float(np.mean((best == examples.targets[:, None]).any(axis=1)))


def binary_f1(positive: int, examples: Examples, outputs: NDArray[np.floating]) -> float:
    """F1 of one class: the harmonic mean of precision and recall; 0 if it is neither there nor
    predicted."""
    predicted, there = outputs.argmax(axis=1) == positive, examples.targets == positive
    return _f1(int((predicted & there).sum()), int(predicted.sum()), int(there.sum()))


def pearson(examples: Examples, outputs: NDArray[np.floating]) -> float:
    """Pearson's r of predicted values and targets; 0 if either does not vary."""
    predicted, targets = outputs[:, 0] - outputs[:, 0].mean(), examples.targets
    centred = targets - targets.mean()
    size = float(np.sqrt((predicted @ predicted) * (centred @ centred)))
    return float(predicted @ centred) / size if size > 0 else 0.0


class Tags:
    """Tags of spans by number: B-X begins a span of type X, I-X goes on with it, O is outside.

    Attributes:
        inside: [classes], whether a unit of that tag is in a span.
        begins: [classes], whether the tag is B.
        type: [classes], the number of its type; −1 outside.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        types = sorted({label[2:] for label in labels if label != "O"})
        self.inside = np.array([label != "O" for label in labels])
        self.begins = np.array([label.startswith("B") for label in labels])
        self.type = np.array([types.index(label[2:]) if label != "O" else -1 for label in labels])

    def spans(
        self, tags: NDArray[np.int64], first: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """First and last units and types of the spans, as conlleval reads them.

        A span begins at B, and also at an I after O, after another type, or first in its sequence:
        so tags in IOB2 and in IOB1 are read alike, and a predicted span without a B counts.

        Args:
            tags: [n].
            first: [n], whether a unit is the first of its sequence.
        """
        inside, kind = self.inside[tags], self.type[tags]
        before = np.concatenate([[-1], kind[:-1]])
        starts = inside & (self.begins[tags] | first | (kind != before))
        follows = np.concatenate([(inside & ~starts)[1:], [False]])
        begin = np.flatnonzero(starts)
        return begin, np.flatnonzero(inside & ~follows), kind[begin]


def span_f1(tags: Tags, examples: Examples, outputs: NDArray[np.floating]) -> float:
    """F1 of spans over all sequences: one is right if its units and its type are."""
    first = np.ones(len(examples.targets), np.bool_)
    first[1:] = examples.sequences[1:] != examples.sequences[:-1]
    begin, end, kind = tags.spans(examples.targets.astype(np.int64), first)
    # By the unit that a span begins with: its last unit, and its type.
    true_end, true_kind = (np.full(len(first), -1) for _ in range(2))
    true_end[begin], true_kind[begin] = end, kind
    found, found_end, found_kind = tags.spans(outputs.argmax(axis=1), first)
    right = (true_end[found] == found_end) & (true_kind[found] == found_kind)
    return _f1(int(right.sum()), len(found), len(begin))


def _f1(right: int, predicted: int, there: int) -> float:
    return 2 * right / (predicted + there) if predicted + there else 0.0
