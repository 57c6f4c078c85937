"""Image sources: where labelled images come from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order


@dataclass(frozen=True)
class LabelledImages:
    """All images of a source.

    Attributes:
        images: uint8 [n, height, width, channel].
        class_index: [n], the class of each image.
        labels: the name of each class.
        is_test: [n], true on the test side.
    """

    images: NDArray[np.uint8]
    class_index: NDArray[np.int64]
    labels: list[str]
    is_test: NDArray[np.bool_]


def load_digits(test_fraction: float, seed: int) -> LabelledImages:
    """The handwritten digits that scikit-learn ships.

    They have no official test split: of each class, the images that come last in an order
    determined by ``seed`` are the test side.
    """
    from sklearn.datasets import load_digits as bundled_digits

    bunch = bundled_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    class_index = bunch.target.astype(np.int64)
    is_test = np.zeros(len(images), bool)
    for label in range(10):
        members = seeded_order(np.flatnonzero(class_index == label).tolist(), seed, "test side")
        is_test[members[len(members) - _test_images(test_fraction, len(members)) :]] = True
    return LabelledImages(images, class_index, [str(label) for label in range(10)], is_test)


def _test_images(test_fraction: float, members: int) -> int:
    """How many images of a class of so many members are the test side: at least one."""
    return max(1, round(test_fraction * members))


def load_cifar100(folder: Path) -> LabelledImages:
    """CIFAR-100 from a folder that holds ``cifar-100-python/``; test images come last.

    Raises:
        UserError: if files are missing or do not have the published checksums.
    """
    from torchvision.datasets import CIFAR100

    try:
        sides = [CIFAR100(str(folder), train=train) for train in (True, False)]
    except RuntimeError as error:
        raise UserError(
            f"{folder}: no complete CIFAR-100 here (cifar-100-python/ with train, test and meta, "
            "of the published checksums); name another folder, or none to download it"
        ) from error
    return LabelledImages(
        images=np.concatenate([side.data for side in sides]),
        class_index=np.concatenate([np.array(side.targets, np.int64) for side in sides]),
        labels=list(sides[0].classes),
        is_test=np.repeat([False, True], [len(side) for side in sides]),
    )
