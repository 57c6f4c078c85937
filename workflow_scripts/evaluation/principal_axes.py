"""The principal coordinates of what a head reads.

The best weights under a squared penalty are combinations of the examples, and the penalty is the
same along any axes at right angles. So the problem in these coordinates, which are as many as
columns or examples, whichever are fewer, is the same, and the examples vary along each by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.design_matrix import ColumnBlock, DesignMatrices, row_blocks


@dataclass(frozen=True)
class PrincipalAxes:
    """Of one head that reads d columns, in n training examples.

    Attributes:
        axes: [d, r], at right angles and of length one, of columns side by side, block after block.
        variances: [r], of the examples along each axis.
        parts: the rows of the axes that belong to each block that the head reads.
        components: [n, r], the examples along the axes, where they are fewer than columns.
    """

    axes: NDArray[np.float32]
    variances: NDArray[np.float64]
    parts: list[slice]
    components: NDArray[np.float32] | None = None

    def weights(self, along: NDArray[np.floating]) -> list[NDArray[np.float32]]:
        """The weights [outputs, d] for each block of weights [r, outputs] along the axes."""
        whole = np.ascontiguousarray((self.axes @ along.astype(np.float32)).T)
        return [whole[:, part] for part in self.parts]


def principal_axes(design: DesignMatrices, train: slice) -> list[PrincipalAxes]:
    """Those of every head.

    Args:
        train: the rows of the features that are the training examples; over these, columns have
            mean zero.
    """
    count = train.stop - train.start
    found = []
    products = _Products(design, train)
    for head in range(design.count):
        blocks = [design.blocks[number] for number in design.of(head)]
        borders = [0, *accumulate(block.width for block in blocks)]
        parts = [slice(*pair) for pair in pairwise(borders)]
        components = None
        if count < borders[-1]:
            components, axes, squares = _from_examples(blocks, train)
        else:
            squares, axes = np.linalg.eigh(products.of(design.of(head)))
        variances = squares.clip(0) / count
        found.append(PrincipalAxes(axes.astype(np.float32), variances, parts, components))
    return found


class _Products:
    """XᵀY for pairs of blocks, each computed once."""

    def __init__(self, design: DesignMatrices, train: slice) -> None:
        self._design = design
        self._train = train
        self._found: dict[tuple[int, int], NDArray[np.float64]] = {}

    def of(self, blocks: Sequence[int]) -> NDArray[np.float64]:
        """The products of columns side by side with each other."""
        missing = [(i, j) for i in blocks for j in blocks if i <= j and (i, j) not in self._found]
        for i, j in missing:
            shape = (self._design.blocks[i].width, self._design.blocks[j].width)
            self._found[i, j] = np.zeros(shape)
        for rows in row_blocks(self._train) if missing else []:
            columns = {number: self._design.blocks[number].read(rows) for number in blocks}
            for i, j in missing:
                self._found[i, j] += columns[i].T @ columns[j]
        return np.block(
            [[self._found[i, j] if i <= j else self._found[j, i].T for j in blocks] for i in blocks]
        )


def _from_examples(
    blocks: Sequence[ColumnBlock], train: slice
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """X = U S Vᵀ: the eigenvectors U of XXᵀ, where that is the smaller product, give U S and V."""
    columns = np.concatenate([block.read(train) for block in blocks], axis=1).astype(np.float64)
    squares, left = np.linalg.eigh(columns @ columns.T)
    kept = squares > 1e-12 * squares[-1]
    lengths = np.sqrt(squares[kept])
    components = (left[:, kept] * lengths).astype(np.float32)
    return components, columns.T @ (left[:, kept] / lengths), squares[kept]
