"""The covariance between checkpoints, in an npz file."""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError


@dataclass(frozen=True)
class Covariance:
    """Kernel alignment between the probe features of N checkpoints.

    Attributes:
        names: the N checkpoints.
        values: [N, N], symmetric with unit diagonal.
        rows: number of probe units that were used; 0 where that is not known.
        estimator: ``"biased"``, ``"debiased"``, or ``"precomputed"`` for one brought along.
        notes: what a user should know before trusting it, in sentences.
    """

    names: list[str]
    values: NDArray[np.float64]
    rows: int
    estimator: str
    notes: list[str] = field(default_factory=list)


def write_covariance(path: Path, covariance: Covariance) -> None:
    """Write ``names``, ``values``, ``rows``, ``estimator`` and ``notes``."""
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            names=np.array(covariance.names),
            values=covariance.values,
            rows=covariance.rows,
            estimator=covariance.estimator,
            notes=np.array(covariance.notes, str),
        )


def read_covariance(path: Path) -> Covariance:
    """Read what :func:`write_covariance` wrote; one without notes is read too.

    Raises:
        UserError: if the file is missing or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return Covariance(
                [str(name) for name in file["names"]],
                np.asarray(file["values"], np.float64),
                int(file["rows"]),
                str(file["estimator"]),
                [str(note) for note in file.get("notes", [])],
            )
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such covariance file") from None
    except PermissionError:
        raise
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: this is no covariance file (.npz with names, values, rows, estimator)"
        ) from error
