"""The design matrices of many heads: the features of a task's units, in blocks of columns.

Rows are the units of a task. Features are held in memory where they fit, and read from the feature
files block by block where they do not, so that memory does not grow with the task. The design
matrix of a subset has the features of its checkpoints side by side. Heads share blocks of columns:
the products of all heads with a block are one matrix product, and the block is read once for all.
"""

import mmap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.feature_file import check_finite
from workflow_scripts.common.seeded_order import seeded_integer

Rows = slice | NDArray[np.int64]
Subset = tuple[str, ...]

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


@dataclass(frozen=True)
class ColumnBlock:
    """Columns of features, and the heads that read them.

    Attributes:
        name: of the columns, which differs from that of any others of the task.
        width: number of columns d.
        heads: [s], their numbers, increasing.
        read: the columns [len(rows), d] of some rows.
    """

    name: str
    width: int
    heads: NDArray[np.int64]
    read: Callable[[Rows], NDArray[np.float32]]


@dataclass(frozen=True)
class DesignMatrices:
    """What each of S heads reads.

    Attributes:
        count: S.
        blocks: each read by one head or more.
    """

    count: int
    blocks: list[ColumnBlock]

    def of(self, head: int) -> list[int]:
        """The numbers of the blocks that a head reads."""
        return [number for number, block in enumerate(self.blocks) if head in block.heads]

    def only(self, heads: Sequence[int] | NDArray[np.int64]) -> "DesignMatrices":
        """The same for some of the heads, numbered anew in the order given, which increases."""
        kept = np.asarray(heads, np.int64)
        blocks = [
            replace(block, heads=np.flatnonzero(np.isin(kept, block.heads)))
            for block in self.blocks
            if np.isin(block.heads, kept).any()
        ]
        return DesignMatrices(len(kept), blocks)


def concatenate_features(features: TaskFeatures, subsets: Sequence[Subset]) -> DesignMatrices:
    """Heads on the features of each subset's checkpoints side by side."""
    return DesignMatrices(
        len(subsets),
        [
            ColumnBlock(
                name,
                features.width(name),
                np.array([head for head, subset in enumerate(subsets) if name in subset]),
                lambda rows, name=name: features.read(name, rows),  # type: ignore[misc]
            )
            for name in sorted({name for subset in subsets for name in subset})
        ],
    )


def project_features(
    features: TaskFeatures, subsets: Sequence[Subset], width: int, memory_bytes: int
) -> DesignMatrices:
    """Heads on random projections of the same, all of one width.

    A projection multiplies the features, side by side, by a matrix of random signs over √width,
    which leaves distances about as they were (Achlioptas 2003). The part of a checkpoint is the
    same in every subset, drawn by its name, and computed once if all fit into ``memory_bytes``.
    """
    names = sorted({name for subset in subsets for name in subset})
    signs = {name: random_signs(features.width(name), width, name) for name in names}
    parts: dict[str, NDArray[np.float32]] = {}
    if 4 * features.count * width * len(names) <= memory_bytes:
        blocks = row_blocks(slice(0, features.count))
        parts = {
            name: np.concatenate([features.read(name, rows) @ signs[name] for rows in blocks])
            for name in names
        }

    def part(name: str, rows: Rows) -> NDArray[np.float32]:
        return parts[name][rows] if parts else features.read(name, rows) @ signs[name]

    def read(subset: Subset, rows: Rows) -> NDArray[np.float32]:
        total: NDArray[np.float32] = np.add.reduce([part(name, rows) for name in subset])
        return total

    return DesignMatrices(
        len(subsets),
        [
            ColumnBlock(
                f"{'+'.join(subset)} in {width}",
                width,
                np.array([head]),
                lambda rows, subset=subset: read(subset, rows),  # type: ignore[misc]
            )
            for head, subset in enumerate(subsets)
        ],
    )


def random_signs(height: int, width: int, name: str) -> NDArray[np.float32]:
    """A matrix [height, width] of ±1/√width, determined by a name."""
    generator = np.random.default_rng(seeded_integer("projection", name))
    signs = generator.integers(0, 2, size=(height, width), dtype=np.int8)
    scaled: NDArray[np.float32] = ((2 * signs - 1) / np.sqrt(width)).astype(np.float32)
    return scaled
