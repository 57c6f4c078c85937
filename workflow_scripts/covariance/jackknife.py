"""Half-samples of the probe: how sure an estimate of the covariance is.

Units that depend on each other (the words of a sentence, the rotated copies of an image) stay
together in a group, and groups are shared out at random among blocks of about equal size. A
replicate is the estimate from one half of the blocks. The variance of a mean over half of the
blocks, drawn without replacement, around the mean over all is S²/(B/2) · (1 − 1/2) = S²/B, just
the variance of the mean over all (the delete-half jackknife; Shao and Wu 1989, "A general theory
for jackknife variance estimation"). Against a bootstrap with replacement it has the advantage
that no unit meets its own copy, which an estimator for independent units would take for
similarity.

All replicates follow from the tiles of every pair of blocks, which cost as much as one estimate
from Gram tiles; each is added to the replicates that have both of its blocks, and forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.covariance.feature_blocks import CentredFeatures, ReadRows
from workflow_scripts.covariance.feature_blocks import blocks as parts
from workflow_scripts.covariance.gram_tiles import largest_block
from workflow_scripts.covariance.kernel_alignment import Estimator, GramSums, kernel_alignment

# Blocks are drawn by halves, of which there must be several.
LEAST_GROUPS = 4
# Units of a block that are multiplied at a time; larger tiles would be too large for the cache.
_LARGEST_PIECE = 256
_LEAST_PIECE = 16


@dataclass(frozen=True)
class HalfSums:
    """Sums over halves of B blocks, for N Gram matrices K_i of n units.

    Attributes:
        starts: [B + 1], where each block begins, and n.
        halves: [R, B], which blocks each half has.
        inner: [R, N, N], ⟨K_i, K_j⟩ over the units of each half, without the diagonals.
        rows: [B, N, n], the sums of the rows of K_i over each block.
        diagonals: [N, n], the diagonals of K_i.
    """

    starts: NDArray[np.int64]
    halves: NDArray[np.bool_]
    inner: NDArray[np.float64]
    rows: NDArray[np.float32]
    diagonals: NDArray[np.float32]

    def of(self, half: int) -> GramSums:
        """The sums over the units of a half."""
        blocks = self.halves[half]
        units = np.repeat(blocks, np.diff(self.starts))
        rows = np.tensordot(blocks.astype(np.float32), self.rows, 1)[:, units].astype(np.float64)
        diagonals = self.diagonals[:, units].astype(np.float64)
        return GramSums(
            units=rows.shape[1],
            inner=self.inner[half],
            rows=rows @ rows.T,
            rows_diagonals=rows @ diagonals.T,
            diagonals=diagonals @ diagonals.T,
            row_totals=rows.sum(axis=1),
            diagonal_totals=diagonals.sum(axis=1),
        )


def draw_blocks(
    groups: NDArray[np.int64], blocks: int, most_units: int, seed: int
) -> list[NDArray[np.int64]]:
    """Share the groups out among blocks, at random.

    Args:
        groups: [n], the group of every unit.
        blocks: how many to make, made even; fewer where there are fewer groups.
        most_units: groups are left out as soon as there are so many units.

    Returns:
        The units of each block.

    Raises:
        ValueError: if there are too few groups.
    """
    found, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(found) < LEAST_GROUPS:
        raise ValueError(
            f"the probe has {len(found)} sentences or images; resampling needs at least "
            f"{LEAST_GROUPS}"
        )
    order = seeded_order(range(len(found)), seed, "blocks")
    ends = list(accumulate(sizes[group] for group in order))
    kept = order[: max(LEAST_GROUPS, int(np.searchsorted(ends, most_units)) + 1)]
    count = min(blocks, len(kept)) // 2 * 2
    block_of_group = np.full(len(found), -1)
    block_of_group[kept] = np.arange(len(kept)) % count
    block_of_unit = block_of_group[group_of]
    return [np.flatnonzero(block_of_unit == block) for block in range(count)]


def draw_halves(blocks: int, count: int, seed: int) -> NDArray[np.bool_]:
    """Random halves of the blocks, [count, blocks]: which blocks each of them has."""
    halves = np.zeros((count, blocks), bool)
    for number, half in enumerate(halves):
        half[seeded_order(range(blocks), seed, "half", number)[: blocks // 2]] = True
    return halves


@dataclass(frozen=True)
class _Piece:
    """Some units of a block.

    Attributes:
        block: its number.
        rows: the units.
        features: of each checkpoint, [b + 1, d_i]; below those of the units stands their sum,
            whose products with the features of others are sums of rows.
    """

    block: int
    rows: slice
    features: list[NDArray[np.float32]]


def half_sums(
    read_rows: ReadRows,
    dims: Sequence[int],
    sizes: Sequence[int],
    halves: NDArray[np.bool_],
    memory_bytes: int,
) -> HalfSums:
    """The sums over every half.

    Args:
        read_rows: ``read_rows(i, rows)`` gives the features [b, d_i] of checkpoint i; units of a
            block are neighbours.
        dims: the widths d_i.
        sizes: [B], how many units each block has.
        halves: [R, B], which blocks each half has.
        memory_bytes: how much tiles and features may take, beside the sums themselves; features
            that it has no place for are read several times.
    """
    starts = np.cumsum([0, *sizes])
    count, units = len(dims), int(starts[-1])
    features = CentredFeatures(read_rows, dims, [units])
    size, held = _plan(dims, memory_bytes)
    spans = [
        (block, rows)
        for block, (start, stop) in enumerate(pairwise(starts.tolist()))
        for rows in parts(start, stop, size)
    ]
    sums = HalfSums(
        starts,
        halves,
        np.zeros((len(halves), count, count)),
        np.zeros((len(sizes), count, units), np.float32),
        np.zeros((count, units), np.float32),
    )
    space = np.empty(count * (size + 1) ** 2, np.float32)
    for group in parts(0, len(spans), held):
        above: list[_Piece] = []
        for number, span in enumerate(spans[group.start :]):
            beside = _read(features, *span)
            if number < held:
                above.append(beside)
            for piece in above:
                _add_tiles(sums, piece, beside, space)
    return sums


def _plan(dims: Sequence[int], memory_bytes: int) -> tuple[int, int]:
    """How many units to multiply at a time, and how many times as many to hold in memory beside
    those that they are multiplied with."""
    total, count = sum(dims), len(dims)
    size = largest_block(memory_bytes, count, 8 * total)
    size = min(max(size, _LEAST_PIECE), _LARGEST_PIECE)
    left = memory_bytes - 4 * count * size**2
    return size, max(left // (4 * total * size) - 1, 1)


def _read(features: CentredFeatures, block: int, rows: slice) -> _Piece:
    """Read the features of some units, and add them up."""
    read = []
    for i, dim in enumerate(features.dims):
        one = np.empty((rows.stop - rows.start + 1, dim), np.float32)
        features.read(i, rows, out=one[:-1])
        one[:-1].sum(axis=0, out=one[-1])
        read.append(one)
    return _Piece(block, rows, read)


def _add_tiles(sums: HalfSums, above: _Piece, beside: _Piece, space: NDArray[np.float32]) -> None:
    """Add what the tiles of two pieces tell, in ``space``, to the halves that have both."""
    count = len(above.features)
    shape = count, len(above.features[0]), len(beside.features[0])
    tiles = space[: np.prod(shape)].reshape(shape)
    for left, right, tile in zip(above.features, beside.features, tiles, strict=True):
        np.matmul(left, right.T, out=tile)
    sums.rows[beside.block, :, above.rows] += tiles[:, :-1, -1]
    if above is beside:
        diagonal = np.arange(shape[1] - 1)
        sums.diagonals[:, above.rows] = tiles[:, diagonal, diagonal]
        tiles[:, diagonal, diagonal] = 0
    else:
        sums.rows[above.block, :, beside.rows] += tiles[:, -1, :-1]
    tiles[:, -1] = tiles[:, :, -1] = 0
    flat = tiles.reshape(count, -1)
    inner = (flat @ flat.T).astype(np.float64) * (1 if above is beside else 2)
    for half in np.flatnonzero(sums.halves[:, above.block] & sums.halves[:, beside.block]):
        sums.inner[half] += inner


def half_samples(sums: HalfSums, estimator: Estimator) -> NDArray[np.float64]:
    """The estimates [R, N, N] from the halves.

    Raises:
        ValueError: as :func:`kernel_alignment`.
    """
    estimates = np.empty_like(sums.inner)
    for half in range(len(estimates)):
        estimates[half] = kernel_alignment(sums.of(half), estimator)
    return estimates


def spread_about(
    kappa: NDArray[np.float64], halves: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Replicates [R, N, N] of an estimate, which vary about it as it varies about the truth.

    Args:
        kappa: [N, N], the estimate from the whole probe.
        halves: [R, N, N], estimates from halves of some of its units.
        share: of those units among all; the variance of an estimate goes with one over the units.
    """
    # In place, because replicates of a large zoo fill much of the memory.
    replicates: NDArray[np.float64] = halves - halves.mean(axis=0)
    replicates *= np.sqrt(share)
    replicates += kappa
    return replicates
