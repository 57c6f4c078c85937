"""The units of an image corpus: which source image each row shows, in a parquet file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path


@dataclass(frozen=True)
class Units:
    """One entry per image of a corpus.

    Attributes:
        image: [n], number of the image in its source.
        class_index: [n], its class.
        label: [n], the name of its class.
        split: [n], ``"train"``, ``"dev"``, ``"test"``, or ``"probe"``.
        rotation: [n], degrees by which the source image was turned, counter-clockwise.
    """

    image: NDArray[np.int64]
    class_index: NDArray[np.int64]
    label: NDArray[np.str_]
    split: NDArray[np.str_]
    rotation: NDArray[np.float64]


def write_units(path: Path, units: Units) -> None:
    """Write one column per attribute."""
    with atomic_path(path) as temporary:
        pq.write_table(pa.table(vars(units)), temporary)


def read_units(path: Path) -> Units:
    """Read what :func:`write_units` wrote."""
    table = pq.read_table(path, use_threads=False)
    return Units(
        image=table["image"].to_numpy(),
        class_index=table["class_index"].to_numpy(),
        label=np.array(table["label"].to_pylist()),
        split=np.array(table["split"].to_pylist()),
        rotation=table["rotation"].to_numpy(),
    )
