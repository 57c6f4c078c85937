"""Greedy selection from κ = U Uᵀ + diag(ν), without any matrix of m × m.

By the Woodbury identity, with D = diag(ν) and S = I + Uᵀ D⁻¹ U = L Lᵀ,

    κ⁻¹ = D⁻¹ − W Wᵀ,    W = D⁻¹ U L⁻ᵀ,

so κ and κ⁻¹ are both a diagonal plus or minus a product of low rank, and conditional variances
given the picks follow from a few rows of either: O(m r²) once, then O(r k) for each candidate that
is looked at. Both log-determinants are submodular, so a candidate's gain only ever shrinks: one
whose last known gain is below the best of those looked at anew need not be looked at (Minoux 1978,
"Accelerated greedy algorithms for maximizing submodular set functions").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from workflow_scripts.selection.mutual_information import GreedyPicks

# Candidates that are looked at together.
_BATCH = 256
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class DiagonalAndProduct:
    """The matrix diag(d) + s V Vᵀ.

    Attributes:
        diagonal: d [m].
        vectors: V [m, r].
        sign: s, 1 or −1.
    """

    diagonal: NDArray[np.float64]
    vectors: NDArray[np.float64]
    sign: int

    @classmethod
    def inverse_of(cls, factor: NDArray[np.float64], nugget: NDArray[np.float64]) -> Self:
        """(U Uᵀ + diag(ν))⁻¹."""
        scaled = factor / np.sqrt(nugget)[:, None]
        lower = cholesky(
            np.eye(factor.shape[1]) + scaled.T @ scaled, lower=True, check_finite=False
        )
        vectors = solve_triangular(
            lower, scaled.T, lower=True, overwrite_b=True, check_finite=False
        ).T
        vectors /= np.sqrt(nugget)[:, None]
        return cls(1 / nugget, vectors, -1)

    def variances(self) -> NDArray[np.float64]:
        """The diagonal [m]."""
        squares = np.einsum("mr,mr->m", self.vectors, self.vectors)
        variances: NDArray[np.float64] = self.diagonal + self.sign * squares
        return variances

    def block(self, rows: Sequence[int], columns: Sequence[int]) -> NDArray[np.float64]:
        """The entries at rows × columns."""
        block = self.sign * (self.vectors[rows] @ self.vectors[columns].T)
        block += np.where(np.equal.outer(rows, columns), self.diagonal[columns], 0.0)
        return block


def greedy_low_rank(
    factor: NDArray[np.float64],
    nugget: NDArray[np.float64],
    picks: int,
    first: int | None = None,
    with_inverse: bool = True,
) -> GreedyPicks:
    """Greedy maximum of the mutual information, or of the entropy alone.

    Args:
        factor: U [m, r].
        nugget: ν [m], above zero.
        picks: how many to pick, at most m.
        first: index of the first pick; ``None``: greedy too.
        with_inverse: whether κ⁻¹ counts too; κ alone is the entropy.

    Returns:
        As :func:`greedy_mutual_information` and :func:`greedy_entropy` give for U Uᵀ + diag(ν).
    """
    matrices = [DiagonalAndProduct(nugget, factor, 1)]
    if with_inverse:
        matrices.append(DiagonalAndProduct.inverse_of(factor, nugget))
    known = sum(_half_log(matrix.variances()) for matrix in matrices)
    assert isinstance(known, np.ndarray)
    order: list[int] = []
    objective: list[float] = []
    while len(order) < picks:
        start = first if not order else None
        chosen = _best(matrices, order, known) if start is None else start
        gain = float(known[chosen])
        order.append(chosen)
        objective.append(gain + (objective[-1] if objective else 0.0))
        known[chosen] = -np.inf
    return GreedyPicks(order, objective)


def _best(
    matrices: Sequence[DiagonalAndProduct], order: list[int], known: NDArray[np.float64]
) -> int:
    """The candidate of the largest gain, the first of equals; ``known`` is brought up to date."""
    if not order:
        return int(np.argmax(known))
    lowers = [cholesky(matrix.block(order, order), lower=True) for matrix in matrices]
    best = -np.inf
    fresh = np.zeros(len(known), bool)
    size = _BATCH
    while True:
        stale = np.flatnonzero(~fresh & (known >= best) & (known > -np.inf))
        if not len(stale):
            # The first of equals, whether or not it was in the same batch.
            return int(np.flatnonzero(fresh & (known == best))[0])
        if len(stale) > size:
            stale = stale[np.argpartition(-known[stale], size)[:size]]
        known[stale] = sum(
            _half_log(_conditional(matrix, lower, order, stale))
            for matrix, lower in zip(matrices, lowers, strict=True)
        )
        fresh[stale] = True
        best = max(best, float(known[stale].max()))
        size *= 2


def _conditional(
    matrix: DiagonalAndProduct,
    lower: NDArray[np.float64],
    order: list[int],
    candidates: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Variances [b] of candidates given the picks."""
    solved = solve_triangular(lower, matrix.block(order, candidates.tolist()), lower=True)
    own = matrix.vectors[candidates]
    variances: NDArray[np.float64] = (
        matrix.diagonal[candidates]
        + matrix.sign * np.einsum("br,br->b", own, own)
        - np.einsum("kb,kb->b", solved, solved)
    )
    return variances


def _half_log(variances: NDArray[np.float64]) -> NDArray[np.float64]:
    halves: NDArray[np.float64] = 0.5 * np.log(np.maximum(variances, _TINY))
    return halves


def low_rank_hub(factor: NDArray[np.float64], nugget: NDArray[np.float64]) -> int:
    """The variable with the largest row sum of U Uᵀ + diag(ν)."""
    return int(np.argmax(factor @ factor.sum(axis=0) + nugget))
