"""Features of mean zero and variance one, on which a penalty on weights treats all alike."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.head import LinearHead


@dataclass(frozen=True)
class Standardisation:
    """Shift and scale of each feature.

    Attributes:
        mean: [d].
        scale: [d], the standard deviation; one where a feature does not vary.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> Self:
        """Of features [n, d]."""
        mean = features.mean(axis=0, dtype=np.float64)
        scale = features.std(axis=0, dtype=np.float64)
        # Rounding leaves a little variance in a constant feature.
        varies = scale > 1e-6 * np.abs(mean)
        return cls(mean, np.where(varies & (scale > 0), scale, 1.0))

    def apply(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """The features [n, d] standardised."""
        standardised: NDArray[np.float64] = (features - self.mean) / self.scale
        return standardised

    def head(
        self, weights: NDArray[np.float64], bias: NDArray[np.float64], epochs: int
    ) -> LinearHead:
        """The head on the features as they were that does what one on standardised features does.

        Args:
            weights: [d, outputs].
            bias: [outputs].
        """
        raw = weights / self.scale[:, None]
        return LinearHead(raw, bias - self.mean @ raw, epochs)


def principal_components(
    features: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centred features along their principal axes.

    The best weights under a squared penalty are combinations of the examples, so a problem in these
    coordinates, which are as many as examples or dimensions, whichever are fewer, is the same.

    Args:
        features: [n, d], with columns of mean zero.

    Returns:
        The components [n, r], the axes [d, r], and the variance along each [r].
    """
    count, dim = features.shape
    if count < dim:
        # features = U S Vᵀ: the eigenvectors of the smaller of its two products give the others.
        squares, left = np.linalg.eigh(features @ features.T)
        kept = squares > 1e-12 * squares[-1]
        lengths = np.sqrt(squares[kept])
        components = left[:, kept] * lengths
        return components, features.T @ (left[:, kept] / lengths), squares[kept] / count
    squares, axes = np.linalg.eigh(features.T @ features)
    return features @ axes, axes, squares.clip(0) / count
