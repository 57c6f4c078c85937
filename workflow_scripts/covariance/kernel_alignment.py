"""Centred linear kernel alignment between all pairs of checkpoints.

With K = X Xᵀ and L = Y Yᵀ the Gram matrices of two checkpoints' features on the same n units,

    κ = HSIC(K, L) / √(HSIC(K, K) · HSIC(L, L)),

where HSIC is either the biased estimator, proportional to tr(K H L H) with H = I − 11ᵀ/n, for
which κ = ‖XᵀY‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F) with centred columns (Huang, Qiu and Church 2021,
equation 2), or the unbiased U-statistic of Song et al. (2012, "Feature selection via dependence
maximization", equation 4). Both are functions of a few sums over units, which are collected block
by block here in float64: memory does not grow with the number of units, but for a few numbers per
unit and checkpoint in the second form. The sums over the first units are those over all of them
on the way there, so that one pass gives the estimate at every size of the probe.
"""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Estimator = Literal["biased", "debiased"]
ReadRows = Callable[[int, slice], NDArray[np.floating]]


@dataclass(frozen=True)
class GramSums:
    """Sums over units from which either estimator follows, for N Gram matrices K_i.

    With r_i = K_i 1 the row sums and q_i the diagonal of K_i:

    Attributes:
        units: n.
        inner: [N, N], ⟨K_i, K_j⟩.
        rows: [N, N], r_i · r_j.
        rows_diagonals: [N, N], r_i · q_j.
        diagonals: [N, N], q_i · q_j.
        row_totals: [N], 1 · r_i.
        diagonal_totals: [N], 1 · q_i.
    """

    units: int
    inner: NDArray[np.float64]
    rows: NDArray[np.float64]
    rows_diagonals: NDArray[np.float64]
    diagonals: NDArray[np.float64]
    row_totals: NDArray[np.float64]
    diagonal_totals: NDArray[np.float64]


def kernel_alignment(sums: GramSums, estimator: Estimator) -> NDArray[np.float64]:
    """κ [N, N] from the sums: symmetric, with unit diagonal.

    Raises:
        ValueError: if there are too few units for the estimator (2 if biased, 4 if debiased).
        ConstantFeaturesError: if the features of a checkpoint do not vary.
    """
    hsic = _biased_hsic(sums) if estimator == "biased" else _debiased_hsic(sums)
    own = np.diag(hsic)
    # Rounding leaves about 1e-16 of the squares that cancel.
    constant = own <= 1e-13 * np.diag(sums.inner)
    if constant.any():
        raise ConstantFeaturesError(np.flatnonzero(constant).tolist())
    kappa = hsic / np.sqrt(np.outer(own, own))
    kappa = (kappa + kappa.T) / 2
    np.fill_diagonal(kappa, 1.0)
    return kappa


class ConstantFeaturesError(ValueError):
    """The features of some checkpoints do not vary over the units.

    Attributes:
        indices: which checkpoints.
    """

    def __init__(self, indices: list[int]) -> None:
        super().__init__(f"the features of {len(indices)} checkpoints do not vary")
        self.indices = indices


def _biased_hsic(sums: GramSums) -> NDArray[np.float64]:
    n = sums.units
    if n < 2:
        raise ValueError(f"biased kernel alignment needs at least 2 units, there are {n}")
    totals = np.outer(sums.row_totals, sums.row_totals)
    return sums.inner - sums.rows * (2 / n) + totals / n**2


def _debiased_hsic(sums: GramSums) -> NDArray[np.float64]:
    n = sums.units
    if n < 4:
        raise ValueError(f"debiased kernel alignment needs at least 4 units, there are {n}")
    inner = sums.inner - sums.diagonals
    rows = sums.rows - sums.rows_diagonals - sums.rows_diagonals.T + sums.diagonals
    totals = sums.row_totals - sums.diagonal_totals
    return inner + np.outer(totals, totals) / ((n - 1) * (n - 2)) - rows * (2 / (n - 2))


def gram_sums(
    read_rows: ReadRows, dims: Sequence[int], prefixes: Sequence[int], memory_bytes: int
) -> list[GramSums]:
    """Collect the sums, in whichever form costs fewer operations within the memory given.

    Both forms are exact. Cross products cost n D² operations and about 4 D² bytes, with D the
    total width of all checkpoints; Gram tiles cost n² (D + N²) operations whatever the memory.

    Args:
        read_rows: ``read_rows(i, rows)`` gives the features [b, d_i] of checkpoint i.
        dims: the widths d_i.
        prefixes: numbers of units, in increasing order; the last is n, all of them.
        memory_bytes: how much the sums and blocks may take.

    Returns:
        For each prefix the sums over so many of the first units.
    """
    total, count, units = sum(dims), len(dims), prefixes[-1]
    needed = _product_bytes(dims) + 16 * total * _LEAST_BLOCK
    saved = units * (total + count**2) / total**2
    if needed <= memory_bytes and saved >= 1:
        return sums_of_cross_products(read_rows, dims, prefixes, memory_bytes)
    if saved > _WORTH_SAYING:
        megabytes = math.ceil(needed / 2**20)
        log.warning("with %d MB of memory this would take %.0f times less work", megabytes, saved)
    return sums_of_gram_tiles(read_rows, dims, prefixes, memory_bytes)


_WORTH_SAYING = 2
_LEAST_BLOCK = 64
_LARGEST_BLOCK = 4096


def _product_bytes(dims: Sequence[int]) -> int:
    """What the products of all pairs take, and the largest of those added to them."""
    return 4 * sum(dims) * (sum(dims) + 3 * max(dims))


