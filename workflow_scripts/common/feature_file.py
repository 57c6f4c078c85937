"""The features of one checkpoint on one corpus, in a safetensors file.

Tensors: ``features`` [n, d] (float32 or float16) and ``present`` [n] (bool; false where a unit got
no vector). Row i is unit i of the corpus, for every checkpoint, so files are never matched by unit.

Features that a user brings along are used in place: then the file has ``present`` alone, and its
metadata say where in which other file the matrix lies.

Files are written through a memory map rather than by ``safetensors.numpy.save_file``, so that
memory does not grow with the corpus, and so that equal features give equal bytes: the library
writes metadata in an order that changes from process to process.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError

DTYPES = {"float32": "F32", "float16": "F16"}
_DIGEST_KEY = "features_sha256"
_IN_PLACE_KEY = "in_place"
_DIGEST_LENGTH = hashlib.sha256().digest_size * 2
_BLOCK_BYTES = 1 << 24


class FeatureWriter:
    """Writes a feature file row by row, in any order; the file appears when the block ends well.

    Rows that are never written stay absent.

    Args:
        path: the file to write.
        units: number of units n of the corpus.
        dim: width d of the features.
        dtype: ``"float32"`` or ``"float16"``.
        metadata: what the features were made from; values are texts.
    """

    def __init__(
        self, path: Path, units: int, dim: int, dtype: str, metadata: dict[str, str]
    ) -> None:
        self._path = path
        self._shape = (units, dim)
        self._dtype = np.dtype(dtype)
        self._header = _header(units, dim, self._dtype, metadata)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            units, _ = self._shape
            start = len(self._header)
            # Without space set aside, writing to the map would end the process where the disk is
            # full.
            with temporary.open("wb") as file:
                size = start + self._payload()
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:  # macOS
                    file.truncate(size)
            self._bytes = np.memmap(temporary, np.uint8, "r+", shape=(start + self._payload(),))
            self._bytes[:start] = np.frombuffer(self._header, np.uint8)
            self.features = self._bytes[start : start + self._payload() - units].view(self._dtype)
            self.features = self.features.reshape(self._shape)
            self.present = self._bytes[start + self._payload() - units :].view(np.bool_)
            stack.push(self._finish)
            self._stack = stack.pop_all()
        return self

    def write(self, rows: NDArray[np.integer] | slice, features: NDArray[np.floating]) -> None:
        """Give the units ``rows`` their vectors [len(rows), d]."""
        self.features[rows] = features
        self.present[rows] = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _finish(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the digest, if all went well, and let go of the file before it is renamed."""
        if kind is None:
            digest = hashlib.sha256()
            body = self._bytes[len(self._header) :]
            for start in range(0, len(body), _BLOCK_BYTES):
                digest.update(body[start : start + _BLOCK_BYTES].data)
            at = self._header.rindex(b"0" * _DIGEST_LENGTH)
            self._bytes[at : at + _DIGEST_LENGTH] = np.frombuffer(
                digest.hexdigest().encode(), np.uint8
            )
            self._bytes.flush()
        del self.features, self.present, self._bytes

    def _payload(self) -> int:
        units, dim = self._shape
        return units * dim * self._dtype.itemsize + units


@dataclass(frozen=True)
class InPlace:
    """A matrix that lies in another file, in C order.

    Attributes:
        path: of that file.
        offset: bytes before the matrix.
        dtype: its name, such as ``"float32"``.
        shape: n and d.
    """

    path: str
    offset: int
    dtype: str
    shape: tuple[int, int]

    def map(self) -> NDArray[np.floating]:
        """The matrix [n, d], as a memory map."""
        return np.memmap(self.path, np.dtype(self.dtype), "r", self.offset, tuple(self.shape))

    @property
    def size(self) -> int:
        """Its bytes."""
        units, dim = self.shape
        return units * dim * np.dtype(self.dtype).itemsize


def write_in_place(path: Path, source: InPlace, metadata: dict[str, str]) -> None:
    """Write a feature file whose matrix stays in another file; every unit is present."""
    units, _ = source.shape
    present = np.ones(units, np.bool_).tobytes()
    kept = metadata | {
        _IN_PLACE_KEY: json.dumps(asdict(source)),
        _DIGEST_KEY: _digest_in_place(source, present),
    }
    entry = {"dtype": "BOOL", "shape": [units], "data_offsets": [0, units]}
    text = json.dumps({"__metadata__": kept, "present": entry}).encode()
    text += b" " * (-len(text) % 8)
    with atomic_path(path) as temporary:
        temporary.write_bytes(len(text).to_bytes(8, "little") + text + present)


def _digest_in_place(source: InPlace, present: bytes) -> str:
    digest = hashlib.sha256()
    with Path(source.path).open("rb") as file:
        file.seek(source.offset)
        left = source.size
        while left:
            block = file.read(min(left, _BLOCK_BYTES))
            if not block:
                raise UserError(f"{source.path}: the file is cut short")
            digest.update(block)
            left -= len(block)
    digest.update(present)
    return digest.hexdigest()


