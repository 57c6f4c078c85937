"""Reading and checking a covariance that comes from anywhere, in any of several forms."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import eigh

from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.script import UserError

# Of a matrix computed in single precision. The jitter of 1e-6 that is advised leads above this.
_SYMMETRY = 1e-6
_SMALLEST_EIGENVALUE = 5e-7
_TWINS = 1 - 1e-6


@dataclass(frozen=True)
class NamedMatrix:
    """A square matrix whose rows and columns are checkpoints.

    Attributes:
        names: [N], sorted, so that no result depends on the order in a file.
        values: [N, N].
    """

    names: list[str]
    values: NDArray[np.float64]


def read_matrix(path: Path, names_path: Path | None) -> NamedMatrix:
    """Read κ from our .npz, from a bare .npy with a file of names, or from a labelled .csv.

    Args:
        names_path: one name a line; for a bare .npy only.

    Raises:
        UserError: if the file is missing, of another kind, or does not fit its names.
    """
    if path.suffix == ".npz":
        covariance = read_covariance(path)
        names, values = covariance.names, covariance.values
    elif path.suffix == ".npy":
        names, values = _read_bare(path, names_path)
    elif path.suffix == ".csv":
        names, values = _read_labelled(path)
    else:
        raise UserError(f"{path}: expected .npz, .npy or .csv")
    if values.ndim != 2 or values.shape != (len(names), len(names)):
        raise UserError(
            f"{path}: the matrix is {'×'.join(map(str, values.shape))}, there are "
            f"{len(names)} names; it must be square with one name for each row"
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(
            f"{path}: these names stand for several rows: {', '.join(repeated)}; rename them"
        )
    order = np.argsort(np.array(names))
    return NamedMatrix([names[i] for i in order], values[np.ix_(order, order)])


def read_names(path: Path) -> list[str]:
    """The names in a file of one name a line; empty lines do not count."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _read_bare(path: Path, names_path: Path | None) -> tuple[list[str], NDArray[np.float64]]:
    if names_path is None:
        raise UserError(f"{path}: a bare .npy has no names; give them with --names FILE")
    try:
        return read_names(names_path), np.load(path, allow_pickle=False).astype(np.float64)
    except FileNotFoundError as error:
        raise UserError(f"{error.filename}: there is no such file") from None
    except (ValueError, OSError) as error:
        raise UserError(f"{path}: not a numeric .npy array; write it with numpy.save") from error


def _read_labelled(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    try:
        # Names may look like numbers, or be NA or None; numbers that are missing are empty.
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table = table.set_index(table.columns[0])
        rows, columns = list(table.index), list(table.columns)
        if sorted(rows) != sorted(columns):
            raise UserError(f"{path}: the first row and the first column must hold the same names")
        return rows, table[rows].to_numpy(np.float64)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{path}: expected a table of numbers with names in its first row and column"
        ) from error


def as_correlation(matrix: NamedMatrix) -> NamedMatrix:
    """The matrix, exactly symmetric and with a diagonal of ones.

    Raises:
        UserError: if it is not finite, not symmetric, or has a diagonal other than one, naming the
            checkpoints to blame.
    """
    names, values = matrix.names, matrix.values
    _refuse(names, ~np.isfinite(values), "has entries that are not finite")
    _refuse(names, np.abs(values - values.T) > _SYMMETRY, "is not symmetric")
    off_one = np.diag(np.abs(np.diag(values) - 1) > _SYMMETRY)
    _refuse(names, off_one, "has a diagonal other than one")
    values = (values + values.T) / 2
    np.fill_diagonal(values, 1.0)
    return NamedMatrix(names, values)


def checked(matrix: NamedMatrix, jitter: float) -> NamedMatrix:
    """The matrix with jitter added, fit for a selection.

    Args:
        jitter: added to the diagonal, which is then scaled back to one.

    Raises:
        UserError: as :func:`as_correlation`, or if it is not positive definite, naming the
            checkpoints to blame.
    """
    names, values = matrix.names, as_correlation(matrix).values
    values = (values + jitter * np.eye(len(names))) / (1 + jitter)
    np.fill_diagonal(values, 1.0)
    smallest, vector = eigh(values, subset_by_index=[0, 0])
    if smallest[0] < _SMALLEST_EIGENVALUE:
        raise UserError(_not_definite(names, values, float(smallest[0]), vector[:, 0]))
    return NamedMatrix(names, values)


def _refuse(names: list[str], bad: NDArray[np.bool_], what: str) -> None:
    if bad.any():
        row, column = np.argwhere(bad)[0]
        where = names[row] if row == column else f"{names[row]} and {names[column]}"
        raise UserError(f"the covariance {what}, at {where}; estimate it again")


def _not_definite(
    names: list[str], values: NDArray[np.float64], smallest: float, vector: NDArray[np.float64]
) -> str:
    mend = "leave one of them out, or pass --jitter 1e-6 (selection: {jitter: 1.0e-6})"
    twins = np.argwhere(np.triu(np.abs(values) > _TWINS, 1))
    if len(twins):
        pairs = ", ".join(f"{names[i]} and {names[j]}" for i, j in twins[:3])
        return (
            f"the covariance is not positive definite: {pairs} are duplicates of each other; {mend}"
        )
    blamed = np.argsort(-np.abs(vector))
    blamed = blamed[: max(2, int((np.abs(vector) > 0.3).sum()))]
    return (
        f"the covariance is not positive definite (smallest eigenvalue {smallest:.2g}): "
        f"{', '.join(sorted(names[i] for i in blamed))} depend on each other linearly; {mend}"
    )
