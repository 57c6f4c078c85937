"""Scores how well the features of every checkpoint fit the labels of one task, without a head."""

import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.common.table_file import TRANSFERABILITY_COLUMNS, write_table
from workflow_scripts.evaluation.task_features import TaskFeatures, row_blocks
from workflow_scripts.evaluation.task_problem import number_targets, open_task
from workflow_scripts.evaluation.training import check_targets
from workflow_scripts.evaluation.transferability import h_score, log_maximum_evidence

log = logging.getLogger(__name__)


def _blocks(features: TaskFeatures, name: str) -> Iterator[NDArray[np.float64]]:
    for rows in row_blocks(slice(0, features.count)):
        yield features.read(name, rows).astype(np.float64)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the task and features, score, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--task", type=Path, required=True, help="the task, .parquet")
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="all of the zoo")
    flags.add_argument(
        "--memory-mb", type=positive_int, default=1000, help="of features [default: 1000]"
    )
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    arguments = flags.parse_args(argv)
    files = open_task(arguments.task, arguments.features_folder, sorted(arguments.checkpoints))
    task, classes = number_targets(files.task)
    train = task.split == "train"
    units, targets = task.unit[train], task.target[train]
    try:
        if not len(targets):
            raise ValueError("there is no train unit that every checkpoint has features of")
        check_targets(targets)
    except ValueError as error:
        raise UserError(f"task {arguments.task.stem}: {error}") from error
    are_classes = task.kind == "classification"
    columns = np.eye(classes)[targets] if are_classes else targets[:, None].astype(np.float64)
    rows = []
    for name, file in files.features.items():
        features = TaskFeatures({name: file.features}, units, arguments.memory_mb << 20)
        evidence = log_maximum_evidence(_blocks(features, name), columns)
        separation = math.nan
        if are_classes:
            features.standardise(slice(0, features.count))
            separation = h_score(_blocks(features, name), targets)
        rows.append((name, evidence, separation))
        log.info("%s: LogME %.4f, H-score %.4f", *rows[-1])
    write_table(pd.DataFrame(rows, columns=TRANSFERABILITY_COLUMNS), arguments.output)
    found(f"{len(rows)} checkpoints; the highest LogME has {max(rows, key=lambda row: row[1])[0]}")


if __name__ == "__main__":
    run(main)
