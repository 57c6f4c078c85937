"""Mutual information between picked checkpoints and the rest, and its greedy maximum.

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

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky
from scipy.linalg.lapack import dpotri

from workflow_scripts.selection.conditional import Conditional


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
    matrices: Sequence[NDArray[np.float64]],
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


_TINY = np.finfo(np.float64).tiny


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
