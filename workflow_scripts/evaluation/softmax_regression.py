"""Softmax regression on standardised features, by L-BFGS."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.head import LinearHead
from workflow_scripts.evaluation.standardisation import Standardisation, principal_components

log = logging.getLogger(__name__)

# Relative change of the loss, and largest entry of its gradient, at which L-BFGS stops. The loss is
# then within 1e-4 of its optimum; going on moves fewer than one prediction in a hundred.
TOLERANCE = 1e-6
GRADIENT_TOLERANCE = 1e-5


def fit_path(
    train: Examples, classes: int, penalties: Sequence[float], max_iterations: int
) -> Iterator[LinearHead]:
    """The head of the lowest loss for each penalty, from the strongest to the weakest.

    Each starts from the one before, which is close. L-BFGS works in coordinates along the principal
    components of the features, scaled for each class so that the loss curves about alike in all
    directions: it then needs some tens of iterations where it would need hundreds.

    Args:
        penalties: on the squared weights of standardised features.
    """
    scaling = Standardisation.of(train.features)
    components, axes, variances = principal_components(scaling.apply(train.features))
    # Products in single precision are twice as fast, and more precise than the tolerance.
    components = components.astype(np.float32)
    targets = train.targets.astype(np.int64)
    weights = np.zeros((len(variances), classes))
    bias = np.zeros((1, classes))
    # Cross-entropy curves by p (1 − p) along a feature of variance one, in a class of share p.
    share = np.bincount(targets, minlength=classes) / len(targets)
    curvature = share * (1 - share)
    iterations = 0
    for penalty in sorted(penalties, reverse=True):
        scale = np.sqrt(np.vstack([np.outer(variances, curvature) + penalty, curvature]))
        result = minimize(
            penalised_loss,
            (np.vstack([weights, bias]) * scale).ravel(),
            args=(components, targets, scale, penalty),
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": max_iterations,
                "ftol": TOLERANCE,
                "gtol": GRADIENT_TOLERANCE,
            },
        )
        if result.nit >= max_iterations:
            log.warning("L-BFGS stopped after %d iterations at l2 = %g", result.nit, penalty)
        iterations += int(result.nit)
        table = result.x.reshape(-1, classes) / scale
        weights, bias = table[:-1], table[-1:]
        yield scaling.head(axes @ weights, bias[0], iterations)


def penalised_loss(
    flat: NDArray[np.float64],
    features: NDArray[np.floating],
    targets: NDArray[np.int64],
    scale: NDArray[np.float64],
    penalty: float,
) -> tuple[float, NDArray[np.float64]]:
    """Mean cross-entropy plus ``penalty``/2 times the squared weights, and its gradient.

    Args:
        flat: the weights [d, classes] and then the biases [classes], times ``scale``, flattened.
        features: [n, d].
        targets: [n].
        scale: [d + 1, classes].
    """
    table = flat.reshape(scale.shape) / scale
    weights, bias = table[:-1], table[-1]
    rows = np.arange(len(targets))
    error = features @ weights.astype(features.dtype)
    error += bias.astype(features.dtype)
    error -= error.max(axis=1, keepdims=True)
    right = error[rows, targets].mean(dtype=np.float64)
    np.exp(error, out=error)
    sums = error.sum(axis=1, keepdims=True)
    loss = np.log(sums).mean(dtype=np.float64) - right + penalty / 2 * np.sum(weights**2)
    error /= sums
    error[rows, targets] -= 1
    error /= len(targets)
    gradient = np.vstack([features.T @ error + penalty * weights, error.sum(axis=0)]) / scale
    return float(loss), gradient.ravel()
