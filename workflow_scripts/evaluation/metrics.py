"""How predictions are scored. A new metric is a function here; higher is better."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Metric = Callable[[NDArray[np.int64], NDArray[np.int64]], float]


def accuracy(targets: NDArray[np.int64], predictions: NDArray[np.int64]) -> float:
    """Share of units [n] whose predicted class is their target."""
    return float(np.mean(targets == predictions))


METRICS: dict[str, Metric] = {"accuracy": accuracy}
