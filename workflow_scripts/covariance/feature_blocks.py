"""Blocks of centred features on the device where they are multiplied.

Numpy's and torch's arrays share operators, slices, ``reshape``, ``swapaxes`` and ``sum``; what they
do differently is in :class:`Arrays`, so that the arithmetic is written once for both.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from workflow_scripts.common.device import choose_device, may_have_cuda

if TYPE_CHECKING:
    import torch

ReadRows = Callable[[int, slice], NDArray[np.floating]]
# A numpy array, or a torch tensor.
Array = Any
Item = TypeVar("Item")
Result = TypeVar("Result")

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


class Arrays(Protocol):
    """Arrays on one device.

    Attributes:
        double: the type float64, for ``sum(axis, dtype=arrays.double)``.
        workers: how many pieces of work are done at a time.
    """

    double: Any
    workers: int

    def each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """What the work makes of each item; no piece may write where another reads or writes."""

    def put(self, values: NDArray[np.float32]) -> Array:
        """The values on the device; they may share memory."""

    def get(self, array: Array) -> NDArray[np.float64]:
        """The values of an array of float64 as a numpy array of its own."""

    def zeros(self, *shape: int) -> Array:
        """Zeros of float64."""

    def single_zeros(self, *shape: int) -> Array:
        """Zeros of float32."""

    def single(self, array: Array) -> Array:
        """The values of an array of float64 in float32."""

    def multiply(self, left: Array, right: Array, out: Array) -> None:
        """The matrix product, written to ``out``."""


class NumpyArrays:
    """Arrays in the memory of the CPU.

    Args:
        pool: where to do pieces of work; without it they come one after another.
        workers: its threads.
    """

    double: Any = np.float64

    def __init__(self, pool: Executor | None = None, workers: int = 1) -> None:
        self._pool = pool
        self.workers = workers

    def each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        return [*(self._pool.map(work, items) if self._pool else map(work, items))]

    def put(self, values: NDArray[np.float32]) -> Array:
        return values

    def get(self, array: Array) -> NDArray[np.float64]:
        return np.array(array)

    def zeros(self, *shape: int) -> Array:
        return np.zeros(shape)

    def single_zeros(self, *shape: int) -> Array:
        return np.zeros(shape, np.float32)

    def single(self, array: Array) -> Array:
        return array.astype(np.float32)

    def multiply(self, left: Array, right: Array, out: Array) -> None:
        np.matmul(left, right, out=out)


class TorchArrays:
    """Tensors on a torch device."""

    def __init__(self, device: "torch.device") -> None:
        import torch

        # The precision that is promised is not that of TF32.
        torch.set_float32_matmul_precision("highest")
        self._torch = torch
        self._device = device
        self.double: Any = torch.float64
        self.workers = 1

    def each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        return [work(item) for item in items]

    def put(self, values: NDArray[np.float32]) -> Array:
        return self._torch.from_numpy(values).to(self._device)

    def get(self, array: Array) -> NDArray[np.float64]:
        return np.array(array.cpu().numpy())

    def zeros(self, *shape: int) -> Array:
        return self._torch.zeros(shape, dtype=self._torch.float64, device=self._device)

    def single_zeros(self, *shape: int) -> Array:
        return self._torch.zeros(shape, dtype=self._torch.float32, device=self._device)

    def single(self, array: Array) -> Array:
        return array.float()

    def multiply(self, left: Array, right: Array, out: Array) -> None:
        self._torch.matmul(left, right, out=out)


NUMPY = NumpyArrays()


@contextmanager
def choose_arrays(device: str) -> Iterator[Arrays]:
    """Arrays on the device that ``--device`` names: torch's on a GPU, numpy's on the CPU.

    Raises:
        UserError: if the device is unknown or not there.
    """
    if device == "cpu" or (device == "auto" and not may_have_cuda()):
        chosen = None
    else:
        chosen = choose_device(device)
    if chosen is None or chosen.type == "cpu":
        with _threads() as arrays:
            yield arrays
    else:
        yield TorchArrays(chosen)


@contextmanager
def _threads() -> Iterator[Arrays]:
    """As many threads as BLAS would use, each with products of its own.

    Threads of BLAS wait for each other within every product: on a machine with other work, a
    hundred short ones take ten times as long that way.
    """
    threads = max(
        (one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"), default=1
    )
    if threads == 1:
        yield NUMPY
        return
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        yield NumpyArrays(pool, threads)
