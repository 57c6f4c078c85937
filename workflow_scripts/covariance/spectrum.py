"""Scores of features by their spectrum alone, without labels.

All are of the singular values σ_1 ≥ σ_2 ≥ … of the centred features X [n, d], and λ_j = σ_j². They
do not change when X is rotated or scaled as a whole.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

ReadRows = Callable[[slice], NDArray[np.floating]]

# Smaller eigenvalues, relative to the largest, are the rounding of stored features.
_ROUNDING = 1e-9


def spectrum(read_rows: ReadRows, units: int, dim: int, block_rows: int) -> NDArray[np.float64]:
    """The eigenvalues of XᵀX, X with its column means taken out, largest first.

    They are those of the smaller of XᵀX and XXᵀ, which is summed in float64 block by block: memory
    grows with min(n, d)² and the block.

    Args:
        read_rows: gives some rows of the features, [b, d].
        units: n.
        dim: d.
        block_rows: b.

    Returns:
        Those that are larger than rounding.

    Raises:
        ValueError: if the features do not vary.
    """
    if units < 2:
        raise ValueError("the features do not vary")
    if dim <= units:
        products, mean = _products_of_columns(read_rows, units, dim, block_rows)
    else:
        products, mean = _products_of_rows(read_rows, units)
    values = np.linalg.eigvalsh(products)[::-1]
    if values[0] <= _CONSTANT * units * (mean @ mean):
        raise ValueError("the features do not vary")
    return np.asarray(values[values > _ROUNDING * values[0]])


def rankme(values: NDArray[np.float64]) -> float:
    """exp of the entropy of p_j = σ_j / Σσ: a smooth count of dimensions, from 1 to d.

    Garrido, Balestriero, Najman and LeCun (2023, "RankMe"), there of features that are not centred.

    Args:
        values: λ, positive.
    """
    share = np.sqrt(values)
    share /= share.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def decay_exponent(values: NDArray[np.float64]) -> float:
    """α of λ_j ∝ j^−α, by least squares of log λ_j on log j with weights 1/j.

    Agrawal, Mondal, Ghosh and Richards (2022, "α-ReQ"), with the weights of Stringer et al. (2019):
    every octave of ranks counts alike, so that the many small eigenvalues do not decide alone. Not
    a number for a single eigenvalue.

    Args:
        values: λ, positive, largest first.
    """
    if len(values) < 2:
        return float("nan")
    rank = np.arange(1, len(values) + 1)
    weight = 1 / rank
    x, y = np.log(rank), np.log(values)
    x = x - np.average(x, weights=weight)
    return float(-(weight * x * y).sum() / (weight * x * x).sum())


def alpha_req(values: NDArray[np.float64]) -> float:
    """How close α is to 1: min(α, 1/α), from 0 to 1.

    Agrawal et al. find that features transfer best where α is near 1: with a larger one few
    directions hold nearly all of the variance, with a smaller one noise does.
    """
    alpha = decay_exponent(values)
    if not alpha > 0:
        return 0.0
    return min(alpha, 1 / alpha)


def stable_rank(values: NDArray[np.float64]) -> float:
    """‖X‖²_F / ‖X‖²₂ = Σλ / λ_1, from 1 to d."""
    return float(values.sum() / values[0])


# Rounding leaves about 1e-16 of the squared means.
_CONSTANT = 1e-13


def _products_of_columns(
    read_rows: ReadRows, units: int, dim: int, block_rows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """XᵀX [d, d], and the column means that were taken out."""
    products, sums = np.zeros((dim, dim)), np.zeros(dim)
    offset = np.zeros(dim)
    for start in range(0, units, block_rows):
        block = np.asarray(read_rows(slice(start, min(start + block_rows, units))), np.float64)
        if start == 0:
            # Near the mean, so that large common values do not swallow digits.
            offset = block.mean(axis=0)
        block = block - offset
        products += block.T @ block
        sums += block.sum(axis=0)
    return products - np.outer(sums, sums) / units, offset + sums / units


def _products_of_rows(
    read_rows: ReadRows, units: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """XXᵀ [n, n], and the means; all rows are read at once, as they are fewer than the columns."""
    features = np.asarray(read_rows(slice(0, units)), np.float64)
    mean = features.mean(axis=0)
    centred = features - mean
    return centred @ centred.T, mean
