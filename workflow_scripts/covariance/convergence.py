"""How the covariance converges as the probe grows (Huang, Qiu and Church 2021, figure 2)."""

import csv
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path

# Below, a matrix counts as singular: products in single precision leave errors of this size, and
# its inverse would be made of them.
_SMALLEST_EIGENVALUE = 1e-6


@dataclass(frozen=True)
class Prefix:
    """The beginning of a probe.

    Attributes:
        groups: number of groups: sentences, or source images.
        units: number of their units that every checkpoint has a vector for.
    """

    groups: int
    units: int


@dataclass(frozen=True)
class Step:
    """The covariance from the beginning of a probe, compared with that from all of it.

    Attributes:
        groups: number of groups; 0 stands for the identity matrix, which needs no probe.
        units: number of units that were used.
        kl: KL(all ‖ part) in nats; not a number where one of the two is not positive definite.
        cosine: of the angle between the two matrices.
        smallest_eigenvalue: of the part.
    """

    groups: int
    units: int
    kl: float
    cosine: float
    smallest_eigenvalue: float


def by_group(groups: NDArray[np.int64], units: NDArray[np.int64]) -> NDArray[np.int64]:
    """Units in the order of their groups.

    Args:
        groups: [n], the number of the group of every unit of the probe.
        units: those that count.
    """
    return units[np.argsort(groups[units], kind="stable")]


def prefixes_of(
    groups: NDArray[np.int64], sizes: Sequence[int], units: NDArray[np.int64]
) -> list[Prefix]:
    """The beginnings of a probe that are shorter than it, by length, and all of it.

    One of them is half of the groups, which tells whether the estimate has converged.

    Args:
        groups: [n], the number of the group of every unit of the probe.
        sizes: numbers of groups; those of the whole probe or more are left out.
        units: the units that count, in the order of their groups (:func:`by_group`).
    """
    numbers = np.unique(groups)
    total = len(numbers)
    shorter = [size for size in sorted({*sizes, total // 2}) if 0 < size < total]
    counts = np.searchsorted(groups[units], [numbers[size - 1] for size in shorter], "right")
    parts = [Prefix(size, int(count)) for size, count in zip(shorter, counts, strict=True)]
    return [*parts, Prefix(total, len(units))]


def compare(prefix: Prefix, whole: NDArray[np.float64], part: NDArray[np.float64]) -> Step:
    """Compare κ [N, N] from the whole probe with κ [N, N] from a part of it."""
    return Step(
        prefix.groups,
        prefix.units,
        kl_divergence(whole, part),
        float(np.vdot(whole, part) / (np.linalg.norm(whole) * np.linalg.norm(part))),
        float(np.linalg.eigvalsh(part)[0]),
    )


def kl_divergence(true: NDArray[np.float64], model: NDArray[np.float64]) -> float:
    """KL(true ‖ model) in nats between Gaussians with mean zero and these covariances [N, N].

    ½ [tr(model⁻¹ true) − N + log det model − log det true]; not a number where one of them is not
    positive definite.
    """
    spectra = [np.linalg.eigvalsh(matrix) for matrix in (true, model)]
    if min(spectrum[0] for spectrum in spectra) < _SMALLEST_EIGENVALUE:
        return math.nan
    log_det_true, log_det_model = (np.log(spectrum).sum() for spectrum in spectra)
    trace = np.trace(np.linalg.solve(model, true))
    # Rounding leaves a little more or less than zero between equal matrices.
    return max(float(trace - len(true) + log_det_model - log_det_true) / 2, 0.0)


def write_steps(path: Path, steps: Sequence[Step]) -> None:
    """Write one row per step, a column per attribute; what is not a number is left empty."""
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Step))
        for step in steps:
            values = astuple(step)
            writer.writerow("" if math.isnan(value) else value for value in values)
