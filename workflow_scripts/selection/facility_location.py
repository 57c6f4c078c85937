"""Selections that read κ as a similarity: of all checkpoints to the picks nearest to them.

The coverage of a set A is F(A) = Σ_j max_{i∈A} κ_ij over all checkpoints j. It is monotone and
submodular: where no κ is negative, greedy picks reach at least 1 − 1/e of the best (Nemhauser,
Wolsey and Fisher 1978).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.selection.mutual_information import GreedyPicks


def greedy_facility_location(kappa: NDArray[np.float64], picks: int) -> GreedyPicks:
    """Greedy maximum of the coverage; the first pick is the hub.

    Args:
        kappa: [m, m], symmetric.
        picks: how many to pick, at most m.

    Returns:
        The picks; the objective is the coverage. Ties go to the smaller index.
    """
    return _greedy_among(kappa, picks, np.arange(len(kappa)))


def k_medoids(kappa: NDArray[np.float64], picks: int) -> GreedyPicks:
    """The medoids of ``picks`` clusters under the distance 1 − κ, by PAM.

    The sum of distances to the nearest medoid is m minus the coverage. PAM (Kaufman and Rousseeuw
    1990, chapter 2) begins with the greedy picks (BUILD), then makes the best of all swaps of a
    medoid for another checkpoint as long as it lowers the sum (SWAP).

    Arguments as in :func:`greedy_facility_location`.

    Returns:
        The medoids in the order in which greedy coverage takes them; the objective is minus the
        sum of distances. Sets of different sizes need not be nested.
    """
    size = len(kappa)
    medoids = greedy_facility_location(kappa, picks).order
    covered = coverage(kappa, medoids)
    while True:
        best, swap = covered, None
        others = np.setdiff1d(np.arange(size), medoids)
        for place in range(picks):
            kept = medoids[:place] + medoids[place + 1 :]
            nearest = kappa[kept].max(axis=0, initial=-np.inf)
            values = np.maximum(kappa[others], nearest).sum(axis=1)
            if len(others) and values.max() > best + _ROUNDING * size:
                best, swap = values.max(), (place, int(others[np.argmax(values)]))
        if swap is None:
            break
        medoids[swap[0]] = swap[1]
        covered = coverage(kappa, medoids)
    found = _greedy_among(kappa, picks, np.sort(medoids))
    return GreedyPicks(found.order, [value - size for value in found.objective])


def largest_row_sums(kappa: NDArray[np.float64], picks: int) -> GreedyPicks:
    """The checkpoints with the largest row sums of κ; the objective is the sum of theirs."""
    sums = kappa.sum(axis=1)
    order = np.argsort(-sums, kind="stable")[:picks]
    return GreedyPicks(order.tolist(), np.cumsum(sums[order]).tolist())


def coverage(kappa: NDArray[np.float64], picks: Sequence[int]) -> float:
    """F(A) = Σ_j max_{i∈A} κ_ij of at least one pick."""
    return float(kappa[list(picks)].max(axis=0).sum())


# For each checkpoint; a swap that gains less could be undone forever.
_ROUNDING = 1e-12


def _greedy_among(
    kappa: NDArray[np.float64], picks: int, candidates: NDArray[np.intp]
) -> GreedyPicks:
    nearest = np.full(len(kappa), -np.inf)
    left = candidates
    order: list[int] = []
    objective: list[float] = []
    while len(order) < picks:
        values = np.maximum(kappa[left], nearest).sum(axis=1)
        # Two checkpoints that are nearest to each other gain alike, but for rounding.
        best = int(np.argmax(values >= values.max() - _ROUNDING * len(kappa)))
        chosen = int(left[best])
        order.append(chosen)
        objective.append(float(values[best]))
        nearest = np.maximum(nearest, kappa[chosen])
        left = np.delete(left, best)
    return GreedyPicks(order, objective)
