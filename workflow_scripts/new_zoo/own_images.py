"""What can be known of folders of images before a run: how many images, and of which classes."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.covariance.jackknife import LEAST_GROUPS
from workflow_scripts.data.gather_images import probe_files, task_files
from workflow_scripts.data.image_folder import SUFFIXES
from workflow_scripts.data.image_settings import FolderProbe, FolderTask
from workflow_scripts.new_zoo.counted import counted
from workflow_scripts.new_zoo.named_files import named_folder
from workflow_scripts.new_zoo.settings_of import settings_of

_SEED = 0  # of a zoo that names none
# The noise of κ falls with the number of images.
_FEW_IMAGES = 500


@dataclass(frozen=True)
class FoundImageProbe:
    """A probe that has been looked at.

    Attributes:
        settings: of its entry in the config.
        images: how many it takes.
    """

    settings: FolderProbe
    images: int

    @property
    def described(self) -> str:
        """How much it holds, in words."""
        return counted(self.images, "image")

    @property
    def warning(self) -> str:
        """What is wrong with its size; empty if nothing is."""
        if self.images >= _FEW_IMAGES:
            return ""
        return (
            f"{counted(self.images, 'image')} are few, and the covariance will be noisy: a "
            "thousand are better"
        )

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in the config."""
        return {"folder": self.settings.folder, "max_images": self.settings.max_images}


@dataclass(frozen=True)
class FoundImageTask:
    """A task that has been looked at.

    Attributes:
        name: in the zoo.
        settings: of its entry in the config.
        images: how many its corpus will hold.
        classes: how many there are to tell apart.
    """

    name: str
    settings: FolderTask
    images: int
    classes: int

    @property
    def described(self) -> str:
        """What it holds, in words."""
        return f"{counted(self.images, 'image')} ({counted(self.classes, 'class', 'classes')})"

    @property
    def warning(self) -> str:
        """Nothing: what heads cannot be trained on is refused."""
        return ""

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in the config."""
        return dict(self.settings.folders)


def find_image_probe(text: str) -> FoundImageProbe:
    """Look at a folder that is to be the probe.

    Raises:
        UserError: if there is no such folder, or it holds too few images.
    """
    folder = named_folder(text, "name a folder of images")
    settings = settings_of(FolderProbe, {"folder": folder.as_posix()})
    count = len(probe_files(folder, settings.max_images, _SEED))
    if count < LEAST_GROUPS:
        raise UserError(
            f"{text}: {counted(count, 'image')} in this folder ({', '.join(sorted(SUFFIXES))}); a "
            "covariance takes hundreds, and how sure it is cannot be told from fewer than "
            f"{LEAST_GROUPS}"
        )
    return FoundImageProbe(settings, count)


def find_image_task(name: str, settings: FolderTask) -> FoundImageTask:
    """Look at a task, and hold it to what a run needs.

    Raises:
        UserError: if a folder holds no classes, or train fewer than two or not those of the
            others, or there are too few images to share out.
    """
    folders = {split: Path(folder) for split, folder in settings.folders.items()}
    try:
        files = task_files(argparse.Namespace(**settings.model_dump() | folders, seed=_SEED))
    except UserError as error:
        raise UserError(f"task {name}: {error}") from error
    return FoundImageTask(name, settings, len(files), len({one.label for one in files}))
