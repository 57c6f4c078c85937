"""Centred linear kernel alignment between all pairs of checkpoints, from sums over units.

With K = X Xᵀ and L = Y Yᵀ the Gram matrices of two checkpoints' features on the same n units,

    κ = HSIC(K, L) / √(HSIC(K, K) · HSIC(L, L)),

where HSIC is either the biased estimator, proportional to tr(K H L H) with H = I − 11ᵀ/n, for
which κ = ‖XᵀY‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F) with centred columns (Huang, Qiu and Church 2021,
equation 2), or the unbiased U-statistic of Song et al. (2012, "Feature selection via dependence
maximization", equation 4). Both are functions of a few sums over units, which
:mod:`workflow_scripts.covariance.gram_sums` collects.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Estimator = Literal["biased", "debiased"]


@dataclass(frozen=True)
class GramSums:
    """Sums over units from which either estimator follows, for N Gram matrices K_i.

    With r_i = K_i 1 the row sums and q_i the diagonal of K_i:

    Attributes:
        units: n.
        inner: [N, N], ⟨K_i, K_j⟩ without the diagonals, which can be nearly all of it.
        rows: [N, N], r_i · r_j.
        rows_diagonals: [N, N], r_i · q_j.
        diagonals: [N, N], q_i · q_j.
        row_totals: [N], 1 · r_i.
        diagonal_totals: [N], 1 · q_i.
    """

    units: int
    inner: NDArray[np.float64]
    rows: NDArray[np.float64]
    rows_diagonals: NDArray[np.float64]
    diagonals: NDArray[np.float64]
    row_totals: NDArray[np.float64]
    diagonal_totals: NDArray[np.float64]

    @classmethod
    def zeros(cls, units: int, count: int) -> Self:
        """Sums to be filled in, for so many checkpoints."""
        square, line = (count, count), (count,)
        return cls(units, *(np.zeros(shape) for shape in [square] * 4 + [line] * 2))


def kernel_alignment(sums: GramSums, estimator: Estimator) -> NDArray[np.float64]:
    """κ [N, N] from the sums: symmetric, with unit diagonal.

    Raises:
        ValueError: if there are too few units for the estimator (2 if biased, 4 if debiased).
        ConstantFeaturesError: if the features of a checkpoint do not vary.
    """
    hsic = hsic_of(sums, estimator)
    own = np.diag(hsic)
    # Rounding in float32 leaves about 1e-7 of the squares that cancel.
    constant = own <= 1e-6 * np.diag(sums.inner)
    if constant.any():
        raise ConstantFeaturesError(np.flatnonzero(constant).tolist())
    kappa = hsic / np.sqrt(np.outer(own, own))
    kappa = (kappa + kappa.T) / 2
    np.fill_diagonal(kappa, 1.0)
    return kappa


class ConstantFeaturesError(ValueError):
    """The features of some checkpoints do not vary over the units.

    Attributes:
        indices: which checkpoints.
    """

    def __init__(self, indices: list[int]) -> None:
        super().__init__(f"the features of {len(indices)} checkpoints do not vary")
        self.indices = indices


def hsic_of(sums: GramSums, estimator: Estimator) -> NDArray[np.float64]:
    """HSIC [N, N], up to a factor that is the same for all pairs.

    Raises:
        ValueError: if there are too few units for the estimator.
    """
    return _biased_hsic(sums) if estimator == "biased" else _debiased_hsic(sums)


def _biased_hsic(sums: GramSums) -> NDArray[np.float64]:
    n = sums.units
    if n < 2:
        raise ValueError(f"biased kernel alignment needs at least 2 units, there are {n}")
    totals = np.outer(sums.row_totals, sums.row_totals)
    return sums.inner + sums.diagonals - sums.rows * (2 / n) + totals / n**2


def _debiased_hsic(sums: GramSums) -> NDArray[np.float64]:
    n = sums.units
    if n < 4:
        raise ValueError(f"debiased kernel alignment needs at least 4 units, there are {n}")
    rows = sums.rows - sums.rows_diagonals - sums.rows_diagonals.T + sums.diagonals
    totals = sums.row_totals - sums.diagonal_totals
    return sums.inner + np.outer(totals, totals) / ((n - 1) * (n - 2)) - rows * (2 / (n - 2))
