"""What numpy and torch do differently, so that the arithmetic is written once for both.

Their arrays share operators, slices, ``reshape``, ``swapaxes`` and ``sum``; the rest is here.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from workflow_scripts.common.device import choose_device, may_have_cuda

if TYPE_CHECKING:
    import torch

# A numpy array, or a torch tensor.
Array = Any
Item = TypeVar("Item")
Result = TypeVar("Result")


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
