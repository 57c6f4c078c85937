"""Scores how well the features of every checkpoint fit the labels of one task, without a head.

By LogME and by the H-score. Features come in blocks of rows, so that memory grows with their
dimensions, not with the task.
"""

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.common.table_file import TRANSFERABILITY_COLUMNS, write_table
from workflow_scripts.evaluation.design_matrix import TaskFeatures, row_blocks
from workflow_scripts.evaluation.learning_problem import check_targets, number_targets, open_task

log = logging.getLogger(__name__)

# Singular values, relative to the largest, below which a direction is rounding: squared, as they
# are here, they are known to about 1e-16.
_RANK_TOLERANCE = 1e-7
# Logarithms of α/β, relative to the largest squared singular value, between which the evidence is
# maximised: from no shrinkage to nothing but shrinkage.
_LOG_RATIOS = np.log(10) * np.linspace(-16, 8, 97)

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class _Sums:
    """Sums over units, of their features f and targets y.

    Attributes:
        squares: Σ f fᵀ [D, D].
        products: Σ f yᵀ [D, outputs].
        fourth_powers: Σ ‖f‖⁴.
    """

    squares: Matrix
    products: Matrix
    fourth_powers: float


def _sums(blocks: Iterable[Matrix], targets: Matrix) -> _Sums:
    squares, products, fourth_powers, done = np.zeros(()), np.zeros(()), 0.0, 0
    for block in blocks:
        squares = squares + block.T @ block
        products = products + block.T @ targets[done : done + len(block)]
        fourth_powers += float(((block**2).sum(axis=1) ** 2).sum())
        done += len(block)
    return _Sums(squares, products, fourth_powers)


def log_maximum_evidence(blocks: Iterable[Matrix], targets: Matrix) -> float:
    """LogME (You, Liu, Wang and Long 2021): the evidence of a Bayesian linear regression per unit.

    A target y is F w + noise, with w ~ N(0, 1/α) and noise ~ N(0, 1/β), and the evidence is that of
    the best α and β. With the singular values sᵢ of F, zᵢ = uᵢᵀy and t = α/β, its logarithm (their
    equation 2) is ½ [n log β − n log 2π − β R(t) − Σᵢ log(1 + sᵢ²/t)], with

        R(t) = ‖y − F m‖² + t ‖m‖² = ‖y‖² − Σ zᵢ² + Σ t zᵢ² / (sᵢ² + t),

    where β = n / R(t) is best. What is left is a function of t alone, whose maximum is searched
    for. Their iteration over α and β seeks the same, but ends early where features tell little, and
    may end at another maximum than the highest.

    Args:
        blocks: the rows of F [n, D], in consecutive blocks.
        targets: [n, outputs], values or classes as zeros and ones; the mean over outputs is taken.
    """
    sums = _sums(blocks, targets)
    squares, axes = np.linalg.eigh(sums.squares)
    kept = squares > _RANK_TOLERANCE**2 * squares[-1]
    along = (axes[:, kept].T @ sums.products) ** 2 / squares[kept][:, None]
    rest = ((targets**2).sum(axis=0) - along.sum(axis=0)).clip(0)
    # The evidence does not change with the scale of F, which α follows.
    relative = squares[kept] / squares[-1]
    evidences = [
        _highest_evidence(relative, *parts, len(targets))
        for parts in zip(along.T, rest, strict=True)
    ]
    return float(np.mean(evidences)) / len(targets)


def _highest_evidence(squares: Matrix, along: Matrix, rest: float, count: int) -> float:
    """Of one target.

    Args:
        squares: sᵢ² [r].
        along: zᵢ² [r].
        rest: ‖y‖² − Σ zᵢ².
        count: n.
    """

    def minus_evidence(log_ratio: float) -> float:
        ratio = np.exp(log_ratio)
        residual = rest + ratio * float((along / (squares + ratio)).sum())
        volume = float(np.log1p(squares / ratio).sum())
        return float(count * (np.log(2 * np.pi * residual / count) + 1) + volume) / 2

    # There may be several maxima: the highest is looked for near the best of a grid.
    values = [minus_evidence(log_ratio) for log_ratio in _LOG_RATIOS]
    best = int(np.argmin(values))
    around = _LOG_RATIOS[max(best - 1, 0)], _LOG_RATIOS[min(best + 1, len(values) - 1)]
    refined = minimize_scalar(minus_evidence, bounds=around, method="bounded").fun
    return -min(values[best], float(refined))


