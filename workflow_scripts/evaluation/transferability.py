"""How well features fit the labels of a task, without a head: LogME and the H-score.

Both rank single checkpoints by their features of the training units, and look at their labels.
"""

import numpy as np
from numpy.typing import NDArray

_ITERATIONS = 1000
_CONVERGED = 1e-8
# Relative to the largest eigenvalue: features are in single precision.
_RANK_TOLERANCE = 1e-6

Matrix = NDArray[np.float64]


def log_maximum_evidence(features: Matrix, targets: Matrix) -> float:
    """LogME (You, Liu, Wang and Long 2021): the evidence of a Bayesian linear regression per unit.

    A target y is F w + noise, with w ~ N(0, 1/α) and noise ~ N(0, 1/β). With the singular values
    sᵢ of F, zᵢ = uᵢᵀy and t = α/β, the log evidence (their equation 2) is

        ½ [n log β + D log α − n log 2π − β‖y − F m‖² − α‖m‖² − Σᵢ log(α + β sᵢ²) − (D − r) log α],

    ‖m‖² = Σ (sᵢ zᵢ / (sᵢ² + t))², ‖y − F m‖² = ‖y‖² − Σ zᵢ² + Σ (t zᵢ / (sᵢ² + t))², and its
    maximum over α and β follows from repeating α = γ/‖m‖², β = (n − γ)/‖y − F m‖² with
    γ = Σ sᵢ² / (sᵢ² + t).

    Args:
        features: F [n, D].
        targets: [n, outputs], values or classes as zeros and ones; the mean over outputs is taken.
    """
    count, dim = features.shape
    if count < dim:
        squares, vectors = np.linalg.eigh(features @ features.T)
        along = vectors.T @ targets
    else:
        squares, vectors = np.linalg.eigh(features.T @ features)
        along = vectors.T @ (features.T @ targets)
        along /= np.sqrt(squares.clip(np.finfo(np.float64).tiny))[:, None]
    kept = squares > _RANK_TOLERANCE**2 * squares[-1]
    evidences = [
        _evidence(squares[kept], column, float(target @ target), count, dim)
        for column, target in zip(along[kept].T, targets.T, strict=True)
    ]
    return float(np.mean(evidences))


def _evidence(squares: Matrix, along: Matrix, total: float, count: int, dim: int) -> float:
    """Of one target.

    Args:
        squares: of the singular values [r].
        along: zᵢ [r].
        total: ‖y‖².
    """
    alpha = beta = 1.0
    rest = max(total - float(along @ along), 0.0)
    for _ in range(_ITERATIONS):
        ratio = alpha / beta
        shrunk = along / (squares + ratio)
        length = float(squares @ shrunk**2)
        residual = rest + ratio**2 * float(shrunk @ shrunk)
        effective = float((squares / (squares + ratio)).sum())
        alpha = effective / max(length, _SMALL)
        beta = (count - effective) / max(residual, _SMALL)
        if abs(alpha / beta - ratio) <= _CONVERGED * ratio:
            break
    fit = beta * residual + alpha * length + float(np.log(alpha + beta * squares).sum())
    free = (dim - len(squares)) * np.log(alpha)
    whole = count * np.log(beta) + dim * np.log(alpha) - count * np.log(2 * np.pi) - fit - free
    return float(whole) / 2 / count


_SMALL = 1e-12


def h_score(features: Matrix, classes: NDArray[np.int64]) -> float:
    """The H-score (Bao et al. 2019): tr(cov(f)⁺ cov(E[f | y])), at most the number of classes − 1.

    With a pseudo-inverse, as features may depend on each other linearly. Where units are not many
    more than dimensions, it says little: with as few, any features tell all units apart.

    Args:
        features: f [n, D].
        classes: y [n], from 0.
    """
    centred = features - features.mean(axis=0)
    shares = np.bincount(classes) / len(classes)
    means = np.zeros((len(shares), features.shape[1]))
    np.add.at(means, classes, centred)
    means /= np.maximum(np.bincount(classes), 1)[:, None]
    squares, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = squares > _RANK_TOLERANCE * squares[-1]
    along = means @ axes[:, kept] / np.sqrt(squares[kept])
    return float(shares @ (along**2).sum(axis=1))
