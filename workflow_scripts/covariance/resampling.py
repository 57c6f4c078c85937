"""Half-samples of the probe: how sure an estimate of the covariance is.

Units that depend on each other (the words of a sentence, the rotated copies of an image) stay
together in a group, and groups are shared out at random among blocks of about equal size. A
replicate is the estimate from one half of the blocks. The variance of a mean over half of the
blocks, drawn without replacement, around the mean over all is S²/(B/2) · (1 − 1/2) = S²/B, just
the variance of the mean over all (the delete-half jackknife; Shao and Wu 1989, "A general theory
for jackknife variance estimation"). Against a bootstrap with replacement it has the advantage
that no unit meets its own copy, which an estimator for independent units would take for
similarity.

All replicates follow from the sums of every pair of blocks, which cost as much as one estimate
from Gram tiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.covariance.kernel_alignment import Estimator, GramSums, kernel_alignment

# Of one checkpoint: the features [b, d] of some units.
ReadUnits = Callable[[NDArray[np.int64]], NDArray[np.floating]]

# Blocks are drawn by halves, of which there must be several.
LEAST_GROUPS = 4


@dataclass(frozen=True)
class BlockSums:
    """Sums over every pair of blocks, for N Gram matrices K_i of n units in B blocks.

    Attributes:
        starts: [B + 1], where each block begins, and n.
        inner: [B, B, N, N], ⟨K_i, K_j⟩ over the units of one block against those of another,
            without the diagonals.
        rows: [N, n, B], the sums of the rows of K_i over each block.
        diagonals: [N, n], the diagonals of K_i.
    """

    starts: NDArray[np.int64]
    inner: NDArray[np.float64]
    rows: NDArray[np.float32]
    diagonals: NDArray[np.float64]

    def of(self, blocks: Sequence[int]) -> GramSums:
        """The sums over the units of some blocks."""
        inner = self.inner[np.ix_(blocks, blocks)].sum(axis=(0, 1))
        units = np.concatenate([np.arange(*self.starts[block : block + 2]) for block in blocks])
        chosen = np.zeros(self.rows.shape[2], np.float32)
        chosen[list(blocks)] = 1
        rows = (self.rows[:, units] @ chosen).astype(np.float64)
        diagonals = self.diagonals[:, units]
        return GramSums(
            units=len(units),
            inner=inner,
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


def block_sums(features: Sequence[ReadUnits], blocks: Sequence[NDArray[np.int64]]) -> BlockSums:
    """The sums over every pair of blocks.

    Args:
        features: of each checkpoint.
        blocks: the units of each block.
    """
    starts = np.cumsum([0, *map(len, blocks)])
    units = np.concatenate(blocks)
    spans = [slice(start, stop) for start, stop in pairwise(starts)]
    # Any constant shift leaves both estimators as they are; the mean's keeps digits.
    centred = []
    for read in features:
        rows = np.asarray(read(units), np.float64)
        centred.append((rows - rows.mean(axis=0)).astype(np.float32))
    inner = np.empty((len(blocks), len(blocks), len(features), len(features)))
    for a, above in enumerate(spans):
        for b, beside in enumerate(spans[a:], start=a):
            tiles = np.stack([one[above] @ one[beside].T for one in centred])
            if a == b:
                tiles[:, range(len(tiles[0])), range(len(tiles[0]))] = 0
            flat = tiles.reshape(len(tiles), -1)
            inner[a, b] = inner[b, a] = flat @ flat.T
    totals = [np.stack([one[span].sum(axis=0) for span in spans]) for one in centred]
    rows = np.stack([one @ sums.T for one, sums in zip(centred, totals, strict=True)])
    diagonals = np.stack([np.einsum("nd,nd->n", one, one, dtype=np.float64) for one in centred])
    return BlockSums(starts, inner, rows.astype(np.float32), diagonals)


def half_samples(
    sums: BlockSums, estimator: Estimator, count: int, seed: int
) -> NDArray[np.float64]:
    """The estimates [count, N, N] from random halves of the blocks.

    Raises:
        ValueError: as :func:`kernel_alignment`.
    """
    blocks = len(sums.starts) - 1
    halves = (seeded_order(range(blocks), seed, "half", i)[: blocks // 2] for i in range(count))
    return np.stack([kernel_alignment(sums.of(sorted(half)), estimator) for half in halves])


def spread_about(
    kappa: NDArray[np.float64], halves: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Replicates [R, N, N] of an estimate, which vary about it as it varies about the truth.

    Args:
        kappa: [N, N], the estimate from the whole probe.
        halves: [R, N, N], estimates from halves of some of its units.
        share: of those units among all; the variance of an estimate goes with one over the units.
    """
    replicates: NDArray[np.float64] = kappa + np.sqrt(share) * (halves - halves.mean(axis=0))
    return replicates
