"""The learning problem of a task: which units count, in which order, with which targets."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_names import feature_path
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.feature_file import Features, check_same_corpus, open_features
from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import SPLITS, Task, read_task
from workflow_scripts.evaluation.cross_products import CrossProducts
from workflow_scripts.evaluation.design_matrix import TaskFeatures
from workflow_scripts.evaluation.metrics import Metric, metric_for
from workflow_scripts.evaluation.settings import PenaltySettings, Solver


@dataclass(frozen=True)
class Examples:
    """Consecutive units of a task, with their targets.

    Attributes:
        targets: [n], classes from 0, or values (floats). A class that train never saw has a number
            that no head predicts.
        sequences: [n], the sequence that a unit belongs to; default: each to one of its own. The
            units of a sequence stand together.
        start: the row of the task's features that belongs to the first.
    """

    targets: NDArray[np.int64] | NDArray[np.float64]
    sequences: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    start: int = 0

    def __post_init__(self) -> None:
        if len(self.sequences) != len(self.targets):
            object.__setattr__(self, "sequences", np.arange(len(self.targets)))

    @property
    def are_classes(self) -> bool:
        """Whether targets are classes rather than values."""
        return self.targets.dtype.kind == "i"

    def rows(self, start: int = 0, stop: int | None = None) -> slice:
        """The rows of the features that belong to some of them, or all."""
        stop = len(self.targets) if stop is None else min(stop, len(self.targets))
        return slice(self.start + start, self.start + stop)


@dataclass(frozen=True)
class LearningProblem:
    """A task as heads see it.

    Attributes:
        features: of the checkpoints on its units, standardised where the settings say so.
        train, dev, test: the examples.
        classes: that train saw, which are numbered first; 1 if the targets are values.
        metric: what dev and test are scored by.
    """

    features: TaskFeatures
    train: Examples
    dev: Examples
    test: Examples
    classes: int
    metric: Metric

    @cached_property
    def products(self) -> CrossProducts:
        """Of the training units and their targets."""
        return CrossProducts(self.train.rows(), coded_targets(self.train, self.classes))


def coded_targets(examples: Examples, classes: int) -> NDArray[np.float64] | NDArray[np.bool_]:
    """Y [n, outputs]: classes as zeros and ones, or values in one column."""
    column = examples.targets[:, None]
    return column == np.arange(classes) if examples.are_classes else column.astype(np.float64)


@dataclass(frozen=True)
class TaskFiles:
    """A task with the features of its units.

    Attributes:
        task: the units that count, those of train first, then dev, then test.
        features: of each checkpoint on the whole corpus.
        decided: a hash of the task and of which units count, which other checkpoints decide too.
    """

    task: Task
    features: dict[str, Features]
    decided: str


def open_task(path: Path, folder: Path, checkpoints: Sequence[str]) -> TaskFiles:
    """Open a task and its features.

    Args:
        folder: holds the features.
        checkpoints: all of the zoo. A unit counts only if each of them has it, so that all heads,
            at every size, are trained and tested on the same units.

    Raises:
        UserError: if the features are of another corpus than the task.
    """
    task = read_task(path)
    files = {name: open_features(feature_path(folder, name)) for name in checkpoints}
    check_same_corpus(checkpoints, list(files.values()))
    corpus = files[checkpoints[0]].metadata.get("corpus")
    if corpus != task.corpus:
        raise UserError(f"{folder} holds features of {corpus}, the task is on {task.corpus}")
    if task.unit.max() >= len(files[checkpoints[0]].present):
        raise UserError(f"{folder}: the task has units beyond these features; extract them again")
    counts = np.logical_and.reduce([one.present[task.unit] for one in files.values()])
    kept = np.concatenate([np.flatnonzero(counts & (task.split == split)) for split in SPLITS])
    return TaskFiles(
        replace(
            task,
            unit=task.unit[kept],
            group=task.group[kept],
            split=task.split[kept],
            target=task.target[kept],
        ),
        files,
        hashlib.sha256(file_digest(path).encode() + counts.tobytes()).hexdigest(),
    )


def number_targets(task: Task) -> tuple[Task, int]:
    """The same task with the classes that train saw numbered first, and how many they are.

    A head has an output for each of these only; units of other classes are always wrong. The
    targets of a regression need one output.
    """
    if task.kind == "regression":
        return task, 1
    seen = np.unique(task.target[task.split == "train"])
    order = [*seen, *np.setdiff1d(np.arange(len(task.labels)), seen)]
    number = np.argsort(order)
    labels = [task.labels[label] for label in order]
    return replace(task, labels=labels, target=number[task.target]), len(seen)


def split_examples(task: Task) -> dict[str, Examples]:
    """The examples of each split.

    Args:
        task: its units in the order of the splits, its classes numbered as heads have them.

    Raises:
        ValueError: if no head can be trained, chosen or tested on the task.
    """
    splits = {}
    for name in SPLITS:
        rows = np.flatnonzero(task.split == name)
        if not len(rows):
            raise ValueError(
                f"there is no {name} unit that every checkpoint has features of; give it more "
                "sentences, or leave out checkpoints that have few vectors"
            )
        if not np.isfinite(task.target[rows]).all():
            raise ValueError(f"a value of its {name} split is not finite; fix its files")
        splits[name] = Examples(task.target[rows], task.group[rows], int(rows[0]))
    check_targets(splits["train"].targets)
    return splits


def check_targets(targets: NDArray[np.int64] | NDArray[np.float64]) -> None:
    """Refuse targets of train that teach nothing.

    Raises:
        ValueError: naming what is missing.
    """
    if len(np.unique(targets)) < 2:
        what = "class" if targets.dtype.kind == "i" else "value"
        raise ValueError(f"its train split has one {what} only; there is nothing to learn")


def make_problem(
    task: Task,
    features: dict[str, NDArray[np.floating]],
    settings: Solver,
    memory_bytes: int,
) -> LearningProblem:
    """The task as heads see it.

    Args:
        task: as in :class:`TaskFiles`.
        features: of the checkpoints that heads read.
        memory_bytes: features are held in memory if they take no more.

    Raises:
        ValueError: if no head can be trained, chosen or tested on the task.
    """
    task, classes = number_targets(task)
    splits = split_examples(task)
    metric = metric_for(task.metric, task.labels, task.positive)
    held = TaskFeatures(features, task.unit, memory_bytes)
    if isinstance(settings, PenaltySettings) or settings.standardise:
        held.standardise(splits["train"].rows())
    return LearningProblem(held, **splits, classes=classes, metric=metric)
