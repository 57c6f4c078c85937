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

from workflow_scripts.evaluation.cross_products import CrossProducts
from workflow_scripts.evaluation.design_matrix import ColumnBlock, DesignMatrices


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


def principal_axes(
    design: DesignMatrices, products: CrossProducts, memory_bytes: int
) -> list[PrincipalAxes]:
    """Those of every head.

    Args:
        products: of the training units, over which columns have mean zero.
        memory_bytes: for products.
    """
    blocks = [[design.blocks[number] for number in design.of(head)] for head in range(design.count)]
    widths = [sum(block.width for block in one) for one in blocks]
    tall = [one for one, width in zip(blocks, widths, strict=True) if width <= products.count]
    products.compute(tall, memory_bytes)
    found = []
    for one, width in zip(blocks, widths, strict=True):
        borders = [0, *accumulate(block.width for block in one)]
        parts = [slice(*pair) for pair in pairwise(borders)]
        components = None
        if products.count < width:
            components, axes, squares = _from_examples(one, products.rows)
        else:
            squares, axes = np.linalg.eigh(products.gram(one))
        variances = squares.clip(0) / products.count
        found.append(PrincipalAxes(axes.astype(np.float32), variances, parts, components))
    return found


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
