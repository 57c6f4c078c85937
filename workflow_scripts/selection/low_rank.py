"""Greedy selection from κ = U Uᵀ + D, D diagonal, without a matrix of all pairs of checkpoints,
and upper bounds on the objective.

By the Woodbury identity κ⁻¹ = P = D⁻¹ − D⁻¹ U S⁻¹ Uᵀ D⁻¹ with S = I + Uᵀ D⁻¹ U, so both κ and
D P D = D − U S⁻¹ Uᵀ have the form D + U M Uᵀ. Off the diagonal, a row of their incremental Cholesky
factor given the picks is U a, with one vector a [r] a pick, so the variance of a candidate given k
picks costs O(k r) operations, for that candidate alone.

Given more picks, variances under κ and P only fall, so a gain from before is an upper bound, and
only candidates whose bound reaches the best gain are looked at (Minoux 1978, "Accelerated greedy
algorithms for maximizing submodular set functions"). The first bound needs no P: P_yy ≤ 1 / D_yy,
and nearly equal to it for most where m is much larger than r, as the sum of 1 − D_yy P_yy over all
y is at most r. What is left is S: O(m r²).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from threadpoolctl import threadpool_limits

from workflow_scripts.selection.mutual_information import GreedyPicks

Matrix = NDArray[np.float64]

_BLOCK_BYTES = 1 << 25
# Candidates that are looked at together; twice as many the next time.
_BATCH = 32
# A gain that is computed anew may differ from itself by rounding.
_ROUNDING = 1e-11
_TINY = np.finfo(np.float64).tiny


def greedy_low_rank(
    factor: NDArray[np.floating],
    nugget: Matrix,
    picks: int,
    first: int | None = None,
    with_inverse: bool = True,
) -> GreedyPicks:
    """Greedy maximum of the mutual information, or of the entropy alone.

    Args:
        factor: U [m, r], float32 or float64; computed with in float64.
        nugget: the diagonal of D [m], above zero.
        picks: how many to pick, at most m.
        first: index of the first pick; ``None``: greedy too.
        with_inverse: whether κ⁻¹ counts too; κ alone is the entropy.

    Returns:
        As :func:`greedy_mutual_information` and :func:`greedy_entropy` give for U Uᵀ + D.
    """
    # Threads of BLAS wait for each other within every one of hundreds of short products: beside
    # other work that took seven times as long.
    with threadpool_limits(1, user_api="blas"):
        return _greedy(factor, nugget, picks, first, with_inverse)


def _greedy(
    factor: NDArray[np.floating],
    nugget: Matrix,
    picks: int,
    first: int | None,
    with_inverse: bool,
) -> GreedyPicks:
    rank = factor.shape[1]
    kappa = _Conditional(_diagonal(factor, nugget), lambda rows: rows, picks, rank)
    if not with_inverse:
        bounds, offsets = 0.5 * np.log(kappa.diagonal), np.zeros(len(nugget))
        return _lazy_greedy(factor, [kappa], bounds, offsets, picks, first)
    lower = cholesky(_weighted_gram(factor, nugget), lower=True)

    def minus_inverse(rows: Matrix) -> Matrix:
        solved: Matrix = cho_solve((lower, True), rows.T, check_finite=False).T
        return -solved

    def diagonal(indices: NDArray[np.intp], rows: Matrix) -> Matrix:
        # Half the work of minus_inverse, and where gains are alike it is most of all work.
        solved = solve_triangular(lower, rows.T, lower=True, check_finite=False)
        found: Matrix = nugget[indices] - np.einsum("ri,ri->i", solved, solved)
        return found

    unknown = np.full(len(nugget), np.nan)
    scaled = _Conditional(unknown, minus_inverse, picks, rank, diagonal)
    # log det of P is that of D P D less twice that of D.
    offsets = -np.log(nugget)
    bounds = 0.5 * (np.log(kappa.diagonal) + np.log(nugget)) + offsets
    return _lazy_greedy(factor, [kappa, scaled], bounds, offsets, picks, first)


def low_rank_hub(factor: NDArray[np.floating], nugget: Matrix) -> int:
    """The variable with the largest row sum of U Uᵀ + diag(nugget)."""
    return int(np.argmax(factor @ factor.sum(axis=0, dtype=np.float64) + nugget))


class _Conditional:
    """Variances under D + U M Uᵀ given a growing set of variables.

    Args:
        diagonal: [m]; not a number where it is not known yet.
        times_middle: rows [b, r] times M.
        picks: how many variables there will be.
        rank: r.
        entries: the diagonal at some indices, whose rows of U are given.
    """

    def __init__(
        self,
        diagonal: Matrix,
        times_middle: Callable[[Matrix], Matrix],
        picks: int,
        rank: int,
        entries: Callable[[NDArray[np.intp], Matrix], Matrix] | None = None,
    ) -> None:
        self._entries = entries
        self._times_middle = times_middle
        self.diagonal = diagonal
        # The factor's row of a pick is U times the row of this.
        self._directions = np.empty((picks, rank))
        self._count = 0

    def variances(self, indices: NDArray[np.intp], rows: Matrix) -> Matrix:
        """Of variables that are no picks, whose rows of U are given."""
        unknown = np.isnan(self.diagonal[indices])
        if self._entries is not None and unknown.any():
            found = self._entries(indices[unknown], rows[unknown])
            self.diagonal[indices[unknown]] = found
        shared = rows @ self._directions[: self._count].T
        left: Matrix = self.diagonal[indices] - np.einsum("ij,ij->i", shared, shared)
        return np.maximum(left, _TINY)

    def add(self, index: int, row: Matrix) -> None:
        """Condition on one more variable, whose row of U is given."""
        variance = self.variances(np.array([index]), row[None])[0]
        done = self._directions[: self._count]
        direction = self._times_middle(row[None])[0] - (done @ row) @ done
        self._directions[self._count] = direction / np.sqrt(variance)
        self._count += 1


def _lazy_greedy(
    factor: NDArray[np.floating],
    parts: list[_Conditional],
    bounds: Matrix,
    offsets: Matrix,
    picks: int,
    first: int | None,
) -> GreedyPicks:
    """Greedy maximum of the sum of ½ log variances and offsets.

    Args:
        bounds: [m], of the gains of first picks.
        offsets: [m], added to gains.
    """

    def gains(indices: NDArray[np.intp]) -> Matrix:
        rows = np.asarray(factor[indices], np.float64)
        found = offsets[indices]
        for part in parts:
            found = found + 0.5 * np.log(part.variances(indices, rows))
        return found

    order: list[int] = []
    objective: list[float] = []
    while len(order) < picks:
        if not order and first is not None:
            chosen, gain = first, float(gains(np.array([first]))[0])
        else:
            chosen, gain = _best(bounds, gains, factor.shape[1])
        order.append(chosen)
        objective.append(gain + (objective[-1] if objective else 0.0))
        bounds[chosen] = -np.inf
        row = np.asarray(factor[chosen], np.float64)
        for part in parts:
            part.add(chosen, row)
    return GreedyPicks(order, objective)


def _best(
    bounds: Matrix, gains: Callable[[NDArray[np.intp]], Matrix], rank: int
) -> tuple[int, float]:
    """The variable with the largest gain, the first of equals, and its gain.

    Bounds that were looked at are replaced by gains.
    """
    fresh, stale = np.full(len(bounds), -np.inf), bounds.copy()
    batch, most = _BATCH, max(_BATCH, _BLOCK_BYTES // (8 * max(1, rank)))
    best = -np.inf
    while True:
        look = np.flatnonzero((stale > -np.inf) & (stale >= best - _ROUNDING))
        if not len(look):
            return int(np.argmax(fresh)), best
        if len(look) > batch:
            look = look[np.argpartition(-stale[look], batch)[:batch]]
        fresh[look] = bounds[look] = gains(look)
        stale[look] = -np.inf
        best = float(fresh.max())
        batch = min(2 * batch, most)


def _diagonal(factor: NDArray[np.floating], nugget: Matrix) -> Matrix:
    """That of κ."""
    diagonal = nugget.copy()
    for rows in _row_blocks(*factor.shape):
        block = np.asarray(factor[rows], np.float64)
        diagonal[rows] += np.einsum("ij,ij->i", block, block)
    return diagonal


def _weighted_gram(factor: NDArray[np.floating], nugget: Matrix) -> Matrix:
    """S [r, r]."""
    total = np.eye(factor.shape[1])
    for rows in _row_blocks(*factor.shape):
        block = factor[rows] / np.sqrt(nugget[rows])[:, None]
        # Of a matrix and its own transpose numpy computes one half only.
        total += block.T @ block
    return total


def low_rank_bounds(
    factor: NDArray[np.floating],
    nugget: Matrix,
    order: Sequence[int],
    sizes: Sequence[int],
    with_inverse: bool = True,
) -> dict[int, float]:
    """The lowest bound that the first 0, 1, 2, … of some picks prove as B, for every size.

    As κ − D is positive semi-definite, κ⁻¹ ≤ D⁻¹ in that order, and so are their blocks: no set A
    has log det (κ⁻¹)_AA above −Σ_A log D_aa. With W = D^−½ U, the mutual information is therefore
    at most

        F(A) = ½ log det (I + W_A W_Aᵀ) = ½ log det κ_AA − ½ Σ_A log D_aa,

    and the entropy ½ log det κ_AA is F(A) + ½ Σ_A log D_aa. F is the information that noisy sights
    W_a·x + ε_a, a ∈ A, give of a normal vector x: it is submodular, never falls and F(∅) = 0. So
    for any set B

        F(A) ≤ F(A ∪ B) ≤ F(B) + Σ_{a∈A} [F(B ∪ a) − F(B)]

    (Nemhauser, Wolsey and Fisher 1978), a sum over A, and the largest terms bound all sets of a
    size.

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
        for rows in _row_blocks(len(nugget), factor.shape[1] + len(order)):
            gains = _gains(_scaled(factor, nugget, rows), directions)
            for place, pick in enumerate(order):
                if rows.start <= pick < rows.stop:
                    gains[pick - rows.start, place + 1 :] = 0.0
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


def _scaled(factor: NDArray[np.floating], nugget: Matrix, rows: NDArray[np.intp] | slice) -> Matrix:
    """Some rows of W."""
    scaled: Matrix = np.asarray(factor[rows], np.float64) / np.sqrt(nugget[rows])[:, None]
    return scaled


def _row_blocks(count: int, width: int) -> list[slice]:
    size = max(1, _BLOCK_BYTES // (8 * max(1, width)))
    return [slice(start, start + size) for start in range(0, count, size)]
