"""The ridge residual that an unseen task is expected to leave, and its greedy minimum.

The unseen task's targets on n probe units are a draw from N(0, K̄), where K̄ is the consensus of
the zoo: the mean of the checkpoints' Gram matrices K_i = Z_i Z_iᵀ, each of trace n. Ridge
regression on the pooled kernel K_A, the mean of K_i over the picks A, leaves (I − K_A (K_A +
λI)⁻¹) y = λ (K_A + λI)⁻¹ y of the targets y, whose expected square is

    R(A) = λ² tr[(K_A + λI)⁻¹ K̄ (K_A + λI)⁻¹],

out of tr K̄ = n. R / n is the share of the targets' variance that is left, between 0 and 1.

No n×n system is solved for a candidate. All Z_i live in the space of the pooled features, of r ≤
min(n, Σd) dimensions. With m picks including the candidate c, and P = (Σ_A K_i + mλI)⁻¹ in that
space, K_A + λI is (P⁻¹ + Z_c Z_cᵀ) / m, and by Woodbury's identity its inverse is m (P − UUᵀ) with
U = P Z_c L⁻ᵀ, LLᵀ = I + Z_cᵀ P Z_c. So each pick costs one inverse, O(r³), and each candidate
O(r² d).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from workflow_scripts.selection.mutual_information import GreedyPicks

Matrix = NDArray[np.float64]


def standardised(features: NDArray[np.floating]) -> Matrix:
    """Z [n, d] with ZZᵀ the centred Gram matrix of standardised features, of trace n.

    Columns get mean zero and equal norms. Columns that do not vary are left out.

    Raises:
        ValueError: if no column varies.
    """
    centred = np.asarray(features, np.float64)
    largest = np.abs(centred).max(axis=0)
    centred = centred - centred.mean(axis=0)
    norms = np.sqrt(np.einsum("ij,ij->j", centred, centred))
    varies = norms > _ROUNDING * np.sqrt(len(centred)) * largest
    if not varies.any():
        raise ValueError("the features do not vary")
    scale = np.sqrt(len(centred) / varies.sum())
    return np.asarray(centred[:, varies] / norms[varies] * scale)


# A column whose spread is a smaller share of its largest value is constant but for rounding.
_ROUNDING = 1e-12


def greedy_expected_risk(factors: Sequence[Matrix], picks: int, ridge: float) -> GreedyPicks:
    """Greedy minimum of the expected risk.

    Args:
        factors: Z_i [n, d_i] of every checkpoint, of :func:`standardised`.
        picks: how many to pick, at most as many as there are.
        ridge: λ > 0; the mean eigenvalue of each K_i is one.

    Returns:
        The picks; the objective is −R/n, at most zero. Pooling is a mean, so that it may fall when
        a checkpoint is added. Ties go to the smaller index.
    """
    units = len(factors[0])
    factors = in_pooled_space(factors)
    size = len(factors[0])
    consensus = np.zeros((size, size))
    for factor in factors:
        consensus += factor @ factor.T / len(factors)
    pooled = np.zeros((size, size))
    left = list(range(len(factors)))
    order: list[int] = []
    objective: list[float] = []
    while len(order) < picks:
        count = len(order) + 1
        loading = count * ridge
        inverse = _inverse(pooled + loading * np.eye(size))
        moved = inverse @ consensus
        start = float(np.vdot(moved, inverse))
        residuals = [_residual(factors[one], inverse, moved, consensus, start) for one in left]
        best = int(np.argmin(residuals))
        order.append(left.pop(best))
        objective.append(-(loading**2) * residuals[best] / units)
        pooled += factors[order[-1]] @ factors[order[-1]].T
    return GreedyPicks(order, objective)


def _residual(
    factor: Matrix, inverse: Matrix, moved: Matrix, consensus: Matrix, start: float
) -> float:
    """tr[(P − UUᵀ) K̄ (P − UUᵀ)], given P, P K̄ and tr[P K̄ P]."""
    solved = inverse @ factor
    inner = factor.T @ solved
    inner[np.diag_indices_from(inner)] += 1
    update = solve_triangular(cholesky(inner, lower=True), solved.T, lower=True).T
    weighted = consensus @ update
    crossed = float(np.vdot(moved @ update, update))
    return start - 2 * crossed + float(np.vdot(update.T @ weighted, update.T @ update))


def in_pooled_space(factors: Sequence[Matrix]) -> list[Matrix]:
    """The same factors in an orthonormal basis of all their columns, where that is smaller.

    Args:
        factors: [n, d_i].

    Returns:
        [r, d_i] with the same products Z_iᵀ Z_j, r ≤ min(n, Σd).
    """
    if sum(factor.shape[1] for factor in factors) >= len(factors[0]):
        return list(factors)
    basis, _ = np.linalg.qr(np.concatenate(factors, axis=1))
    return [basis.T @ factor for factor in factors]


def _inverse(matrix: Matrix) -> Matrix:
    inverse = cho_solve((cholesky(matrix, lower=True), True), np.eye(len(matrix)))
    return np.asarray((inverse + inverse.T) / 2)
