"""Begins an image zoo: looks at folders of images, and tells what a run costs."""

import argparse
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.covariance.jackknife import LEAST_GROUPS
from workflow_scripts.drafting.answers import as_name, counted, named_folder, settings_of
from workflow_scripts.drafting.cost import Cost, Features
from workflow_scripts.drafting.draft import AddFlags, Check, Draft
from workflow_scripts.drafting.pretrained_zoo import (
    FoundZoo,
    Parts,
    add_flags,
    cost_of_checkpoints,
    find_zoo,
    zoo_entry,
)
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.tasks import free_task_name, read_words
from workflow_scripts.images.image_folder import SUFFIXES
from workflow_scripts.kinds.image.gather_images import probe_files, task_files
from workflow_scripts.kinds.image.settings import SPLITS, FolderProbe, FolderTask
from workflow_scripts.kinds.image.zoo import ImageZoo

_KEYS = ("name", *SPLITS)
# Bytes of a pixel as corpora hold it: red, green and blue.
_COLOURS = 3
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
            "covariance needs hundreds, and its error cannot be estimated from fewer than "
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


FoundImageZoo = FoundZoo[FoundImageProbe, FoundImageTask]


def find_image_zoo(flags: argparse.Namespace, questions: Questions) -> FoundImageZoo:
    """Look at everything that the flags name, and ask for what they do not.

    Raises:
        UserError: on the first thing that a flag names and that cannot be used.
    """
    parts = Parts(
        modality="image",
        preprocessor="image processor",
        probe_question="Probe: a folder of images",
        find_probe=find_image_probe,
        task_question="Task: a folder with a folder of images for each class (empty: no more)",
        given_task=_given_task,
        asked_task=_asked_task,
    )
    return find_zoo(parts, flags, questions)


def _given_task(words: Sequence[str], found: list[FoundImageTask], _: Questions) -> FoundImageTask:
    return find_image_task(*read_image_task(words, [one.name for one in found]))


def _asked_task(folder: str, found: list[FoundImageTask], questions: Questions) -> FoundImageTask:
    """A task whose training folder is known.

    Raises:
        UserError: if no head could be trained on it.
    """
    taken = [one.name for one in found]
    guessed, settings = read_image_task([folder], taken)
    find_image_task(guessed, settings)
    for split in ("dev", "test"):
        settings = questions.ask(
            f"Folder for {split} (empty: drawn from the training folder)",
            partial(_with_split, settings, split),
            "",
        )
    name = questions.ask(
        "Name of the task", partial(free_task_name, taken=taken), as_name(guessed, taken)
    )
    return find_image_task(name, settings)


def _with_split(settings: FolderTask, split: str, path: str) -> FolderTask:
    if not path:
        return settings
    changed = settings.model_copy(update={split: named_classes(path).as_posix()})
    find_image_task(split, changed)
    return changed


def read_image_task(words: Sequence[str], taken: Collection[str]) -> tuple[str, FolderTask]:
    """The name of a task on images, and its settings.

    Args:
        words: the path of a training folder, or ``key=value`` of ``name``, ``dev`` and ``test``.
        taken: the names of other tasks.

    Raises:
        UserError: if a key is unknown or stands twice, or a folder is missing.
    """
    name, given = read_words(words, taken, _KEYS, (), "folder", named_classes)
    return name, settings_of(FolderTask, {split: folders[0] for split, folders in given.items()})


def named_classes(text: str) -> Path:
    """A folder that a task on images names, which is there.

    Raises:
        UserError: if there is none.
    """
    return named_folder(text, "name one that holds a folder of images for each class")


def image_cost(zoo: ImageZoo, found: FoundImageZoo, jobs: Mapping[str, int]) -> Cost:
    """What a run of an image zoo of checkpoints costs.

    Args:
        found: its parts, looked at.
        jobs: how many, by stage.
    """
    counts = {"probe": found.probe.images} | {one.name: one.images for one in found.tasks}
    return cost_of_checkpoints(
        zoo,
        found.checkpoints,
        [Features(corpus, images, "images") for corpus, images in counts.items()],
        jobs,
        other_downloads={},
        images=sum(counts.values()) * zoo.image_size**2 * _COLOURS,
        rule="extract_image_features",
    )


class ImageDrafter:
    """Begins zoos of vision checkpoints."""

    groups: tuple[AddFlags, ...] = (add_flags,)
    task_flags: tuple[str, ...] = ("task",)

    def begin(self, flags: argparse.Namespace, questions: Questions, check: Check) -> Draft:
        """Look at everything that the flags name, and ask for what they do not.

        Raises:
            UserError: on the first thing that a flag names and that cannot be used.
        """
        found = find_image_zoo(flags, questions)
        entry = zoo_entry(found, flags.sizes)
        return Draft(entry, partial(image_cost, check(entry), found))
