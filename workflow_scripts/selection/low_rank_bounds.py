"""Upper bounds on the objectives of sets picked from κ = U Uᵀ + D, D diagonal, for large zoos.

As κ − D is positive semi-definite, κ⁻¹ ≤ D⁻¹ in that order, and so are their blocks: no set A has
log det (κ⁻¹)_AA above −Σ_A log D_aa. With W = D^−½ U, the mutual information is therefore at most

    F(A) = ½ log det (I + W_A W_Aᵀ) = ½ log det κ_AA − ½ Σ_A log D_aa,

and the entropy ½ log det κ_AA is F(A) + ½ Σ_A log D_aa. F is the information that noisy sights
W_a·x + ε_a, a ∈ A, give of a normal vector x: it is submodular, never falls and F(∅) = 0. So for
any set B

    F(A) ≤ F(A ∪ B) ≤ F(B) + Σ_{a∈A} [F(B ∪ a) − F(B)]

(Nemhauser, Wolsey and Fisher 1978), a sum over A, and the largest terms bound all sets of a size.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float64]

_BLOCK_BYTES = 1 << 25


def low_rank_bounds(
    factor: NDArray[np.floating],
    nugget: Matrix,
    order: Sequence[int],
    sizes: Sequence[int],
    with_inverse: bool = True,
) -> dict[int, float]:
    """The lowest bound that the first 0, 1, 2, … of some picks prove as B, for every size.

    Args:
        factor: U [m, r].
        nugget: the diagonal of D [m], above zero.
        order: indices of picks, the better the lower the bounds.
        sizes: of the sets, at most m.
        with_inverse: whether to bound the mutual information, or the entropy.
    """
    largest = max(sizes)
    with threadpool_limits(1, user_api="blas"):
        known = _scaled(factor, nugget, np.asarray(order, np.intp))
        lower = cholesky(np.eye(len(order)) + known @ known.T, lower=True)
        # Of each row of W times this, the square is what a pick takes off the row's variance.
        directions = solve_triangular(lower, known, lower=True)
        of_picks = np.concatenate([[0.0], np.cumsum(np.log(np.diag(lower)))])
        terms = np.empty((0, len(order) + 1))
        for rows in _blocks(len(nugget), factor.shape[1] + len(order)):
            gains = _gains(_scaled(factor, nugget, rows), directions)
            for place, pick in enumerate(order):
                if rows[0] <= pick <= rows[-1]:
                    gains[pick - rows[0], place + 1 :] = 0.0
            if not with_inverse:
                gains += 0.5 * np.log(nugget[rows])[:, None]
            terms = np.concatenate([terms, gains])
            terms = np.partition(terms, len(terms) - largest, axis=0)[-largest:]
    sums = np.cumsum(np.sort(terms, axis=0)[::-1], axis=0)
    return {size: float((of_picks + sums[size - 1]).min()) for size in sizes}


def _gains(rows: Matrix, directions: Matrix) -> Matrix:
    """[b, k + 1], what each of b rows of W adds to F given the first 0, 1, …, k picks."""
    taken = np.cumsum((rows @ directions.T) ** 2, axis=1)
    variances = np.repeat(1 + np.einsum("ij,ij->i", rows, rows)[:, None], len(directions) + 1, 1)
    variances[:, 1:] -= taken
    gains: Matrix = 0.5 * np.log(np.maximum(variances, 1.0))
    return gains


def _scaled(factor: NDArray[np.floating], nugget: Matrix, rows: NDArray[np.intp]) -> Matrix:
    """Some rows of W."""
    scaled: Matrix = np.asarray(factor[rows], np.float64) / np.sqrt(nugget[rows])[:, None]
    return scaled


def _blocks(count: int, width: int) -> list[NDArray[np.intp]]:
    size = max(1, _BLOCK_BYTES // (8 * width))
    return [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
