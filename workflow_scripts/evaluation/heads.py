"""Heads: linear layers on what they read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.head_inputs import HeadInputs


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
        inputs: what they read.
        heads: S, in the order of the inputs.
    """

    def __init__(self, inputs: HeadInputs, heads: Sequence[LinearHead]) -> None:
        self._inputs = inputs
        left = [iter(head.weights) for head in heads]
        self._weights = [
            np.concatenate([next(left[head]) for head in block.heads]).astype(np.float32)
            for block in inputs.blocks
        ]
        self._bias = np.stack([head.bias for head in heads]).astype(np.float32)

    def outputs(self, rows: slice) -> NDArray[np.float32]:
        """Scores of classes [S, classes, n], or values [S, 1, n], of some rows of the features."""
        columns = [block.read(rows) for block in self._inputs.blocks]
        return add_products(self._inputs, self._weights, self._bias, columns)


def add_products(
    inputs: HeadInputs,
    weights: Sequence[NDArray[np.float32]],
    bias: NDArray[np.float32],
    columns: Sequence[NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The outputs [S, classes, n] of S heads: the sum of what they make of each block.

    Args:
        weights: of each block, [s · classes, d], those of its heads one under another.
        bias: [S, classes].
        columns: of each block, [n, d].
    """
    outputs = np.repeat(bias[:, :, None], len(columns[0]), axis=2)
    for block, table, values in zip(inputs.blocks, weights, columns, strict=True):
        # The examples come last, so that what is done to each class runs along them.
        products = (table @ values.T).reshape(len(block.heads), *outputs.shape[1:])
        for head, product in zip(block.heads, products, strict=True):
            outputs[head] += product
    return outputs
