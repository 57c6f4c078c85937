"""Better sets by exchanging one pick for another."""

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.selection.bounds import log_determinants

# A swap must gain more than rounding errors, else two sets might take turns.
_SMALLEST_GAIN = 1e-10


def improve_by_swaps(
    matrices: Sequence[NDArray[np.float64]], picks: Sequence[int], deadline: float = math.inf
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
    matrices: Sequence[NDArray[np.float64]], picks: list[int], objective: float
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
