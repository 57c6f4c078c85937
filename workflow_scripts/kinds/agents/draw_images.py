"""Writes the images of one corpus of an image zoo: the probe's, the tasks' or the agents'."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.images.image_units import ImageUnits, write_image_units
from workflow_scripts.images.rotation import rotated
from workflow_scripts.kinds.agents.sources import LabelledImages, load_cifar100, load_digits
from workflow_scripts.kinds.agents.splits import ImageShares, share_out_images


def corpus_images(
    source: LabelledImages, shares: ImageShares, corpus: str, rotations: Sequence[float]
) -> tuple[NDArray[np.uint8], ImageUnits]:
    """The images of a corpus and what they show.

    Args:
        corpus: ``"probe"``, ``"tasks"`` or ``"agents"``.
        rotations: degrees by which each image is also turned; an image and its turned copies are
            neighbours.

    Returns:
        uint8 [n, height, width, channel], and the units.
    """
    parts: dict[str, list[tuple[str, list[int]]]] = {
        "probe": [("probe", shares.probe)],
        "tasks": [
            ("train", shares.task_train),
            ("dev", shares.task_dev),
            ("test", shares.task_test),
        ],
        "agents": [("train", shares.agent_train), ("dev", shares.agent_dev)],
    }
    angles = [0.0, *rotations]
    image = np.array([i for _, members in parts[corpus] for i in members], np.int64)
    split = np.array([name for name, members in parts[corpus] for _ in members])
    class_index = source.class_index[image]
    units = ImageUnits(
        image=image.repeat(len(angles)),
        class_index=class_index.repeat(len(angles)),
        label=np.array(source.labels)[class_index].repeat(len(angles)),
        split=split.repeat(len(angles)),
        rotation=np.tile(angles, len(image)),
    )
    images = np.stack([rotated(source.images[i], angle) for i in image for angle in angles])
    return images, units


def load_source(arguments: argparse.Namespace) -> LabelledImages:
    """The labelled images of the source that the flags name."""
    if arguments.source == "digits":
        return load_digits(arguments.test_fraction, arguments.seed)
    if arguments.folder is None:
        raise UserError("--source cifar100 needs --folder")
    return load_cifar100(arguments.folder)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, share out the images, write the corpus and its units."""
    flags = parser(__doc__)
    flags.add_argument("--source", choices=["digits", "cifar100"], required=True)
    flags.add_argument("--folder", type=Path, help="where cifar-100-python/ is")
    flags.add_argument("--test-fraction", type=float, default=0.25, help="of digits")
    flags.add_argument("--corpus", choices=["probe", "tasks", "agents"], required=True)
    flags.add_argument("--seed", type=int, default=0)
    flags.add_argument("--probe-per-class", type=int, required=True)
    flags.add_argument("--task-train-per-class", type=int, default=0)
    flags.add_argument("--task-dev-per-class", type=int, default=0)
    flags.add_argument("--task-test-per-class", type=int, help="default: all")
    flags.add_argument("--agent-dev-fraction", type=float, default=0.2)
    flags.add_argument("--rotations", type=float, nargs="*", default=[], help="degrees")
    flags.add_argument("--output", type=Path, required=True, help="images, .npy")
    flags.add_argument("--units", type=Path, required=True, help="what they show, .parquet")
    arguments = flags.parse_args(argv)

    source = load_source(arguments)
    try:
        shares = share_out_images(
            source.class_index,
            source.is_test,
            arguments.probe_per_class,
            arguments.task_train_per_class,
            arguments.task_dev_per_class,
            arguments.task_test_per_class,
            arguments.agent_dev_fraction,
            arguments.seed,
        )
    except ValueError as error:
        raise UserError(f"{arguments.source}: {error}") from error
    images, units = corpus_images(source, shares, arguments.corpus, arguments.rotations)
    with atomic_path(arguments.output) as temporary:
        np.save(temporary, images)
    write_image_units(arguments.units, units, file_digest(arguments.output), arguments.seed)
    found(f"{len(images):,} images of {'×'.join(map(str, images.shape[1:]))} pixels")


if __name__ == "__main__":
    run(main)
