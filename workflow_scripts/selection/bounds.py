"""Upper bounds on Σ_M ½ log det M_AA over all sets A of a size: on MI(A; V∖A) for M = κ, κ⁻¹.

Where some variables are fixed, pass what is left: Schur complements given those that are in, struck
of those that are out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh

from workflow_scripts.selection.mutual_information import Conditional, Matrices, log_determinants
from workflow_scripts.selection.relaxation import THOROUGH, neutral_point, relax

# The relaxation takes m³ operations a step and the spectrum about ten times m³, so they are for
# zoos of at most so many checkpoints.
RELAXED_AT_MOST = 150
SPECTRUM_AT_MOST = 1000


def upper_bounds(matrices: Matrices, sizes: Sequence[int]) -> dict[int, float]:
    """The lowest of the bounds that the number of variables affords, for every size.

    Args:
        matrices: each [m, m], symmetric positive definite.
        sizes: of the sets, at most m.
    """
    count = len(matrices[0])
    bounds = online_bounds(matrices, sizes)
    for size in sizes:
        if size == count:
            bounds[size] = log_determinants(matrices, list(range(count)))
    if count <= SPECTRUM_AT_MOST:
        spectral = spectral_bounds(matrices, sizes)
        bounds = {size: min(bounds[size], spectral[size]) for size in sizes}
    if count > RELAXED_AT_MOST:
        return bounds
    for size in sizes:
        if size < count:
            relaxation = relax(matrices, size, neutral_point(matrices, size), THOROUGH)
            bounds[size] = min(bounds[size], relaxation.bound)
    return bounds


def gains_bound(matrices: Matrices, size: int) -> float:
    """Hadamard's: a determinant is at most the product of the diagonal, so no set exceeds the sum
    of the largest single gains."""
    gains = single_gains(matrices)
    return float(np.partition(gains, len(gains) - size)[len(gains) - size :].sum())


def single_gains(matrices: Matrices) -> NDArray[np.float64]:
    """[m], the objective of each variable alone."""
    gains = np.zeros(len(matrices[0]))
    for matrix in matrices:
        gains += 0.5 * np.log(np.diag(matrix))
    return gains


def spectral_bounds(matrices: Matrices, sizes: Sequence[int]) -> dict[int, float]:
    """By Cauchy's interlacing, log det M_AA is at most the sum of the largest log eigenvalues
    (Ko, Lee and Queyranne 1995, "An exact algorithm for maximum entropy sampling")."""
    sums = np.zeros(len(matrices[0]))
    for matrix in matrices:
        sums += 0.5 * np.cumsum(np.log(np.maximum(eigvalsh(matrix), _TINY))[::-1])
    return {size: float(sums[size - 1]) for size in sizes}


def online_bounds(matrices: Matrices, sizes: Sequence[int]) -> dict[int, float]:
    """Bounds of submodularity along a greedy set of the last matrix; Hadamard's for the others.

    log det M_AA is submodular in A, so for any set B it is at most that of B, plus the gains given
    B of those of A outside B, less what those of B outside A add at least: the gain given all
    others, −log (M⁻¹)_bb (Nemhauser, Wolsey and Fisher 1978). This is a sum over A, up to a
    constant, and so is Hadamard's, so the largest terms bound both together. B = ∅ gives
    :func:`gains_bound`.

    Of two matrices the last must be the inverse of the first. For one alone B stays empty.
    """
    largest = max(sizes)
    bounds = {size: gains_bound(matrices, size) for size in sizes}
    if len(matrices) != 2:
        return bounds
    kappa, precision = matrices
    apart = np.log(np.diag(kappa))
    conditional = Conditional(precision, largest)
    inside: list[int] = []
    constant = 0.0
    for _ in range(min(largest, len(kappa) - 1)):
        variances = conditional.variances.copy()
        variances[inside] = -np.inf
        chosen = int(np.argmax(variances))
        # log det of B, and what its members add at least: (precision)⁻¹ is κ.
        constant += np.log(variances[chosen]) + apart[chosen]
        inside.append(chosen)
        conditional.add(chosen)
        terms = np.log(np.maximum(conditional.variances, _TINY)) + apart
        terms[inside] = 0.0
        sums = np.cumsum(np.sort(terms)[::-1][:largest])
        for size in sizes:
            bounds[size] = min(bounds[size], 0.5 * float(constant + sums[size - 1]))
    return bounds


_TINY = np.finfo(np.float64).tiny
