"""An image zoo of checkpoints from flags and answers: how its probe and tasks are looked at."""

import argparse
from collections.abc import Sequence
from functools import partial

from workflow_scripts.kinds.image.settings import FolderTask
from workflow_scripts.drafting.names import as_name
from workflow_scripts.kinds.image.found import (
    FoundImageProbe,
    FoundImageTask,
    find_image_probe,
    find_image_task,
)
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.tasks import free_task_name, named_classes, read_image_task
from workflow_scripts.drafting.zoo_of_checkpoints import FoundZoo, Parts, find_zoo

FoundOwnImageZoo = FoundZoo[FoundImageProbe, FoundImageTask]


def find_own_image_zoo(flags: argparse.Namespace, questions: Questions) -> FoundOwnImageZoo:
    """Look at everything that the flags name, and ask for what they do not.

    Raises:
        UserError: on the first thing that a flag names and that cannot be used.
    """
    parts = Parts(
        modality="image",
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
