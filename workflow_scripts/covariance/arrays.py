"""What numpy and torch do differently, so that the arithmetic is written once for both.

Their arrays share operators, slices, ``reshape``, ``swapaxes`` and ``sum``; the rest is here.
"""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.device import choose_device, may_have_cuda

if TYPE_CHECKING:
    import torch

# A numpy array, or a torch tensor.
Array = Any


class Arrays(Protocol):
    """Arrays on one device.

    Attributes:
        double: the type float64, for ``sum(axis, dtype=arrays.double)``.
    """

    double: Any

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
    """Arrays in the memory of the CPU; products use the threads of numpy's BLAS."""

    double: Any = np.float64

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


def choose_arrays(device: str) -> Arrays:
    """Arrays on the device that ``--device`` names: torch's on a GPU, numpy's on the CPU.

    Raises:
        UserError: if the device is unknown or not there.
    """
    if device == "cpu" or (device == "auto" and not may_have_cuda()):
        return NUMPY
    chosen = choose_device(device)
    return NUMPY if chosen.type == "cpu" else TorchArrays(chosen)
