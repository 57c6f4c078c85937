"""The features of a task's units, in rows that follow the task.

They are held in memory where they fit, and read from the feature files block by block where they do
not, so that memory does not grow with the task.
"""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.feature_file import check_finite

Rows = slice | NDArray[np.int64]

# Rows of a block, where all are gone through.
BLOCK_ROWS = 4096
# Read from memory maps before a process lets go of their pages. What it has in memory is more: with
# each page that is read, up to 15 beside it come along.
_RESIDENT_BYTES = 1 << 24


@dataclass(frozen=True)
class Standardisation:
    """Shift and scale of each feature: mean zero and variance one over the training units.

    Attributes:
        mean: [d].
        scale: [d], the standard deviation; one where a feature does not vary.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def apply(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """The features [n, d] standardised."""
        return ((features - self.mean) / self.scale).astype(np.float32)


class TaskFeatures:
    """The features of several checkpoints.

    Args:
        arrays: for each checkpoint [units of the corpus, d], perhaps memory maps.
        units: [n], the unit of each row.
        memory_bytes: up to so many bytes are held.
    """

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.floating]],
        units: NDArray[np.int64],
        memory_bytes: int,
    ) -> None:
        self._arrays = dict(arrays)
        self._units = units
        self._scaling: dict[str, Standardisation] = {}
        self._unread = _RESIDENT_BYTES
        self._held: dict[str, NDArray[np.float32]] = {}
        if 4 * len(units) * sum(map(self.width, arrays)) <= memory_bytes:
            # Assigned as a whole: `read` looks here first.
            self._held = {name: self.read(name, slice(None)) for name in arrays}

    @property
    def count(self) -> int:
        """Number of rows n."""
        return len(self._units)

    def width(self, name: str) -> int:
        """Number of features d of a checkpoint."""
        return int(self._arrays[name].shape[1])

    def read(self, name: str, rows: Rows) -> NDArray[np.float32]:
        """The features [len(rows), d] of a checkpoint; not to be written to.

        Raises:
            UserError: if they are not finite in single precision.
        """
        if name in self._held:
            return self._held[name][rows]
        values = self._arrays[name][self._units[rows]].astype(np.float32, copy=False)
        check_finite(values, self._units[rows], f"checkpoint {name}")
        self._unread -= values.nbytes
        if self._unread < 0:
            self._unread = _RESIDENT_BYTES
            for array in self._arrays.values():
                _let_go(array)
        return self._scaling[name].apply(values) if name in self._scaling else values

    def standardise(self, rows: slice) -> None:
        """Give every feature mean zero and variance one over some rows."""
        for name in self._arrays:
            scaling = self._moments(name, rows)
            if name in self._held:
                for block in row_blocks(slice(0, len(self._units))):
                    self._held[name][block] = scaling.apply(self._held[name][block])
            else:
                self._scaling[name] = scaling

    def _moments(self, name: str, rows: slice) -> Standardisation:
        """By blocks, whose moments are merged (Chan, Golub and LeVeque 1983)."""
        count, mean, squares = 0, np.zeros(self.width(name)), np.zeros(self.width(name))
        for block in row_blocks(rows):
            values = self.read(name, block).astype(np.float64)
            own = values.mean(axis=0)
            gap = own - mean
            total = count + len(values)
            squares += ((values - own) ** 2).sum(axis=0) + gap**2 * count * len(values) / total
            mean += gap * len(values) / total
            count = total
        scale = np.sqrt(squares / count)
        # Rounding leaves a little variance in a constant feature.
        varies = scale > 1e-6 * np.abs(mean)
        return Standardisation(mean, np.where(varies & (scale > 0), scale, 1.0))


def row_blocks(rows: slice, size: int = BLOCK_ROWS) -> list[slice]:
    """Consecutive rows in blocks."""
    starts = range(rows.start, rows.stop, size)
    return [slice(start, min(start + size, rows.stop)) for start in starts]


def _let_go(array: NDArray[np.floating]) -> None:
    """Take the pages of a memory map out of the process; the system may keep them cached."""
    pages = getattr(array, "_mmap", None)
    if isinstance(pages, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)
