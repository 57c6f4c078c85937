"""Replicates of κ, made fit for a selection, and what they say of the gains of picks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# A replicate's smallest eigenvalue is raised to this. It can lie below zero.
_SMALLEST_EIGENVALUE = 1e-6


def positive_definite(
    matrix: NDArray[np.float64], smallest: float = _SMALLEST_EIGENVALUE
) -> NDArray[np.float64]:
    """A matrix [N, N] with unit diagonal, its eigenvalues raised to ``smallest`` where below.

    The diagonal is scaled back to one, so eigenvalues may end a little below.
    """
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= smallest:
        return matrix
    raised = (vectors * np.maximum(values, smallest)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    scaled: NDArray[np.float64] = (raised + raised.T) / 2 / np.outer(scale, scale)
    np.fill_diagonal(scaled, 1.0)
    return scaled


@dataclass(frozen=True)
class ReplicatedKappa:
    """Replicates of κ that a selection can be made from.

    Attributes:
        values: [R, N, N], each positive definite with unit diagonal.
    """

    values: NDArray[np.float64]

    @classmethod
    def of(cls, replicates: NDArray[np.float64], jitter: float) -> "ReplicatedKappa":
        """Replicates [R, N, N] with unit diagonals, as estimated.

        Args:
            jitter: added to the diagonals, which are then scaled back to one.
        """
        scaled = replicates / (1 + jitter)
        every = range(scaled.shape[1])
        scaled[:, every, every] = 1.0
        return cls(np.stack([positive_definite(one) for one in scaled]))

    @cached_property
    def precisions(self) -> NDArray[np.float64]:
        """The inverse of each, [R, N, N]."""
        return np.linalg.inv(self.values).astype(np.float64, copy=False)

    def gain_errors(self, order: Sequence[int]) -> NDArray[np.float64]:
        """How far the gain of mutual information by each pick varies over the replicates.

        Args:
            order: indices of the k picks.

        Returns:
            The standard deviation of each gain, [k]: that of
            ½ log [det M_AA / det M_BB] over M = κ and κ⁻¹, A being the picks so far and B those
            before, which is the sum of the logarithms of the last pivots of M_AA's Cholesky
            factors.
        """
        block = np.ix_(range(len(self.values)), order, order)
        pivots = [
            np.diagonal(np.linalg.cholesky(matrices[block]), axis1=1, axis2=2)
            for matrices in (self.values, self.precisions)
        ]
        errors: NDArray[np.float64] = np.log(pivots).sum(axis=0).std(axis=0, ddof=1)
        return errors
