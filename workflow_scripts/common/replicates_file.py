"""Replicates of a covariance, in an npz file."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError


@dataclass(frozen=True)
class Replicates:
    """Covariances that vary about the estimate as it varies about the truth.

    Attributes:
        names: the N checkpoints.
        values: [R, N, N], symmetric with unit diagonal; not always positive definite.
        units: number of probe units that they are made of.
        blocks: number of blocks that those units were shared out among.
    """

    names: list[str]
    values: NDArray[np.float64]
    units: int
    blocks: int

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Of the entries of the covariance, [N, N]."""
        errors: NDArray[np.float64] = self.values.std(axis=0, ddof=1)
        return errors


def write_replicates(path: Path, replicates: Replicates) -> None:
    """Write ``names``, ``values``, ``standard_errors``, ``units`` and ``blocks``."""
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            names=np.array(replicates.names),
            values=replicates.values,
            standard_errors=replicates.standard_errors,
            units=replicates.units,
            blocks=replicates.blocks,
        )


def read_replicates(path: Path) -> Replicates:
    """Read what :func:`write_replicates` wrote.

    Raises:
        UserError: if the file is missing or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return Replicates(
                [str(name) for name in file["names"]],
                np.asarray(file["values"], np.float64),
                int(file["units"]),
                int(file["blocks"]),
            )
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file of replicates") from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: this is no file of replicates (.npz with names, values, units, blocks)"
        ) from error
