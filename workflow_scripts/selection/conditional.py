"""Variances given a growing set of variables."""

import numpy as np
from numpy.typing import NDArray


class Conditional:
    """Schur complements of a positive definite matrix given a growing set: incremental Cholesky."""

    def __init__(self, matrix: NDArray[np.float64], picks: int) -> None:
        self._matrix = matrix
        self._factor = np.empty((picks, len(matrix)))
        self._count = 0
        self.variances = np.diag(matrix).copy()

    def add(self, index: int) -> None:
        """Condition on one more variable."""
        done = self._factor[: self._count]
        row = self._matrix[index] - done[:, index] @ done
        row /= np.sqrt(row[index])
        self._factor[self._count] = row
        self._count += 1
        self.variances -= row**2
