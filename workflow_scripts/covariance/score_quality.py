"""Scores each checkpoint by the spectrum of its probe features, without any label.

The columns of the table: checkpoint; rankme, alpha_req and stable_rank, of which more is better;
and alpha, the exponent behind alpha_req, which is best near 1.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_names import feature_path
from workflow_scripts.common.facts import found
from workflow_scripts.common.feature_file import (
    Features,
    check_same_corpus,
    common_units,
    open_features,
)
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.table_file import QUALITY_COLUMNS, write_table

ReadRows = Callable[[slice], NDArray[np.floating]]

_BLOCK_BYTES = 1 << 26
# Smaller eigenvalues, relative to the largest, are the rounding of stored features.
_ROUNDING = 1e-9
# Rounding leaves about 1e-16 of the squared means.
_CONSTANT = 1e-13


def spectrum(read_rows: ReadRows, units: int, dim: int, block_rows: int) -> NDArray[np.float64]:
    """The eigenvalues λ_j = σ_j² of XᵀX, X with its column means taken out, largest first.

    The scores below are of these alone, so none changes when X is rotated or scaled as a whole.
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


def quality_table(names: Sequence[str], features: Sequence[Features]) -> pd.DataFrame:
    """One row per checkpoint, on the units that every checkpoint has.

    Raises:
        UserError: naming a checkpoint whose features do not vary.
    """
    units = common_units(features)
    rows = []
    for name, one in zip(names, features, strict=True):
        dim = one.features.shape[1]
        block = max(1, _BLOCK_BYTES // (8 * dim))
        try:
            values = spectrum(partial(_rows, one, units), len(units), dim, block)
        except ValueError as error:
            raise UserError(
                f"{name}: {error} over the {len(units)} units of the probe that every checkpoint "
                "has; leave the checkpoint out, or use a larger probe"
            ) from error
        scores = rankme(values), alpha_req(values), stable_rank(values)
        rows.append((name, *scores, decay_exponent(values)))
    return pd.DataFrame(rows, columns=QUALITY_COLUMNS)


def _rows(features: Features, units: NDArray[np.int64], rows: slice) -> NDArray[np.floating]:
    return features.read(units[rows])


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and features, score, write the table."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="their names")
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    arguments = flags.parse_args(argv)
    names = sorted(arguments.checkpoints)
    features = [open_features(feature_path(arguments.features_folder, name)) for name in names]
    check_same_corpus(names, features)
    table = quality_table(names, features)
    write_table(table, arguments.output)
    low, high = _ends(table["rankme"])
    found(f"{len(table)} checkpoints; rankme from {low:.1f} to {high:.1f}")


def _ends(scores: "pd.Series[float]") -> tuple[float, float]:
    return float(scores.min()), float(scores.max())


if __name__ == "__main__":
    run(main)
