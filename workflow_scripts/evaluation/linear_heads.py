"""Linear heads: many applied and scored at a time, and the choice among their states by dev."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.design_matrix import DesignMatrices, row_blocks
from workflow_scripts.evaluation.learning_problem import Examples
from workflow_scripts.evaluation.metrics import Metric


@dataclass(frozen=True)
class LinearHead:
    """A linear classifier, or a linear regression.

    Attributes:
        weights: for each block of columns that it reads, [classes, d]; [1, d] in a regression.
        bias: [classes] or [1].
    """

    weights: Sequence[NDArray[np.floating]]
    bias: NDArray[np.floating]


class LinearHeads:
    """Several heads, applied at a time.

    Args:
        design: what they read.
        heads: S, in the order of the design.
    """

    def __init__(self, design: DesignMatrices, heads: Sequence[LinearHead]) -> None:
        self._design = design
        left = [iter(head.weights) for head in heads]
        self._weights = [
            np.concatenate([next(left[head]) for head in block.heads]).astype(np.float32)
            for block in design.blocks
        ]
        self._bias = np.stack([head.bias for head in heads]).astype(np.float32)

    def outputs(self, rows: slice) -> NDArray[np.float32]:
        """Scores of classes [S, classes, n], or values [S, 1, n], of some rows of the features."""
        columns = [block.read(rows) for block in self._design.blocks]
        outputs = add_products(self._design, self._weights, self._bias, columns)
        return outputs.transpose(1, 2, 0)


def add_products(
    design: DesignMatrices,
    weights: Sequence[NDArray[np.float32]],
    bias: NDArray[np.float32],
    columns: Sequence[NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The outputs [n, S, classes] of S heads: the sum of what they make of each block.

    Args:
        weights: of each block, [s · classes, d], those of its heads one under another.
        bias: [S, classes].
        columns: of each block, [n, d].
    """
    outputs = np.empty((len(columns[0]), *bias.shape), np.float32)
    outputs[:] = bias
    for block, table, values in zip(design.blocks, weights, columns, strict=True):
        products = values @ table.T
        if _side_by_side(block.heads):
            part = of_heads(outputs, block.heads)
            part += products
            continue
        parts = np.split(products, len(block.heads), axis=1)
        for head, product in zip(block.heads, parts, strict=True):
            outputs[:, head] += product
    return outputs


def of_heads(outputs: NDArray[np.float32], heads: NDArray[np.int64]) -> NDArray[np.float32]:
    """The outputs [n, s · classes] of some heads, of those [n, S, classes] of all.

    A view if the heads are side by side.
    """
    some = slice(heads[0], heads[-1] + 1) if _side_by_side(heads) else heads
    return outputs[:, some].reshape(len(outputs), -1)


def _side_by_side(heads: NDArray[np.int64]) -> bool:
    return bool(heads[-1] - heads[0] == len(heads) - 1)


# The outputs [S, classes, n], or values [S, 1, n], of S heads for some rows of the features.
Outputs = Callable[[slice], NDArray[np.floating]]

Loss = Literal["cross-entropy", "squared error"]

# Outputs of a block of examples.
_BLOCK_OUTPUTS = 1 << 22


def score_heads(
    outputs: Outputs,
    heads: int,
    classes: int,
    examples: Examples,
    metric: Metric,
    loss: Loss = "cross-entropy",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The score and the loss of heads on examples, which are gone through in blocks.

    Args:
        heads: number of heads S.
        classes: outputs of each.
        loss: of classes, coded as 0 and 1 for the squared error.

    Returns:
        Scores [S]; and losses [S]: mean cross-entropy in nats or squared error over units whose
        class train saw, or mean squared error of values.
    """
    size = max(_BLOCK_OUTPUTS // (heads * classes), 256)
    predictions, losses, known = [], np.zeros(heads), 0
    for rows in row_blocks(examples.rows(), size):
        block = outputs(rows)
        predictions.append(metric.predictions(block))
        targets = examples.targets[rows.start - examples.start : rows.stop - examples.start]
        if examples.are_classes:
            seen = np.flatnonzero(targets < classes)
            sum_losses = _cross_entropies if loss == "cross-entropy" else _squared_errors
            losses += sum_losses(block[:, :, seen], targets[seen].astype(np.int64))
            known += len(seen)
        else:
            losses += ((block[:, 0] - targets) ** 2).sum(axis=1, dtype=np.float64)
            known += len(targets)
    predicted = np.concatenate(predictions, axis=-1)
    scores = metric.score(examples.targets, predicted, examples.sequences)
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


def _squared_errors(
    outputs: NDArray[np.floating], targets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The sum for each head."""
    right = outputs[:, targets, np.arange(len(targets))].sum(axis=1, dtype=np.float64)
    squares = np.einsum("scn,scn->s", outputs, outputs, dtype=np.float64)
    errors: NDArray[np.float64] = squares - 2 * right + len(targets)
    return errors


class DevChoice:
    """Of each head, the state that scores best on dev among those offered.

    Equal scores, frequent on a small dev split, are told apart by the loss on dev; then the state
    that was offered first stays.

    Attributes:
        scores: [S], of the best so far.
        losses: [S].
        epochs: [S], the passes that had made it; 0 where none could be scored.
    """

    def __init__(
        self,
        heads: int,
        classes: int,
        dev: Examples,
        metric: Metric,
        loss: Loss = "cross-entropy",
    ) -> None:
        self._dev = dev
        self._metric = metric
        self._classes = classes
        self._loss: Loss = loss
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
            scores, losses = score_heads(
                outputs, len(where), self._classes, self._dev, self._metric, self._loss
            )
        better = scores > self.scores[where]
        surer = (scores == self.scores[where]) & (losses < self.losses[where])
        gained: NDArray[np.bool_] = np.isfinite(losses) & (better | surer)
        chosen = where[gained]
        self.scores[chosen], self.losses[chosen] = scores[gained], losses[gained]
        self.epochs[chosen] = np.asarray(epochs)[gained]
        return gained
