"""Stages 1 to 3 of image zoos: paths and flags of their jobs."""

from functools import cache
from pathlib import Path

from workflow_scripts.common.settings import to_flags
from workflow_scripts.images.image_folder import images_by_class, probe_images
from workflow_scripts.kinds.image.zoo import ImageZoo
from workflow_scripts.kinds.zoo import Zoo

ImageZooPlan = Zoo[ImageZoo]


def corpus_images(zoo: ImageZooPlan, corpus: str) -> list[str]:
    """The image files of a probe or of a task.

    Raises:
        UserError: if a path cannot be an input of a job.
    """
    settings = zoo.settings
    if corpus == "probe":
        assert settings.probe is not None
        folders = zoo.given([settings.probe.folder])
        return [
            path
            for folder in folders
            for path in _probe_paths(folder, settings.probe.max_images, settings.seed)
        ]
    task = settings.tasks[corpus]
    folders = zoo.given(task.folders.values())
    return [
        path
        for folder in folders
        for path in _class_paths(folder, task.max_per_class, settings.seed)
    ]


def corpus_flags(zoo: ImageZooPlan, corpus: str) -> list[str]:
    """What decides the images of a corpus, and nothing else."""
    settings = zoo.settings
    flags = ["--seed", str(settings.seed), "--size", str(settings.image_size)]
    if corpus == "probe":
        assert settings.probe is not None
        flags += ["--images", settings.probe.folder]
        return flags + to_flags(settings.probe, exclude={"folder", "home"})
    task = settings.tasks[corpus]
    drawn = {f"{split}_fraction" for split in ("dev", "test") if split not in task.folders}
    unused = {"dev_fraction", "test_fraction"} - drawn
    return flags + to_flags(task, exclude={"home", *unused})


def feature_flags(zoo: ImageZooPlan, checkpoint: str) -> list[str]:
    """How images get their vectors from a checkpoint."""
    return to_flags(zoo.settings.features_of(checkpoint))


# Many jobs may ask for the same folder, and listing one takes time.
@cache
def _probe_paths(folder: str, most: int, seed: int) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in probe_images(Path(folder), most, seed))


@cache
def _class_paths(folder: str, most: int | None, seed: int) -> tuple[str, ...]:
    classes = images_by_class(Path(folder), most, seed)
    return tuple(f"{folder}/{name}" for names in classes.values() for name in names)
