"""Better sets by exchanging one pick for another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A swap must gain more than rounding errors, else two sets might take turns.
_SMALLEST_GAIN = 1e-10


def improve_by_swaps(matrices: Sequence[NDArray[np.float64]], picks: Sequence[int]) -> list[int]:
    """The best swap over and over, until none improves Σ_M ½ log det M_AA.

    Args:
        matrices: each [m, m], symmetric positive definite.
        picks: indices of A.

    Returns:
        A set that is at least as good; what came in stands in the place of what went out.
    """
    current = list(picks)
    while True:
        gains = swap_gains(matrices, current)
        leaving, entering = np.unravel_index(int(np.argmax(gains)), gains.shape)
        if gains[leaving, entering] <= _SMALLEST_GAIN:
            return current
        current[leaving] = int(entering)


def swap_gains(
    matrices: Sequence[NDArray[np.float64]], picks: Sequence[int]
) -> NDArray[np.float64]:
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


_TINY = np.finfo(np.float64).tiny
