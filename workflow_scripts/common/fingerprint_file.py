"""Fingerprints of checkpoints' features, in npz files."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError


@dataclass(frozen=True)
class Fingerprint:
    """Sums of entries of a checkpoint's centred Gram matrix at shared pairs of probe units.

    Attributes:
        checkpoint: its name.
        corpus: sha256 of the probe.
        units: number of units of the probe.
        seed: of the pairs.
        terms: how many entries make up a number.
        first: which number of the endless sequence is the first here.
        features: sha256 of the features; stretches of a checkpoint must be of the same.
        values: float32 [p], the numbers; not a number where the checkpoint lacks a unit.
        estimator: of κ; there is only ``"debiased"``.
    """

    checkpoint: str
    corpus: str
    units: int
    seed: int
    terms: int
    first: int
    features: str
    values: NDArray[np.float32]
    estimator: str = "debiased"


def write_fingerprint(path: Path, fingerprint: Fingerprint) -> None:
    """Write an entry per attribute."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **vars(fingerprint))


def read_fingerprint(path: Path) -> Fingerprint:
    """Read what :func:`write_fingerprint` wrote.

    Raises:
        UserError: if the file is missing or something else, or a number of it is infinite.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            fingerprint = Fingerprint(
                str(file["checkpoint"]),
                str(file["corpus"]),
                int(file["units"]),
                int(file["seed"]),
                int(file["terms"]),
                int(file["first"]),
                str(file["features"]),
                np.asarray(file["values"], np.float32),
                str(file["estimator"]),
            )
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such fingerprint") from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: this is no fingerprint; make it with "
            "python -m workflow_scripts.covariance.fingerprint"
        ) from error
    if np.isinf(fingerprint.values).any():
        raise UserError(f"{path}: a number of this fingerprint is infinite; make it again")
    return fingerprint