def sums_of_cross_products(
    read_rows: ReadRows, dims: Sequence[int], prefixes: Sequence[int], memory_bytes: int
) -> list[GramSums]:
    """The sums from products of features, XᵢᵀXⱼ; every feature is read once."""
    total, count = sum(dims), len(dims)
    starts = np.cumsum([0, *dims[:-1]])
    block_rows = _bounded((memory_bytes - _product_bytes(dims)) // (16 * total))
    # Those of i with all j ≥ i, side by side.
    products = [np.zeros((dim, total - start)) for dim, start in zip(dims, starts, strict=True)]
    column_sums = np.zeros(total)
    with_diagonals = np.zeros((total, count))
    diagonals = np.zeros((count, count))
    diagonal_totals = np.zeros(count)
    offset = np.zeros(total)

    def sums_so_far(units: int) -> GramSums:
        inner, rows = np.zeros((count, count)), np.zeros((count, count))
        for i, (start, product) in enumerate(zip(starts, products, strict=True)):
            borders = starts[i:] - start
            squares = np.einsum("ij,ij->j", product, product)
            inner[i, i:] = inner[i:, i] = np.add.reduceat(squares, borders)
            weighted = column_sums[start : start + dims[i]] @ product * column_sums[start:]
            rows[i, i:] = rows[i:, i] = np.add.reduceat(weighted, borders)
        return GramSums(
            units=units,
            inner=inner,
            rows=rows,
            rows_diagonals=np.add.reduceat(column_sums[:, None] * with_diagonals, starts, axis=0),
            diagonals=diagonals.copy(),
            row_totals=np.add.reduceat(column_sums**2, starts),
            diagonal_totals=diagonal_totals.copy(),
        )

    snapshots = []
    for done, units in pairwise([0, *prefixes]):
        for rows in _blocks(done, units, block_rows):
            block = np.concatenate(
                [np.asarray(read_rows(i, rows), np.float64) for i in range(count)], axis=1
            )
            if rows.start == 0:
                # Any constant shift leaves both estimators as they are; one near the mean keeps
                # large common values from swallowing digits.
                offset = block.mean(axis=0)
            block -= offset
            squares = np.add.reduceat(block * block, starts, axis=1)
            for start, product in zip(starts, products, strict=True):
                product += block[:, start : start + len(product)].T @ block[:, start:]
            column_sums += block.sum(axis=0)
            with_diagonals += block.T @ squares
            diagonals += squares.T @ squares
            diagonal_totals += squares.sum(axis=0)
        snapshots.append(sums_so_far(units))
    return snapshots


def sums_of_gram_tiles(
    read_rows: ReadRows, dims: Sequence[int], prefixes: Sequence[int], memory_bytes: int
) -> list[GramSums]:
    """The sums from tiles of all Gram matrices at once, stacked and multiplied together.

    The features are read about n / (2 b) times, where b rows are as many as the memory allows:
    just once if all n fit.
    """
    total, count, units = sum(dims), len(dims), prefixes[-1]
    # The tiles take 8 N b² bytes, a block of features and the one before it 16 b D.
    block_rows = _bounded(
        (np.sqrt((16 * total) ** 2 + 32 * count * memory_bytes) - 16 * total) // (16 * count)
    )
    inner = np.zeros((count, count))
    row_sums = np.zeros((count, units))
    diagonals = np.zeros((count, units))
    offsets = [np.zeros(dim) for dim in dims]

    space = np.empty(count * min(block_rows, units) ** 2)

    def read(i: int, rows: slice) -> NDArray[np.float64]:
        return read_rows(i, rows) - offsets[i]

    def sums_so_far(units: int) -> GramSums:
        rows, diagonal = row_sums[:, :units], diagonals[:, :units]
        return GramSums(
            units=units,
            inner=inner.copy(),
            rows=rows @ rows.T,
            rows_diagonals=rows @ diagonal.T,
            diagonals=diagonal @ diagonal.T,
            row_totals=rows.sum(axis=1),
            diagonal_totals=diagonal.sum(axis=1),
        )

    snapshots = []
    before: list[slice] = []
    for done, stop in pairwise([0, *prefixes]):
        # All tiles among the first units come before any tile with later ones.
        for columns in _blocks(done, stop, block_rows):
            beside = [read(i, columns) for i in range(count)]
            if columns.start == 0:
                offsets = [block.mean(axis=0) for block in beside]
                beside = [block - offset for block, offset in zip(beside, offsets, strict=True)]
            for rows in [*before, columns]:
                shape = (count, rows.stop - rows.start, columns.stop - columns.start)
                tiles = space[: math.prod(shape)].reshape(shape)
                for i, tile in enumerate(tiles):
                    above = beside[i] if rows == columns else read(i, rows)
                    np.matmul(above, beside[i].T, out=tile)
                row_sums[:, rows] += tiles.sum(axis=2)
                if rows == columns:
                    diagonals[:, rows] = np.diagonal(tiles, axis1=1, axis2=2)
                    weight = 1.0
                else:
                    row_sums[:, columns] += tiles.sum(axis=1)
                    weight = 2.0
                flat = tiles.reshape(count, -1)
                inner += weight * (flat @ flat.T)
            before.append(columns)
        snapshots.append(sums_so_far(stop))
    return snapshots


def _bounded(block_rows: float) -> int:
    return int(min(max(block_rows, _LEAST_BLOCK), _LARGEST_BLOCK))


def _blocks(start: int, stop: int, size: int) -> Iterator[slice]:
    return (slice(first, min(first + size, stop)) for first in range(start, stop, size))
