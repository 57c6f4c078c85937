"""Scoring heads, and choosing by dev among those that a solver offers."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.metrics import Metric
from workflow_scripts.evaluation.task_features import row_blocks

# The outputs [S, classes, n], or values [S, 1, n], of S heads for some rows of the features.
Outputs = Callable[[slice], NDArray[np.floating]]

# Outputs of a block of examples.
_BLOCK_OUTPUTS = 1 << 22


def judge(
    outputs: Outputs, heads: int, classes: int, examples: Examples, metric: Metric
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The score and the loss of heads on examples, which are gone through in blocks.

    Args:
        heads: number of heads S.
        classes: outputs of each.

    Returns:
        Scores [S]; and losses [S]: mean cross-entropy in nats over units whose class train saw,
        or mean squared error.
    """
    size = max(_BLOCK_OUTPUTS // (heads * classes), 256)
    predictions, losses, known = [], np.zeros(heads), 0
    for rows in row_blocks(examples.rows(), size):
        block = outputs(rows)
        predictions.append(metric.predictions(block))
        targets = examples.targets[rows.start - examples.start : rows.stop - examples.start]
        if examples.are_classes:
            seen = np.flatnonzero(targets < classes)
            losses += _cross_entropies(block[:, :, seen], targets[seen].astype(np.int64))
            known += len(seen)
        else:
            losses += ((block[:, 0] - targets) ** 2).sum(axis=1, dtype=np.float64)
            known += len(targets)
    scores = metric.score(examples, np.concatenate(predictions, axis=-1))
    return scores, losses / max(known, 1)


def _cross_entropies(
    outputs: NDArray[np.floating], targets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The sum for each head."""
    shifted = outputs - outputs.max(axis=1, keepdims=True, initial=-np.inf)
    right = shifted[:, targets, np.arange(len(targets))].sum(axis=1, dtype=np.float64)
    totals = np.log(np.exp(shifted).sum(axis=1)).sum(axis=1, dtype=np.float64)
    entropies: NDArray[np.float64] = totals - right
    return entropies


class DevChoice:
    """Of each head, the state that scores best on dev among those offered.

    Equal scores, frequent on a small dev split, are told apart by the loss on dev; then the state
    that was offered first stays.

    Attributes:
        scores: [S], of the best so far.
        losses: [S].
        epochs: [S], the passes that had made it; 0 where none could be scored.
    """

    def __init__(self, heads: int, classes: int, dev: Examples, metric: Metric) -> None:
        self._dev = dev
        self._metric = metric
        self._classes = classes
        self.scores = np.full(heads, -np.inf)
        self.losses = np.full(heads, np.inf)
        self.epochs = np.zeros(heads, np.int64)

    def offer(
        self, heads: Sequence[int] | NDArray[np.int64], outputs: Outputs, epochs: Sequence[int]
    ) -> NDArray[np.bool_]:
        """Take the states that beat the best so far, and say which; a diverged one never does.

        Args:
            heads: [s], whose states these are.
            outputs: of these heads, in this order.
            epochs: [s], the passes that made each.
        """
        where = np.asarray(heads)
        # A head that diverged has outputs that are not finite.
        with np.errstate(invalid="ignore", over="ignore"):
            scores, losses = judge(outputs, len(where), self._classes, self._dev, self._metric)
        better = scores > self.scores[where]
        surer = (scores == self.scores[where]) & (losses < self.losses[where])
        gained: NDArray[np.bool_] = np.isfinite(losses) & (better | surer)
        chosen = where[gained]
        self.scores[chosen], self.losses[chosen] = scores[gained], losses[gained]
        self.epochs[chosen] = np.asarray(epochs)[gained]
        return gained
