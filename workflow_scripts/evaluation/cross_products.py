"""The products XᵀX and XᵀY over the training units, which all heads of a task share.

A head on several checkpoints needs the products of each with each. Two heads that have a pair of
checkpoints in common need the same product, so that each is computed once.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.design_matrix import BLOCK_ROWS, ColumnBlock, Rows, row_blocks

# Bytes of features that are read at a time, of all blocks of columns side by side.
_READ_BYTES = 1 << 25

Pair = tuple[str, str]


class CrossProducts:
    """Products of blocks of columns with each other, and with the targets.

    They are products of single precision (of the columns' own) over some thousand rows, summed in
    double precision.

    Args:
        rows: of the features, over which columns have mean zero: the training units.
        targets: Y [n, outputs], which is centred.

    Attributes:
        rows: the same.
        mean: [outputs], of the targets.
    """

    def __init__(self, rows: slice, targets: NDArray[np.float64] | NDArray[np.bool_]) -> None:
        self.rows = rows
        self.mean: NDArray[np.float64] = targets.mean(axis=0, dtype=np.float64)
        self._targets = targets
        self._squares: dict[Pair, NDArray[np.float64]] = {}
        self._with_targets: dict[str, NDArray[np.float64]] = {}

    @property
    def count(self) -> int:
        """Number of training units n."""
        return int(self.rows.stop - self.rows.start)

    def compute(
        self, heads: Sequence[Sequence[ColumnBlock]], memory_bytes: int, targets: bool = False
    ) -> None:
        """Compute what heads need and is not there yet, in one reading of the features.

        Args:
            heads: the blocks that each reads.
            memory_bytes: what is there from before is kept if it fits beside what is needed.
            targets: whether the products with the targets are needed too.
        """
        blocks = {block.name: block for head in heads for block in head}
        wanted = {pair for head in heads for pair in pairs_of(block.name for block in head)}
        sizes = {name: block.width for name, block in blocks.items()}
        needed = sum(8 * sizes[one] * sizes[other] for one, other in wanted)
        spare = {pair: product for pair, product in self._squares.items() if pair not in wanted}
        if needed + sum(product.nbytes for product in spare.values()) > memory_bytes:
            for pair in spare:
                del self._squares[pair]
        missing = sorted(wanted - self._squares.keys())
        untold = sorted(blocks.keys() - self._with_targets.keys()) if targets else []
        for one, other in missing:
            self._squares[one, other] = np.zeros((sizes[one], sizes[other]))
        for name in untold:
            self._with_targets[name] = np.zeros((sizes[name], len(self.mean)))
        used = sorted({name for pair in missing for name in pair} | {*untold})
        size = _READ_BYTES // (4 * max(sum(sizes[name] for name in used), 1))
        for rows in row_blocks(self.rows, min(max(size, 256), BLOCK_ROWS)) if used else []:
            columns = {name: blocks[name].read(rows) for name in used}
            for one, other in missing:
                self._squares[one, other] += columns[one].T @ columns[other]
            for name in untold:
                coded = self.centred_targets(rows).astype(columns[name].dtype, copy=False)
                self._with_targets[name] += columns[name].T @ coded

    def gram(self, blocks: Sequence[ColumnBlock]) -> NDArray[np.float64]:
        """XᵀX [d, d] of some blocks side by side, which was computed before."""
        names = [block.name for block in blocks]
        return np.block([[self._square(one, other) for other in names] for one in names])

    def with_targets(self, blocks: Sequence[ColumnBlock]) -> NDArray[np.float64]:
        """XᵀY [d, outputs] of some blocks side by side, which was computed before."""
        return np.concatenate([self._with_targets[block.name] for block in blocks])

    def centred_targets(self, rows: Rows) -> NDArray[np.float64]:
        """Y [len(rows), outputs] of some rows of the features, less its mean over all."""
        if isinstance(rows, slice):
            rows = slice(rows.start - self.rows.start, rows.stop - self.rows.start)
        else:
            rows = rows - self.rows.start
        centred: NDArray[np.float64] = self._targets[rows] - self.mean
        return centred

    def _square(self, one: str, other: str) -> NDArray[np.float64]:
        if one <= other:
            return self._squares[one, other]
        return self._squares[other, one].T


def pairs_of(names: Iterable[str]) -> set[Pair]:
    """Every pair of some names, each with itself too, in the order of the alphabet."""
    ordered = sorted(names)
    return {(one, other) for number, one in enumerate(ordered) for other in ordered[number:]}
