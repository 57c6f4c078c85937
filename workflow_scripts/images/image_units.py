"""The units of an image corpus: which source image each row shows, and of which class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.units_file import Units, read_unit_table, write_units


@dataclass(frozen=True)
class ImageUnits:
    """One entry per image of a corpus.

    Attributes:
        image: [n], number of the image in its source; the turned copies of an image have the same.
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


_KEPT = ("class_index", "label", "split", "rotation")


def write_image_units(path: Path, units: ImageUnits, corpus_sha256: str) -> None:
    """Write the units of a corpus; images that show the same source image are a group."""
    write_units(
        path,
        Units(units.image, corpus_sha256, "images", "source images"),
        {name: getattr(units, name) for name in _KEPT},
    )


def read_image_units(path: Path) -> ImageUnits:
    """Read what :func:`write_image_units` wrote.

    Raises:
        UserError: if the file is missing or something else.
    """
    table = read_unit_table(path, ["group", *_KEPT])
    return ImageUnits(
        image=np.array(table["group"].to_pylist(), np.int64),
        class_index=np.array(table["class_index"].to_pylist(), np.int64),
        label=np.array(table["label"].to_pylist()),
        split=np.array(table["split"].to_pylist()),
        rotation=np.array(table["rotation"].to_pylist(), np.float64),
    )
