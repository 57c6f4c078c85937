"""Features in single precision, shifted and scaled so that their products lose no digits."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

ReadRows = Callable[[int, slice], NDArray[np.floating]]

# At most so many of the first units give shift and factor. Nothing but the prefixes has a say in
# it, because sums that are kept from one run to the next must have been made with the same.
_FIRST_UNITS = 256


class CentredFeatures:
    """The features of all checkpoints, read block by block.

    Any constant shift leaves both estimators of κ as they are, and so does any factor. A shift by
    a mean keeps large common values from swallowing digits; a factor that makes the squared norms
    of vectors about 1 keeps the squares of their products within the range of float32.

    Args:
        read_rows: ``read_rows(i, rows)`` gives the features [b, d_i] of checkpoint i.
        dims: the widths d_i.
        prefixes: numbers of units whose sums are wanted. What is taken off lies within the first
            of them, so that they are as exact as the others where features drift.
    """

    def __init__(self, read_rows: ReadRows, dims: Sequence[int], prefixes: Sequence[int]) -> None:
        self.dims = list(dims)
        self._read_rows = read_rows
        self._first = slice(0, min([_FIRST_UNITS, *filter(None, prefixes)]))
        self._shifts: dict[int, tuple[NDArray[np.float32], np.float32]] = {}

    def read(
        self, i: int, rows: slice, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """The centred features [b, d_i] of checkpoint i, in ``out`` if that is given."""
        shift, factor = self._shift(i)
        if out is None:
            out = np.empty((rows.stop - rows.start, self.dims[i]), np.float32)
        np.subtract(self._read_rows(i, rows), shift, out=out, casting="same_kind")
        out *= factor
        return out

    def _shift(self, i: int) -> tuple[NDArray[np.float32], np.float32]:
        if i not in self._shifts:
            first = np.asarray(self._read_rows(i, self._first), np.float64)
            shift = first.mean(axis=0).astype(np.float32)
            norm = math.sqrt(((first - shift) ** 2).sum() / len(first))
            # A power of two rounds nothing.
            factor = 2.0 ** -round(math.log2(norm)) if norm else 1.0
            self._shifts[i] = shift, np.float32(factor)
        return self._shifts[i]


def blocks(start: int, stop: int, size: int) -> Iterator[slice]:
    """The rows from ``start`` to ``stop``, ``size`` at a time."""
    return (slice(first, min(first + size, stop)) for first in range(start, stop, size))
