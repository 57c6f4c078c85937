"""The debiased κ between a few checkpoints from their fingerprints."""

import numpy as np
from numpy.typing import NDArray

_STEPS = 4


def fingerprint_alignment(numbers: NDArray[np.floating]) -> NDArray[np.float64]:
    """κ [m, m], symmetric, with unit diagonal; rounding and noise may leave it not definite.

    The means s_ij of products of numbers estimate κ_ij without bias, and those of squares are known
    to have expectation one. What they are off by tells what s_ij is off by: with Gaussian numbers
    s_ij − κ / (1 + κ²) (s_ii + s_jj − 2) has the least variance of all such corrections,
    (1 − κ²)² / ((1 + κ²) p), where the cosine has (1 − κ²)² / p. (The regression of f g on f² and
    g², as in Cochran 1977, "Sampling techniques", chapter 7.)

    Args:
        numbers: [m, p], the fingerprints, of checkpoints that have all units; with p as many as
            all pairs of units κ is exact.
    """
    rows = numbers.astype(np.float64)
    means = rows @ rows.T / rows.shape[1]
    off = np.diag(means) - 1
    both = off[:, None] + off
    kappa = cosines(rows)
    for _ in range(_STEPS):
        kappa = means - kappa / (1 + kappa**2) * both
    kappa = np.clip((kappa + kappa.T) / 2, -1, 1)
    np.fill_diagonal(kappa, 1.0)
    return kappa


def cosines(numbers: NDArray[np.floating]) -> NDArray[np.float64]:
    """The cosines between fingerprints [m, m]: a less exact estimate of κ, but never indefinite."""
    rows = numbers.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    kappa: NDArray[np.float64] = rows @ rows.T
    np.fill_diagonal(kappa, 1.0)
    return kappa
