"""Writes one corpus of images from a user's folders: the probe's, or those of a task.

``--images`` is the folder of a probe. A task has ``--train`` and, where there are any, ``--dev``
and ``--test``: folders in which each class has a folder of its name. Without them dev and test
images are drawn from each class's training images. All images are scaled to one size: the shorter
side to ``--size`` pixels, then cut to the square in the middle.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tqdm import tqdm

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.images.image_folder import (
    SUFFIXES,
    Classes,
    held_out,
    images_by_class,
    probe_images,
)
from workflow_scripts.images.image_units import ImageUnits, write_image_units
from workflow_scripts.images.rotation import rotated


@dataclass(frozen=True)
class Labelled:
    """An image file and what it is for.

    Attributes:
        path: of the file.
        label: its class; empty for a probe's.
        split: ``"train"``, ``"dev"``, ``"test"``, or ``"probe"``.
    """

    path: Path
    label: str
    split: str


def read_image(path: Path, size: int) -> NDArray[np.uint8]:
    """An image as red, green and blue [size, size, 3]: scaled, and cut to the square in the middle.

    The way up that a camera noted is kept; of an animation, the first picture counts.

    Raises:
        UserError: if the file is no image that can be read.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
            fitted = ImageOps.fit(upright, (size, size), Image.Resampling.BICUBIC)
            return np.asarray(fitted)
    # What is wrong with a file, Pillow says by errors of many kinds.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{path}: this is no image that can be read ({type(error).__name__}); mend the file or "
            "take it out of the folder"
        ) from error


def probe_files(folder: Path, most: int, seed: int) -> list[Labelled]:
    """The images of a probe."""
    return [Labelled(folder / name, "", "probe") for name in probe_images(folder, most, seed)]


def task_files(arguments: argparse.Namespace) -> list[Labelled]:
    """The images of a task, split by split.

    Raises:
        UserError: if a folder holds no classes, a class is not among those of train, or there are
            too few images.
    """
    folders: dict[str, Path] = {}
    splits: dict[str, Classes] = {}
    for split in ("train", "dev", "test"):
        folder = getattr(arguments, split)
        if folder is not None:
            folders[split] = folder
            splits[split] = images_by_class(folder, arguments.max_per_class, arguments.seed)
            if not splits[split]:
                raise UserError(
                    f"{folder}: there are no images in folders here; put those of each class into "
                    f"a folder of its name ({', '.join(sorted(SUFFIXES))})"
                )
    for split in ("test", "dev"):
        if split not in splits:
            share = getattr(arguments, f"{split}_fraction")
            splits["train"], splits[split] = held_out(splits["train"], share, arguments.seed, split)
    if len(splits["train"]) < 2:
        raise UserError(f"{arguments.train}: there is one class only; there is nothing to learn")
    for split, folder in folders.items():
        if unknown := sorted(splits[split].keys() - splits["train"].keys()):
            raise UserError(
                f"{folder}: there is no class {unknown[0]} in {arguments.train}; rename the folder"
            )
    return [
        Labelled(folders.get(split, folders["train"]) / name, label, split)
        for split in ("train", "dev", "test")
        for label, names in splits[split].items()
        for name in names
    ]


def units_of(files: Sequence[Labelled], angles: Sequence[float]) -> ImageUnits:
    """What every row of the corpus shows; an image and its turned copies are neighbours."""
    labels = [one.label for one in files]
    _, class_index = np.unique(labels, return_inverse=True)
    copies = len(angles)
    return ImageUnits(
        image=np.arange(len(files), dtype=np.int64).repeat(copies),
        class_index=class_index.astype(np.int64).repeat(copies),
        label=np.array(labels).repeat(copies),
        split=np.array([one.split for one in files]).repeat(copies),
        rotation=np.tile(np.array(angles, np.float64), len(files)),
    )


def write_images(path: Path, files: Sequence[Labelled], angles: Sequence[float], size: int) -> None:
    """Write uint8 [files × angles, size, size, 3], an image at a time.

    Raises:
        UserError: if a file cannot be read.
    """
    with atomic_path(path) as temporary:
        shape = (len(files) * len(angles), size, size, 3)
        images = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        row = 0
        for one in tqdm(files, unit="image", mininterval=5):
            image = read_image(one.path, size)
            for angle in angles:
                images[row] = rotated(image, angle)
                row += 1
        images.flush()


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and the folders, write the corpus and its units."""
    flags = parser(__doc__)
    flags.add_argument("--images", type=Path, help="folder of a probe's images")
    flags.add_argument("--max-images", type=positive_int, default=1000, help="of a probe")
    flags.add_argument("--rotations", type=float, nargs="*", default=[], help="degrees")
    flags.add_argument("--train", type=Path, help="folder of a task's classes")
    flags.add_argument("--dev", type=Path, help="the same, for dev")
    flags.add_argument("--test", type=Path, help="the same, for test")
    for split in ("dev", "test"):
        flags.add_argument(
            f"--{split}-fraction", type=float, default=0.2, help="of each class, if drawn"
        )
    flags.add_argument("--max-per-class", type=positive_int, help="default: all")
    flags.add_argument("--seed", type=int, default=0, help="of what is drawn")
    flags.add_argument("--size", type=positive_int, default=224, help="pixels of a side")
    flags.add_argument("--output", type=Path, required=True, help="images, .npy")
    flags.add_argument("--units", type=Path, required=True, help="what they show, .parquet")
    arguments = flags.parse_args(argv)
    if (arguments.images is None) == (arguments.train is None):
        raise UserError("name either --images, for a probe, or --train, for a task")
    if arguments.images is not None:
        files = probe_files(arguments.images, arguments.max_images, arguments.seed)
        if not files:
            raise UserError(
                f"{arguments.images}: there are no images in this folder "
                f"({', '.join(sorted(SUFFIXES))}); name another"
            )
    else:
        files = task_files(arguments)
    angles = [0.0, *arguments.rotations]
    write_images(arguments.output, files, angles, arguments.size)
    write_image_units(
        arguments.units, units_of(files, angles), file_digest(arguments.output), arguments.seed
    )
    classes = {one.label for one in files if one.label}
    found(
        f"{len(files) * len(angles):,} images of {arguments.size}×{arguments.size} pixels"
        + (f", {len(classes)} classes" if classes else "")
    )


if __name__ == "__main__":
    run(main)
