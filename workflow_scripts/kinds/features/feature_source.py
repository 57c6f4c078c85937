"""Feature files of any framework: a matrix [n, d] in .npy, .npz, .safetensors, .parquet or .pt.

Matrices of float16, float32 and float64 in .npy and .safetensors are used in place through a memory
map. Those in other files, and bfloat16, which numpy does not have, are read and converted.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.script import UserError

_IN_PLACE = {"F16": "float16", "F32": "float32", "F64": "float64"}


@dataclass(frozen=True)
class FeatureSource:
    """A matrix of features, read or mapped.

    Attributes:
        values: [n, d], float16, float32 or float64.
        offset: where in the file the matrix begins, in C order; ``None`` where it is no part of
            the file as it stands.
    """

    values: NDArray[np.floating]
    offset: int | None


def open_source(path: Path) -> FeatureSource:
    """Open a feature file.

    Raises:
        UserError: if the file is missing, cannot be read, or does not hold one matrix of numbers.
    """
    try:
        match path.suffix:
            case ".npy":
                found = _from_npy(path)
            case ".npz":
                found = FeatureSource(_from_npz(path), None)
            case ".safetensors":
                found = _from_safetensors(path)
            case ".parquet":
                found = FeatureSource(_from_parquet(path), None)
            case _:
                found = FeatureSource(_from_torch(path), None)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such feature file") from None
    except UserError:
        raise
    # Whatever may be wrong with a file, the libraries that read it have errors of all kinds.
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"{path}: this file cannot be read as features ({type(error).__name__}: {first})"
        ) from error
    if found.values.ndim != 2:
        shape = "×".join(map(str, found.values.shape))
        raise UserError(
            f"{path}: the array is {shape}; features are one matrix with a row for each unit: pool "
            "over tokens or places first"
        )
    if found.values.dtype.kind != "f":
        raise UserError(f"{path}: the array holds {found.values.dtype}; features are floats")
    return found


def _from_npy(path: Path) -> FeatureSource:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    in_place = (
        isinstance(array, np.memmap)
        and array.flags.c_contiguous
        and array.dtype.isnative
        and array.dtype.name in _IN_PLACE.values()
    )
    return FeatureSource(array, int(array.offset) if in_place else None)


def _from_npz(path: Path) -> NDArray[Any]:
    with np.load(path, allow_pickle=False) as file:
        return np.asarray(file[_only(path, list(file.files))])


def _from_safetensors(path: Path) -> FeatureSource:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    name = _only(path, [key for key in header if key != "__metadata__"])
    entry = header[name]
    begin, end = entry["data_offsets"]
    shape, start = tuple(entry["shape"]), 8 + length + begin
    if entry["dtype"] in _IN_PLACE:
        dtype = np.dtype(_IN_PLACE[entry["dtype"]])
        if end - begin != int(np.prod(shape)) * dtype.itemsize:
            raise ValueError("shape and size disagree")
        return FeatureSource(np.memmap(path, dtype, "r", offset=start, shape=shape), start)
    if entry["dtype"] != "BF16":
        raise UserError(f"{path}: the tensor {name!r} holds {entry['dtype']}; features are floats")
    upper = np.memmap(path, np.uint16, "r", offset=start, shape=shape)
    return FeatureSource((upper.astype(np.uint32) << 16).view(np.float32), None)


def _from_parquet(path: Path) -> NDArray[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read(use_threads=False)
    lists = [
        field.name
        for field in table.schema
        if pa.types.is_list(field.type)
        or pa.types.is_large_list(field.type)
        or pa.types.is_fixed_size_list(field.type)
    ]
    name = _only(path, lists)
    return np.stack([np.asarray(row, np.float32) for row in table[name].to_pylist()])


def _from_torch(path: Path) -> NDArray[Any]:
    import torch

    loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    if isinstance(loaded, dict):
        tensors = [key for key, value in loaded.items() if isinstance(value, torch.Tensor)]
        loaded = loaded[_only(path, tensors)]
    if not isinstance(loaded, torch.Tensor):
        raise UserError(f"{path}: expected a tensor, or a dictionary with one")
    array: NDArray[Any] = (loaded.float() if loaded.dtype == torch.bfloat16 else loaded).numpy()
    return array


def _only(path: Path, names: list[str]) -> str:
    """The one array of a file, or the one that is called features."""
    if "features" in names:
        return "features"
    if len(names) != 1:
        said = f"holds {', '.join(names)}" if names else "holds no array"
        raise UserError(f"{path}: the file {said}; name the matrix 'features', or leave it alone")
    return names[0]
