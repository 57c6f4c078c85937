"""The sums over units from products of features, XᵢᵀXⱼ.

‖XᵢᵀXⱼ‖² is the inner product of two Gram matrices, so those need not be made. The cost grows with
the number of units, and memory does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.covariance.feature_blocks import (
    NUMPY,
    Array,
    Arrays,
    CentredFeatures,
    ReadRows,
    blocks,
)
from workflow_scripts.covariance.kernel_alignment import GramSums

Pair = tuple[int, int]

_LEAST_BLOCK = 64
# Adding a product to its sum in float64 should cost little beside the product.
_LARGEST_BLOCK = 4096
# Narrow features have few products to average rounding over, and BLAS adds each of them up without
# a break. Theirs are of so many units at a time.
_NARROW = 64
_NARROW_BLOCK = 512


@dataclass(frozen=True)
class CrossPlan:
    """How the products are shared out so that they fit in memory.

    Attributes:
        passes: the pairs of each time that the features are gone through.
        block_rows: units at a time.
        operations: of the products, a multiplication and an addition counted as two.
        values_read: how many features are read.
    """

    passes: list[list[Pair]]
    block_rows: int
    operations: float
    values_read: float


def plan_cross_products(
    dims: Sequence[int], units: int, memory_bytes: int, fresh: Sequence[int], workers: int = 1
) -> CrossPlan:
    """Share the pairs with a fresh checkpoint out among as few passes as fit.

    The least that this takes is the product of one pair, and 64 units of all checkpoints.

    Args:
        workers: how many products are made at a time.
    """
    widths = [_width(dim) for dim in dims]
    # All checkpoints' blocks, one that is being read, and copies of those multiplied by themselves.
    row_bytes = 4 * (sum(widths) + (1 + workers) * max(widths))
    memory_bytes -= 4 * workers * max(widths) ** 2
    # A power of two, so that a little more or less to hold seldom changes the rounding.
    rows = 1 << max(memory_bytes // (2 * row_bytes), 1).bit_length() - 1
    rows = min(max(rows, _LEAST_BLOCK), _LARGEST_BLOCK)
    left = memory_bytes - row_bytes * rows
    passes: list[list[Pair]] = []
    room = 0
    pairs = pairs_with(fresh, len(dims))
    for i, j in pairs:
        room -= 8 * widths[i] * widths[j]
        if not passes or room < 0:
            passes.append([])
            room = left - 8 * widths[i] * widths[j]
        passes[-1].append((i, j))
    products = sum(2 * widths[i] * widths[j] for i, j in pairs)
    read = sum(dims[i] for one in passes for i in _members(one))
    return CrossPlan(passes, rows, float(units) * products, float(units) * read)


def pairs_with(fresh: Sequence[int], count: int) -> list[Pair]:
    """The pairs i ≤ j of so many checkpoints of which at least one is fresh, each once.

    Those of one fresh checkpoint follow each other.
    """
    return list(
        dict.fromkeys(
            (min(i, other), max(i, other)) for i in sorted(fresh) for other in range(count)
        )
    )


def sums_of_cross_products(
    read_rows: ReadRows,
    dims: Sequence[int],
    prefixes: Sequence[int],
    memory_bytes: int,
    fresh: Sequence[int] | None = None,
    arrays: Arrays = NUMPY,
) -> list[GramSums]:
    """The sums by products; what the arguments are, ``gram_sums`` says.

    Products over a block of units are of float32, their sum over blocks of float64.
    """
    features = CentredFeatures(read_rows, dims, prefixes)
    fresh = range(len(dims)) if fresh is None else fresh
    plan = plan_cross_products(dims, prefixes[-1], memory_bytes, fresh, arrays.workers)
    snapshots = [GramSums.zeros(units, len(dims)) for units in prefixes]
    for pairs in plan.passes:
        _go_through(features, pairs, snapshots, plan.block_rows, arrays)
    return snapshots


def _go_through(
    features: CentredFeatures,
    pairs: Sequence[Pair],
    snapshots: Sequence[GramSums],
    block_rows: int,
    arrays: Arrays,
) -> None:
    """Enter the sums of some pairs in the snapshots."""
    widths = {i: _width(features.dims[i]) for i in _members(pairs)}
    products = {(i, j): arrays.zeros(widths[i], widths[j]) for i, j in pairs}
    for done, snapshot in pairwise([GramSums.zeros(0, 0), *snapshots]):
        for rows in blocks(done.units, snapshot.units, block_rows):
            block = {i: arrays.put(_with_norms(features, i, rows)) for i in widths}
            _multiply(features.dims, block, products, arrays)
        for (i, j), product in products.items():
            _enter(snapshot, i, j, features.dims, product)


def _multiply(
    dims: Sequence[int], block: dict[int, Array], products: dict[Pair, Array], arrays: Arrays
) -> None:
    """Add the products over a block of units."""

    def add(pair: Pair) -> None:
        i, j = pair
        product = products[pair]
        # A copy, because BLAS has another way for a matrix with itself, which rounds otherwise,
        # and copies of a checkpoint would seem to differ a little.
        other = block[j] + 0 if i == j else block[j]
        units = len(other)
        for part in blocks(0, units, _NARROW_BLOCK if min(dims[i], dims[j]) < _NARROW else units):
            product += block[i][part].T @ other[part]

    arrays.each(add, products)


def _width(dim: int) -> int:
    """Of features with two more columns, at a border that BLAS on a GPU likes."""
    return -(-(dim + 2) // 4) * 4


def _with_norms(features: CentredFeatures, i: int, rows: slice) -> NDArray[np.float32]:
    """The columns [X, q, 1, 0 …], whose products with others hold all sums at once."""
    dim = features.dims[i]
    block = np.empty((rows.stop - rows.start, _width(dim)), np.float32)
    values = features.read(i, rows, out=block[:, :dim])
    np.einsum("ij,ij->i", values, values, out=block[:, dim])
    block[:, dim + 1] = 1
    block[:, dim + 2 :] = 0
    return block


def _enter(sums: GramSums, i: int, j: int, dims: Sequence[int], product: Array) -> None:
    """Enter what the product [X, q, 1]ᵢᵀ [X, q, 1]ⱼ says of a pair."""
    d, e = dims[i], dims[j]
    features = product[:d, :e]
    column_sums_i, column_sums_j = product[:d, e + 1], product[d + 1, :e]
    diagonals = float(product[d, e])
    flat = features.reshape(-1)
    inner = float(flat @ flat) - diagonals
    rows = float(column_sums_i @ (features @ column_sums_j))
    sums.inner[i, j] = sums.inner[j, i] = inner
    sums.rows[i, j] = sums.rows[j, i] = rows
    sums.diagonals[i, j] = sums.diagonals[j, i] = diagonals
    sums.rows_diagonals[i, j] = float(column_sums_i @ product[:d, e])
    sums.rows_diagonals[j, i] = float(column_sums_j @ product[d, :e])
    if i == j:
        sums.row_totals[i] = float(column_sums_i @ column_sums_i)
        sums.diagonal_totals[i] = float(product[d, d + 1])


def _members(pairs: Sequence[Pair]) -> list[int]:
    return sorted({i for pair in pairs for i in pair})