@dataclass(frozen=True)
class Features:
    """A feature file opened for reading; the arrays are memory maps.

    Attributes:
        path: the file.
        features: [n, d].
        present: [n], false where a unit got no vector.
        metadata: what the features were made from.
    """

    path: Path
    features: NDArray[np.floating]
    present: NDArray[np.bool_]
    metadata: dict[str, str]

    @cached_property
    def digest(self) -> str:
        """The sha256 of the tensors, for which the whole file is read.

        What is kept under a digest, to be used again, must be of these very features: the digest
        in the metadata alone would not tell that they were changed in place.

        Raises:
            UserError: if it is not the digest that was recorded when they were written.
        """
        if source := _in_place(self.metadata):
            digest = _digest_in_place(source, self.present.tobytes())
        else:
            with self.path.open("rb") as file:
                file.seek(8 + int.from_bytes(file.read(8), "little"))
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != self.metadata[_DIGEST_KEY]:
            raise UserError(
                f"{self.path}: the features are not those that were written there; delete the file "
                "and run again"
            )
        return digest

    def read(self, units: NDArray[np.int64]) -> NDArray[np.floating]:
        """The features [len(units), d] of some units.

        Raises:
            UserError: if they are not finite.
        """
        values = self.features[units]
        check_finite(values, units, str(self.path))
        return values


def check_finite(values: NDArray[np.floating], units: NDArray[np.int64], where: str) -> None:
    """Refuse features [len(units), d] that are not finite, which nothing can be computed from.

    Args:
        where: what has them, for the message.

    Raises:
        UserError: naming the first such unit.
    """
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise UserError(
            f"{where}: the features of unit {units[~finite][0]} are not finite; delete the file "
            "and run again"
        )


def open_features(path: Path) -> Features:
    """Open a feature file without reading the features themselves.

    Raises:
        UserError: if the file is missing, is cut short, or is no feature file.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        start = 8 + length
        metadata = header["__metadata__"]
        source = _in_place(metadata)
        features = source.map() if source else _tensor(path, header["features"], start)
        present = _tensor(path, header["present"], start)
        if _DIGEST_KEY not in metadata or len(features) != len(present):
            raise KeyError(_DIGEST_KEY)
    except FileNotFoundError as error:
        where = error.filename or path
        raise UserError(f"{where}: there is no such feature file") from None
    except PermissionError:
        raise
    except (OSError, OverflowError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise UserError(
            f"{path}: this is no complete feature file of this workflow; delete it and run again"
        ) from error
    return Features(path, features, present, metadata)


def check_same_corpus(names: Sequence[str], features: Sequence[Features]) -> None:
    """Refuse features of different corpora.

    Raises:
        UserError: naming two checkpoints.
    """
    for name, one in zip(names, features, strict=True):
        if one.metadata.get("corpus_sha256") != features[0].metadata.get("corpus_sha256") or len(
            one.present
        ) != len(features[0].present):
            raise UserError(
                f"the features of {name} are of another corpus than those of {names[0]}; "
                "delete the older of the two files and run again"
            )


def common_units(features: Sequence[Features]) -> NDArray[np.int64]:
    """The units that every checkpoint has a vector for, in order.

    Using the same units for all pairs keeps κ positive semi-definite.
    """
    return np.flatnonzero(np.logical_and.reduce([one.present for one in features]))


def _in_place(metadata: dict[str, str]) -> InPlace | None:
    """Where the matrix lies, if that is another file."""
    if _IN_PLACE_KEY not in metadata:
        return None
    fields = json.loads(metadata[_IN_PLACE_KEY])
    return InPlace(**fields | {"shape": tuple(fields["shape"])})


def _tensor(path: Path, entry: dict[str, Any], start: int) -> NDArray[Any]:
    dtype = {"F32": np.float32, "F16": np.float16, "BOOL": np.bool_}[entry["dtype"]]
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if end - begin != int(np.prod(shape)) * np.dtype(dtype).itemsize:
        raise ValueError("shape and size disagree")
    return np.memmap(path, dtype, "r", offset=start + begin, shape=shape)


def _header(units: int, dim: int, dtype: np.dtype[Any], metadata: dict[str, str]) -> bytes:
    size = units * dim * dtype.itemsize
    text = json.dumps(
        {
            "__metadata__": metadata | {_DIGEST_KEY: "0" * _DIGEST_LENGTH},
            "features": {
                "dtype": DTYPES[dtype.name],
                "shape": [units, dim],
                "data_offsets": [0, size],
            },
            "present": {"dtype": "BOOL", "shape": [units], "data_offsets": [size, size + units]},
        }
    ).encode()
    # The tensors begin at a multiple of 8, as the format asks; blanks fill the header.
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text
