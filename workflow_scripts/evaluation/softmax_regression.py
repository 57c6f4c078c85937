"""Softmax regression to its optimum, by L-BFGS."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from workflow_scripts.evaluation.head import Examples, LinearHead, log_softmax

log = logging.getLogger(__name__)


def fit_path(
    train: Examples, classes: int, penalties: Sequence[float], max_iterations: int
) -> Iterator[LinearHead]:
    """The optimum for each penalty, from the strongest to the weakest.

    Each starts from the one before, which is close. The optimal weights are combinations of the
    training examples, so where these are fewer than the features' dimensions, the problem is
    solved exactly in coordinates of their span.
    """
    features = train.features.astype(np.float64)
    span: NDArray[np.float64] | None = None
    if features.shape[0] < features.shape[1]:
        span, coordinates = np.linalg.qr(features.T)
        features = coordinates.T
    start = np.zeros((features.shape[1] + 1) * classes)
    iterations = 0
    for penalty in sorted(penalties, reverse=True):
        result = minimize(
            penalised_loss,
            start,
            args=(features, train.targets, classes, penalty),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": max_iterations, "ftol": 1e-12, "gtol": 1e-6},
        )
        if result.nit >= max_iterations:
            log.warning("L-BFGS stopped after %d iterations at l2 = %g", result.nit, penalty)
        start = result.x
        iterations += int(result.nit)
        table = start.reshape(-1, classes)
        weights = table[:-1] if span is None else span @ table[:-1]
        yield LinearHead(weights.copy(), table[-1].copy(), iterations)


def penalised_loss(
    flat: NDArray[np.float64],
    features: NDArray[np.float64],
    targets: NDArray[np.int64],
    classes: int,
    penalty: float,
) -> tuple[float, NDArray[np.float64]]:
    """Mean cross-entropy plus ``penalty``/2 times the squared weights, and its gradient.

    Args:
        flat: the weights [d, classes] and then the biases [classes], flattened.
        features: [n, d].
        targets: [n].
    """
    table = flat.reshape(-1, classes)
    weights, bias = table[:-1], table[-1]
    rows = np.arange(len(targets))
    logs = log_softmax(features @ weights + bias)
    loss = -logs[rows, targets].mean() + penalty / 2 * np.sum(weights**2)
    error = np.exp(logs)
    error[rows, targets] -= 1
    error /= len(targets)
    gradient = np.vstack([features.T @ error + penalty * weights, error.sum(axis=0)])
    return float(loss), gradient.ravel()
