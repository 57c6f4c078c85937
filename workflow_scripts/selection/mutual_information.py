"""Mutual information between picked checkpoints and the rest: its greedy maximum, and swaps.

Under a Gaussian with covariance κ and precision P = κ⁻¹, for A ⊂ V and Jacobi's identity for the
complementary minor,

    MI(A; V∖A) = ½ [log det κ_AA + log det P_AA]   (nats).

The greedy rule of Krause, Singh and Guestrin (2008), used by Huang, Qiu and Church (2021), picks
the y that maximises var(y | A) / var(y | V∖(A∪y)). By the identity the denominator is the inverse
of P's Schur complement of y given A, so both factors follow from incremental Cholesky
factorisations, of κ and of P: O(m³) for P, then O(m) numbers per pick and column, O(k²m) in all.
How far greedy sets are from the best is bounded in ``bounds.py`` and closed in
``branch_and_bound.py``.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky
from scipy.linalg.lapack import dpotri

Matrices = Sequence[NDArray[np.float64]]

# A swap must gain more than rounding errors, else two sets might take turns.
_SMALLEST_GAIN = 1e-10
_TINY = np.finfo(np.float64).tiny


class Conditional:
    """Schur complements of a positive definite matrix given a growing set: incremental Cholesky."""

    def __init__(self, matrix: NDArray[np.float64], picks: int) -> None:
        self._matrix = matrix
        self._factor = np.empty((picks, len(matrix)))
        self._count = 0
        self.variances = np.diag(matrix).copy()

    def add(self, index: int) -> None:
        """Condition on one more variable."""
        done = self._factor[: self._count]
        row = self._matrix[index] - done[:, index] @ done
        row /= np.sqrt(row[index])
        self._factor[self._count] = row
        self._count += 1
        self.variances -= row**2


@dataclass(frozen=True)
class GreedyPicks:
    """Checkpoints in the order in which they were picked.

    Attributes:
        order: indices.
        objective: the objective of the first 1, 2, … picks; in nats, where it is information.
    """

    order: list[int]
    objective: list[float]


# Whether a candidate may be picked after the picks so far.
Allows = Callable[[Sequence[int], int], bool]


def greedy_mutual_information(
    kappa: NDArray[np.float64],
    picks: int,
    first: int | None = None,
    allows: Allows | None = None,
) -> GreedyPicks:
    """Greedy maximum mutual information.

    Args:
        kappa: [m, m], symmetric positive definite.
        picks: how many to pick, at most m.
        first: index of the first pick; ``None``: greedy too.
        allows: which candidates there are at each step, at least one; ``None``: all. Those that are
            never picked still belong to V∖A.

    Returns:
        The picks; the objective is MI(A; V∖A). Ties go to the smaller index.

    Raises:
        numpy.linalg.LinAlgError: if κ is not positive definite.
    """
    return greedy([kappa, precision(kappa)], picks, first, allows)


def greedy_entropy(kappa: NDArray[np.float64], picks: int, first: int | None = None) -> GreedyPicks:
    """Greedy maximum of ½ log det κ_AA, the entropy of the picks up to a constant per pick.

    Arguments, result and errors as in :func:`greedy_mutual_information`. With a unit diagonal
    every first pick is equally good, so pass ``first``.
    """
    cholesky(kappa)
    return greedy([kappa], picks, first)


def greedy(
    matrices: Matrices,
    picks: int,
    first: int | None = None,
    allows: Allows | None = None,
) -> GreedyPicks:
    """Greedy maximum of the sum over matrices M of ½ log det M_AA.

    Args:
        matrices: each [m, m], symmetric positive definite.
        picks, first, allows: as in :func:`greedy_mutual_information`.
    """
    conditionals = [Conditional(matrix, picks) for matrix in matrices]
    size = len(matrices[0])
    left = np.ones(size, bool)
    order: list[int] = []
    objective: list[float] = []
    while len(order) < picks:
        candidates = np.flatnonzero(left)
        gains = np.zeros(len(candidates))
        for conditional in conditionals:
            gains += 0.5 * np.log(np.maximum(conditional.variances[candidates], _TINY))
        best = int(np.argmax(gains))
        if allows is not None:
            ranked = np.argsort(-gains, kind="stable").tolist()
            best = next(one for one in ranked if allows(order, int(candidates[one])))
        if not order and first is not None:
            best = int(np.searchsorted(candidates, first))
        chosen = int(candidates[best])
        order.append(chosen)
        objective.append(float(gains[best]) + (objective[-1] if objective else 0.0))
        left[chosen] = False
        for conditional in conditionals:
            conditional.add(chosen)
    return GreedyPicks(order, objective)


def improve_by_swaps(
    matrices: Matrices, picks: Sequence[int], deadline: float = math.inf
) -> list[int]:
    """The best swap over and over, until none improves Σ_M ½ log det M_AA.

    The objective of each set that is taken is above that of the one before, so that no set comes
    twice and this ends.

    Args:
        matrices: each [m, m], symmetric positive definite.
        picks: indices of A.
        deadline: on the monotonic clock; no swap is looked for after it.

    Returns:
        A set that is at least as good; what came in stands in the place of what went out.
    """
    current = list(picks)
    objective = log_determinants(matrices, sorted(current))
    while time.monotonic() < deadline:
        swapped = _best_swap(matrices, current, objective)
        if swapped is None:
            break
        current, objective = swapped
    return current


def _best_swap(
    matrices: Matrices, picks: list[int], objective: float
) -> tuple[list[int], float] | None:
    """The picks after the swap that gains most, and their objective; ``None`` if none gains.

    Where M_AA is close to singular, as with copies of a checkpoint, rounding makes up gains that
    are none, and such swaps would go round in circles: a gain counts if the objective has it, too.
    """
    gains = swap_gains(matrices, picks)
    for place in np.argsort(-gains, axis=None, kind="stable").tolist():
        leaving, entering = divmod(place, gains.shape[1])
        if gains[leaving, entering] <= _SMALLEST_GAIN:
            break
        swapped = [*picks[:leaving], entering, *picks[leaving + 1 :]]
        found = log_determinants(matrices, sorted(swapped))
        if found > objective + _SMALLEST_GAIN:
            return swapped, found
    return None


def swap_gains(matrices: Matrices, picks: Sequence[int]) -> NDArray[np.float64]:
    """What each swap adds to Σ_M ½ log det M_AA.

    With N = (M_AA)⁻¹ and v_b the variance of b given A, taking a out divides the determinant by
    1 / N_aa, and gives b the variance v_b + (N M_Ab)²_a / N_aa: the determinant changes by the
    factor N_aa v_b + (N M_Ab)²_a.

    Returns:
        [k, m]: the pick that leaves, the variable that comes; −∞ for those that are picks already.
    """
    gains = np.zeros((len(picks), len(matrices[0])))
    for matrix in matrices:
        inverse = np.linalg.inv(matrix[np.ix_(picks, picks)])
        weights = inverse @ matrix[picks]
        variances = np.diag(matrix) - np.einsum("ab,ab->b", matrix[picks], weights)
        factors = np.outer(np.diag(inverse), np.maximum(variances, 0)) + weights**2
        gains += 0.5 * np.log(np.maximum(factors, _TINY))
    gains[:, picks] = -np.inf
    return gains


def log_determinants(matrices: Matrices, picks: Sequence[int]) -> float:
    """Σ_M ½ log det M_AA.

    Args:
        picks: indices of A.
    """
    block = np.ix_(picks, picks)
    return sum(0.5 * float(np.linalg.slogdet(matrix[block])[1]) for matrix in matrices)


def precision(kappa: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of a symmetric positive definite matrix.

    Raises:
        numpy.linalg.LinAlgError: if it is not positive definite.
    """
    # A third of the operations of solving for the identity.
    lower, _ = dpotri(cholesky(kappa, lower=True), lower=True)
    inverse: NDArray[np.float64] = np.tril(lower) + np.tril(lower, -1).T
    return inverse


def mutual_information(
    kappa: NDArray[np.float64], precision: NDArray[np.float64], picks: Sequence[int]
) -> float:
    """MI(A; V∖A) in nats, given κ and its inverse.

    Args:
        picks: indices of A.
    """
    block = np.ix_(picks, picks)
    return 0.5 * float(np.linalg.slogdet(kappa[block])[1] + np.linalg.slogdet(precision[block])[1])


def hub(kappa: NDArray[np.float64]) -> int:
    """The variable with the largest row sum of κ."""
    return int(np.argmax(kappa.sum(axis=1)))
