"""The sums over units from tiles of all Gram matrices at once, stacked and multiplied together.

The cost grows with the square of the number of units, and only once with the widths.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from workflow_scripts.covariance.feature_blocks import (
    NUMPY,
    Array,
    Arrays,
    CentredFeatures,
    ReadRows,
    blocks,
)
from workflow_scripts.covariance.kernel_alignment import GramSums

_LEAST_BLOCK = 64
# Where the features are in memory, small tiles waste least on the diagonal; where they must be
# read again for each row of tiles, large ones save reading.
_BLOCK_IN_MEMORY = 512
_LARGEST_BLOCK = 4096
# Numbers of a tile that are multiplied and added up in float32; their sums are added in float64.
_PIECE = 16_384
# The stacked product waits for memory: an operation takes that many times longer.
_STACKING = 4


@dataclass(frozen=True)
class TilePlan:
    """How tiles are laid out.

    Attributes:
        block_rows: units at a time.
        held: whether the features stay in memory once read.
        operations: as many as the products take time, a multiplication and an addition being two.
        values_read: how many features are read.
    """

    block_rows: int
    held: bool
    operations: float
    values_read: float


def plan_gram_tiles(
    dims: Sequence[int], units: int, memory_bytes: int, fresh: Sequence[int], workers: int = 1
) -> TilePlan:
    """Lay tiles out so that they, the features beside them and what is kept fit in memory.

    Beside tiles of 64 units, a row sum and a norm of each unit and checkpoint are the least.

    Args:
        workers: how many tiles are made at a time.
    """
    total, count = sum(dims), len(dims)
    left = memory_bytes - 16 * count * units
    held = 8 * total * units <= left
    if held:
        rows = largest_block(left - 4 * total * units, count, 0)
        rows = min(rows, _BLOCK_IN_MEMORY)
    else:
        # A block of all checkpoints, and those that are read again.
        row_bytes = 4 * (total + workers * max(dims))
        rows = min(largest_block(left, count, row_bytes), _LARGEST_BLOCK)
    rows = max(rows, _LEAST_BLOCK)
    tiles = float(units) * (units + rows)
    stacking = _STACKING * count * len(fresh) * (1 if len(fresh) == count else 2)
    read = 1.0 if held else max(1.0, (units + rows) / (2 * rows))
    return TilePlan(rows, held, tiles * (total + stacking), read * units * total)


def largest_block(memory_bytes: int, count: int, row_bytes: int) -> int:
    """The largest b with 4 N b² + b · row_bytes ≤ memory."""
    root = math.sqrt(row_bytes**2 + 16 * count * max(memory_bytes, 0))
    return int(root - row_bytes) // (8 * count)


def sums_of_gram_tiles(
    read_rows: ReadRows,
    dims: Sequence[int],
    prefixes: Sequence[int],
    memory_bytes: int,
    fresh: Sequence[int] | None = None,
    arrays: Arrays = NUMPY,
) -> list[GramSums]:
    """The sums by tiles; what the arguments are, ``gram_sums`` says.

    Tiles are of float32, and so are their products, piece by piece; sums of pieces are of float64.
    """
    count, units = len(dims), prefixes[-1]
    fresh = range(count) if fresh is None else fresh
    plan = plan_gram_tiles(dims, units, memory_bytes, fresh, arrays.workers)
    read = _reader(CentredFeatures(read_rows, dims, prefixes), plan.held, arrays)
    tiles = _Tiles(count, min(plan.block_rows, units), fresh, arrays)
    row_sums, diagonals = arrays.zeros(count, units), arrays.zeros(count, units)
    column_sums = [arrays.zeros(dim) for dim in dims]
    snapshots = []
    before: list[slice] = []

    def above_diagonal(rows: slice, beside: list[Array], sums_beside: list[Array], i: int) -> None:
        above = read(i, rows)
        tiles.make(i, above, beside[i])
        # A product with a vector costs less than adding up the tile.
        row_sums[i, rows] += above @ arrays.single(sums_beside[i])

    def on_diagonal(rows: slice, beside: list[Array], sums_beside: list[Array], i: int) -> None:
        column_sums[i] += sums_beside[i]
        row_sums[i, rows] = beside[i] @ arrays.single(column_sums[i])
        diagonals[i, rows] = tiles.make_without_diagonal(i, beside[i])

    for done, stop in pairwise([0, *prefixes]):
        # All tiles among the first units come before any tile with later ones.
        for columns in blocks(done, stop, plan.block_rows):
            beside = [read(i, columns) for i in range(count)]
            sums_beside = [block.sum(0, dtype=arrays.double) for block in beside]
            for rows in before:
                tiles.begin(rows, columns)
                arrays.each(partial(above_diagonal, rows, beside, sums_beside), range(count))
                tiles.add_products(2)
            tiles.begin(columns, columns)
            arrays.each(partial(on_diagonal, columns, beside, sums_beside), range(count))
            tiles.add_products(1)
            before.append(columns)
        snapshots.append(
            _sums(stop, tiles.inner, row_sums[:, :stop], diagonals[:, :stop], fresh, arrays)
        )
    return snapshots


class _Tiles:
    """The tiles of all checkpoints for one block of rows and one of columns.

    Attributes:
        inner: [F, N], inner products of those of the fresh with those of all, so far.
    """

    def __init__(self, count: int, block_rows: int, fresh: Sequence[int], arrays: Arrays) -> None:
        self._arrays = arrays
        self._fresh = list(fresh)
        # A few numbers more, because rows a power of two apart compete for places in the cache.
        self._space = arrays.single_zeros(count, _whole_pieces(block_rows**2) + 16)
        self._size = 0
        self.inner = arrays.zeros(len(self._fresh), count)

    def begin(self, rows: slice, columns: slice) -> None:
        """Begin the tiles of these rows and columns."""
        self._size = (rows.stop - rows.start) * (columns.stop - columns.start)

    def make(self, i: int, above: Array, beside: Array) -> Array:
        """Make the tile of checkpoint i from features [a, d] and [b, d]; it is [a b], flat."""
        flat = self._space[i, : self._size]
        self._arrays.multiply(above, beside.T, flat.reshape(len(above), len(beside)))
        return flat

    def make_without_diagonal(self, i: int, block: Array) -> Array:
        """Make a tile on the diagonal of the Gram matrix, with zeros there; gives what was."""
        on_diagonal = self.make(i, block, block)[:: len(block) + 1]
        # Copies, before it is overwritten.
        diagonal = on_diagonal + 0
        on_diagonal[:] = 0
        return diagonal

    def add_products(self, weight: int) -> None:
        """Add the inner products of the tiles that were made last."""
        count, padded = len(self._space), _whole_pieces(self._size)
        self._space[:, self._size : padded] = 0
        pieces = self._space[:, :padded].reshape(count, -1, _piece(self._size)).swapaxes(0, 1)

        def product(part: slice) -> Array:
            right = pieces[part]
            left = right if len(self._fresh) == count else right[:, self._fresh]
            return (left @ right.swapaxes(1, 2)).sum(0, dtype=self._arrays.double)

        share = -(-len(pieces) // self._arrays.workers)
        for one in self._arrays.each(product, blocks(0, len(pieces), share)):
            self.inner += weight * one


def _piece(size: int) -> int:
    return min(size, _PIECE)


def _whole_pieces(size: int) -> int:
    return -(-size // _piece(size)) * _piece(size)


def _reader(features: CentredFeatures, held: bool, arrays: Arrays) -> Callable[[int, slice], Array]:
    """Reads blocks onto the device, each once if they are held."""
    blocks_read: dict[tuple[int, int], Array] = {}

    def read(i: int, rows: slice) -> Array:
        if (i, rows.start) in blocks_read:
            return blocks_read[i, rows.start]
        block = arrays.put(features.read(i, rows))
        if held:
            blocks_read[i, rows.start] = block
        return block

    return read


def _sums(
    units: int,
    inner: Array,
    row_sums: Array,
    diagonals: Array,
    fresh: Sequence[int],
    arrays: Arrays,
) -> GramSums:
    """The sums of the pairs with a fresh checkpoint; the others are zero."""
    sums = GramSums.zeros(units, len(row_sums))
    rows = list(fresh)
    computed = np.zeros_like(sums.inner, bool)
    computed[rows] = computed[:, rows] = True
    part = arrays.get(inner)
    sums.inner[rows] = part
    sums.inner[:, rows] = part.T
    # A pair of two fresh ones was computed twice where that was the faster way, and rounded twice.
    sums.inner[np.ix_(rows, rows)] = (part[:, rows] + part[:, rows].T) / 2
    sums.rows[computed] = arrays.get(row_sums @ row_sums.T)[computed]
    sums.rows_diagonals[computed] = arrays.get(row_sums @ diagonals.T)[computed]
    sums.diagonals[computed] = arrays.get(diagonals @ diagonals.T)[computed]
    sums.row_totals[rows] = arrays.get(row_sums.sum(1))[rows]
    sums.diagonal_totals[rows] = arrays.get(diagonals.sum(1))[rows]
    return sums
