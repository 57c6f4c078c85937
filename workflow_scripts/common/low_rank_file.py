"""A covariance as low rank plus a diagonal, in an npz file."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError


@dataclass(frozen=True)
class LowRank:
    """κ ≈ U Uᵀ + diag(ν) between m checkpoints.

    Attributes:
        names: the m checkpoints, sorted.
        factor: U [m, r].
        nugget: ν [m], above zero; with the squares of U's row it is one or a little more.
    """

    names: list[str]
    factor: NDArray[np.float64]
    nugget: NDArray[np.float64]

    def with_jitter(self, jitter: float) -> Self:
        """Jitter added to the diagonal, which is then scaled back."""
        scale = 1 + jitter
        nugget = (self.nugget + jitter) / scale
        return type(self)(self.names, self.factor / np.sqrt(scale), nugget)


def write_low_rank(path: Path, low_rank: LowRank) -> None:
    """Write ``names``, ``factor`` and ``nugget``."""
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            names=np.array(low_rank.names),
            factor=low_rank.factor,
            nugget=low_rank.nugget,
        )


def is_low_rank(path: Path) -> bool:
    """Whether a file holds such a covariance; no other file of ours has a ``factor``."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return "factor" in file
    except (OSError, ValueError, TypeError, zipfile.BadZipFile):
        return False


def read_low_rank(path: Path) -> LowRank:
    """Read what :func:`write_low_rank` wrote.

    Raises:
        UserError: if names, factor and nugget do not fit together.
    """
    with np.load(path, allow_pickle=False) as file:
        try:
            names = [str(name) for name in file["names"]]
            factor = np.asarray(file["factor"], np.float64)
            nugget = np.asarray(file["nugget"], np.float64)
        except (KeyError, ValueError) as error:
            raise UserError(f"{path}: names, factor or nugget is missing or no number") from error
    if factor.ndim != 2 or not len(names) == len(factor) == len(nugget):
        raise UserError(f"{path}: names, factor and nugget are not of the same checkpoints")
    if not (np.isfinite(factor).all() and (nugget > 0).all()):
        raise UserError(f"{path}: the factor must be finite and the nugget above zero")
    if len(set(names)) < len(names):
        raise UserError(f"{path}: some names stand for several rows")
    order = np.argsort(np.array(names))
    return LowRank([names[i] for i in order], factor[order], nugget[order])
