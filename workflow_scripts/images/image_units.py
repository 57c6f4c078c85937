"""The units of an image corpus: which source image each row shows, and of which class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.seeded_order import seeded_order
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


_KEPT = ("image", "class_index", "label", "split", "rotation")


def write_image_units(path: Path, units: ImageUnits, corpus_sha256: str, seed: int) -> None:
    """Write the units of a corpus; images that show the same source image are a group.

    Args:
        seed: of the order of the groups, which corpora sorted by class or name have not.
    """
    distinct, source = np.unique(units.image, return_inverse=True)
    number = np.empty(len(distinct), np.int64)
    number[seeded_order(range(len(distinct)), seed, "groups")] = np.arange(len(distinct))
    write_units(
        path,
        Units(number[source], corpus_sha256, "images", "source images"),
        {name: getattr(units, name) for name in _KEPT},
    )


def read_image_units(path: Path) -> ImageUnits:
    """Read what :func:`write_image_units` wrote.

    Raises:
        UserError: if the file is missing or something else.
    """
    table = read_unit_table(path, list(_KEPT))
    return ImageUnits(
        image=np.array(table["image"].to_pylist(), np.int64),
        class_index=np.array(table["class_index"].to_pylist(), np.int64),
        label=np.array(table["label"].to_pylist()),
        split=np.array(table["split"].to_pylist()),
        rotation=np.array(table["rotation"].to_pylist(), np.float64),
    )
