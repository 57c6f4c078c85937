"""Writes one classification task: the images of some classes, with train, dev and test."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.common.task_file import Task, write_task
from workflow_scripts.images.image_units import ImageUnits, read_image_units

# More classes make a line too long to read.
_NAMED = 10


def image_task(units: ImageUnits, classes: Sequence[int], corpus: str) -> Task:
    """The task of telling ``classes`` apart on the units of a corpus.

    Raises:
        ValueError: if a class has no unit.
    """
    unit = np.flatnonzero(np.isin(units.class_index, classes))
    missing = set(classes) - set(units.class_index[unit].tolist())
    if missing:
        raise ValueError(f"the corpus has no image of class {min(missing)}")
    labels, target = np.unique(units.label[unit], return_inverse=True)
    return Task(
        corpus=corpus,
        metric="accuracy",
        kind="classification",
        labels=labels.tolist(),
        unit=unit.astype(np.int64),
        group=units.image[unit],
        split=units.split[unit],
        target=target.astype(np.int64),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and the units, write the task."""
    flags = parser(__doc__)
    flags.add_argument(
        "--units", type=existing_file, required=True, help="units of the tasks' corpus"
    )
    flags.add_argument("--classes", type=int, nargs="+", help="class numbers; default: all")
    flags.add_argument("--corpus", default="tasks", help="name of that corpus")
    flags.add_argument("--output", type=Path, required=True, help="the task, .parquet")
    arguments = flags.parse_args(argv)
    units = read_image_units(arguments.units)
    classes = arguments.classes or np.unique(units.class_index).tolist()
    try:
        task = image_task(units, classes, arguments.corpus)
    except ValueError as error:
        raise UserError(f"{arguments.units}: {error}") from error
    write_task(arguments.output, task)
    counts = (f"{(task.split == name).sum():,} for {name}" for name in ("train", "dev", "test"))
    names = f" ({', '.join(task.labels)})" if len(task.labels) <= _NAMED else ""
    found(f"{len(task.labels)} classes{names}; images: {', '.join(counts)}")


if __name__ == "__main__":
    run(main)
