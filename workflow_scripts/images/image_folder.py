"""Folders of images: which files they hold, and how these are shared out.

Rules import this while they plan, so it needs nothing but the standard library. Images are named
by their paths in the folder, so that what is drawn does not depend on where the folder is.
"""

from collections.abc import Mapping
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})

# The names of the images of every class, classes and names sorted.
Classes = dict[str, list[str]]


def images_in(folder: Path) -> list[str]:
    """The images in a folder and in the folders in it, sorted; none if there is no folder.

    Raises:
        UserError: if a path holds a brace, which Snakemake takes for a wildcard.
    """
    found = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    for path in found:
        if "{" in str(path) or "}" in str(path):
            raise UserError(
                f"{path}: the path holds braces, which Snakemake takes for wildcards; rename it"
            )
    return sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())


def probe_images(folder: Path, most: int, seed: int) -> list[str]:
    """At most so many of a folder's images, drawn at random by the seed, sorted."""
    return sorted(seeded_order(images_in(folder), seed, "probe")[:most])


def images_by_class(folder: Path, most: int | None, seed: int) -> Classes:
    """The images of each class: those below the folder's folder of its name.

    Args:
        most: of each class, drawn at random by the seed; ``None``: all.
    """
    classes: Classes = {}
    for name in images_in(folder):
        label, slash, _ = name.partition("/")
        if slash:
            classes.setdefault(label, []).append(name)
    return {
        label: sorted(seeded_order(names, seed, "class")[:most])
        for label, names in sorted(classes.items())
    }


def held_out(
    classes: Mapping[str, list[str]], share: float, *key: object
) -> tuple[Classes, Classes]:
    """Share the images of every class out at random: those kept, and those held out.

    Args:
        share: of each class that is held out; one image at least, and never all.
        key: what the choice is for, such as a seed.

    Raises:
        UserError: if a class has a single image.
    """
    kept: Classes = {}
    out: Classes = {}
    for label, names in classes.items():
        if len(names) < 2:
            raise UserError(
                f"class {label} has too few images to keep any of them for dev and test; add some, "
                "or name folders of dev and of test images"
            )
        count = min(max(1, round(share * len(names))), len(names) - 1)
        order = seeded_order(names, *key)
        out[label], kept[label] = sorted(order[:count]), sorted(order[count:])
    return kept, out
