"""Settings of stage 1 for image zoos of one's own: folders of images."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from workflow_scripts.common.settings import Fraction, Settings, UserPath
from workflow_scripts.images.settings import Rotations

SPLITS: tuple[Literal["train", "dev", "test"], ...] = ("train", "dev", "test")


class FolderProbe(Settings):
    """The unlabelled images of a folder, from which the covariance is estimated."""

    folder: Annotated[UserPath, Field(min_length=1)] = Field(
        description="holds images, in itself or in folders"
    )
    max_images: PositiveInt = Field(1000, description="so many at most, drawn at random")
    rotations: Rotations = Field(
        [], description="degrees by which each image is also turned, beside itself"
    )
    home: str | None = Field(None, description="where it is from; said when it is missing")


class FolderTask(Settings):
    """Telling classes of images apart: each class has a folder of its name."""

    train: Annotated[UserPath, Field(min_length=1)] = Field(
        description="folder that holds a folder of images for each class"
    )
    dev: UserPath | None = Field(None, description="the same; default: drawn from train")
    test: UserPath | None = Field(None, description="the same; default: drawn from train")
    dev_fraction: Fraction = Field(0.2, description="share of each class kept for dev, if drawn")
    test_fraction: Fraction = Field(0.2, description="share of each class kept for test, if drawn")
    max_per_class: PositiveInt | None = Field(
        None, description="images of each class in each folder, drawn at random; default: all"
    )
    home: str | None = Field(None, description="where it is from; said when it is missing")

    @property
    def folders(self) -> dict[str, str]:
        """The folders that there are, by split."""
        given = {split: getattr(self, split) for split in SPLITS}
        return {split: folder for split, folder in given.items() if folder is not None}
