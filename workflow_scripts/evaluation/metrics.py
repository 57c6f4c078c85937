"""How the outputs of heads are scored. A new metric is a function here; higher is better."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Targets = NDArray[np.int64] | NDArray[np.float64]
Predictions = NDArray[Any]


@dataclass(frozen=True)
class Metric:
    """A score of predictions.

    Attributes:
        kept: how many classes it looks at, those of the highest outputs; 0: at values.
        compare: gives the scores [S] of the targets [n] and what S heads predicted of them.
        needs_sequences: whether it takes the sequences [n] as well.
    """

    kept: int
    compare: Callable[..., NDArray[np.float64]]
    needs_sequences: bool = False

    def score(
        self, targets: Targets, predicted: Predictions, sequences: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The scores [S] of S heads.

        Args:
            targets: [n], classes or values.
            predicted: classes [S, n] (if the metric looks at several, [S, kept, n] with the
                likeliest first), or values [S, n].
            sequences: [n], the sequence that a unit belongs to.
        """
        if self.needs_sequences:
            return self.compare(targets, predicted, sequences)
        return self.compare(targets, predicted)

    def predictions(self, outputs: NDArray[np.floating]) -> Predictions:
        """What the score looks at.

        Args:
            outputs: scores of classes [S, classes, n], or values [S, 1, n].
        """
        if self.kept == 0:
            return outputs[:, 0].astype(np.float32)
        if self.kept == 1:
            likeliest: Predictions = outputs.argmax(axis=1).astype(np.int32)
            return likeliest
        ranked: Predictions = np.argsort(-outputs, axis=1, kind="stable")[:, : self.kept]
        kept: Predictions = ranked.astype(np.int32)
        return kept


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
        return Metric(1, partial(span_f1, Tags(labels)), needs_sequences=True)
    if name == "f1":
        if positive not in labels:
            raise ValueError(f"the metric f1 counts the class {positive!r}, which has no unit")
        return Metric(1, partial(binary_f1, labels.index(positive)))
    return {
        "accuracy": Metric(1, accuracy),
        "top3_accuracy": Metric(3, top3_accuracy),
        "pearson": Metric(0, pearson),
    }[name]


METRICS = ("accuracy", "top3_accuracy", "span_f1", "f1", "pearson")


def accuracy(targets: Targets, predicted: Predictions) -> NDArray[np.float64]:
    """Share of units whose predicted class is their target."""
    shares: NDArray[np.float64] = np.mean(predicted == targets, axis=1)
    return shares


def top3_accuracy(targets: Targets, predicted: Predictions) -> NDArray[np.float64]:
    """Share of units whose target is among the three classes of the highest scores."""
    shares: NDArray[np.float64] = (predicted == targets).any(axis=1).mean(axis=1)
    return shares


def binary_f1(positive: int, targets: Targets, predicted: Predictions) -> NDArray[np.float64]:
    """F1 of one class: the harmonic mean of precision and recall; 0 if it is neither there nor
    predicted."""
    found, there = predicted == positive, targets == positive
    counts = zip((found & there).sum(axis=1), found.sum(axis=1), strict=True)
    return np.array([_f1(int(right), int(all_), int(there.sum())) for right, all_ in counts])


def pearson(targets: Targets, predicted: Predictions) -> NDArray[np.float64]:
    """Pearson's r of predicted values and targets; 0 if either does not vary."""
    values = predicted - predicted.mean(axis=1, keepdims=True, dtype=np.float64)
    deviations = targets - targets.mean()
    sizes = np.sqrt((values**2).sum(axis=1) * (deviations @ deviations))
    correlations: NDArray[np.float64] = values @ deviations / np.where(sizes > 0, sizes, 1.0)
    return correlations


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


def span_f1(
    tags: Tags, targets: Targets, predicted: Predictions, sequences: NDArray[np.int64]
) -> NDArray[np.float64]:
    """F1 of spans over all sequences: one is right if its units and its type are."""
    first = np.ones(len(targets), np.bool_)
    first[1:] = sequences[1:] != sequences[:-1]
    begin, end, kind = tags.spans(targets.astype(np.int64), first)
    # By the unit that a span begins with: its last unit, and its type.
    true_end, true_kind = (np.full(len(first), -1) for _ in range(2))
    true_end[begin], true_kind[begin] = end, kind

    def of_head(classes: NDArray[np.int64]) -> float:
        found, found_end, found_kind = tags.spans(classes, first)
        right = (true_end[found] == found_end) & (true_kind[found] == found_kind)
        return _f1(int(right.sum()), len(found), len(begin))

    return np.array([of_head(classes.astype(np.int64)) for classes in predicted])


def _f1(right: int, predicted: int, there: int) -> float:
    return 2 * right / (predicted + there) if predicted + there else 0.0