def h_score(blocks: Iterable[Matrix], classes: NDArray[np.int64]) -> float:
    """The H-score, shrunken (Ibrahim, Ponomareva and Mazumder 2021): how far apart classes are.

    The H-score (Bao et al. 2019) is tr(cov(f)⁻¹ cov(E[f | y])). Where units are not many more than
    dimensions, any features tell all units apart, and it is as high for all checkpoints. So
    S = cov(f) is shrunk: with μ = tr(S)/D and the amount a of Ledoit and Wolf (2004) it is

        (1 − a) tr(((1 − a) S + a μ 1)⁻¹ cov(E[f | y])),

    between zero, where what units share may be chance (a = 1), and the number of classes − 1.
    Shrinking depends on the scales of features, so they are standardised, which the H-score itself
    does not see: else a few of large scale would shrink all others away.

    Args:
        blocks: the rows of f [n, D], in consecutive blocks; each feature has mean zero and variance
            one over them (or zero, if it does not vary).
        classes: y [n], from 0.
    """
    count, numbers = len(classes), np.bincount(classes)
    sums = _sums(blocks, np.eye(len(numbers))[classes])
    covariance = sums.squares / count
    variance = float(np.trace(covariance)) / len(covariance)
    if variance == 0:
        return 0.0
    # ‖S − μ1‖², and how far S is expected to be from the truth: the mean ‖f fᵀ − S‖² / n.
    length = float((covariance**2).sum())
    apart = length - len(covariance) * variance**2
    error = (sums.fourth_powers / count - length) / count
    amount = min(error / apart, 1.0) if apart > 0 else 0.0
    shrunk = (1 - amount) * covariance + amount * variance * np.eye(len(covariance))
    between = (sums.products / np.maximum(numbers, 1)) @ sums.products.T / count
    # Without shrinking it may be singular.
    inverse = np.linalg.pinv(shrunk, hermitian=True)
    return float((1 - amount) * (inverse * between).sum())


def _blocks(features: TaskFeatures, name: str) -> Iterator[NDArray[np.float64]]:
    for rows in row_blocks(slice(0, features.count)):
        yield features.read(name, rows).astype(np.float64)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the task and features, score, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--task", type=Path, required=True, help="the task, .parquet")
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="all of the zoo")
    flags.add_argument(
        "--memory-mb", type=positive_int, default=1000, help="of features [default: 1000]"
    )
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    arguments = flags.parse_args(argv)
    files = open_task(arguments.task, arguments.features_folder, sorted(arguments.checkpoints))
    task, classes = number_targets(files.task)
    train = task.split == "train"
    units, targets = task.unit[train], task.target[train]
    try:
        if not len(targets):
            raise ValueError("there is no train unit that every checkpoint has features of")
        check_targets(targets)
    except ValueError as error:
        raise UserError(f"task {arguments.task.stem}: {error}") from error
    are_classes = task.kind == "classification"
    columns = np.eye(classes)[targets] if are_classes else targets[:, None].astype(np.float64)
    rows = []
    for name, file in files.features.items():
        features = TaskFeatures({name: file.features}, units, arguments.memory_mb << 20)
        evidence = log_maximum_evidence(_blocks(features, name), columns)
        separation = math.nan
        if are_classes:
            features.standardise(slice(0, features.count))
            separation = h_score(_blocks(features, name), targets)
        rows.append((name, evidence, separation))
        log.info("%s: LogME %.4f, H-score %.4f", *rows[-1])
    write_table(pd.DataFrame(rows, columns=TRANSFERABILITY_COLUMNS), arguments.output)
    found(f"{len(rows)} checkpoints; the highest LogME has {max(rows, key=lambda row: row[1])[0]}")


if __name__ == "__main__":
    run(main)
