"""Scores how well the features of every checkpoint fit the labels of one task, without a head."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.table_file import TRANSFERABILITY_COLUMNS, write_table
from workflow_scripts.evaluation.task_problem import number_targets, open_task
from workflow_scripts.evaluation.training import check_targets
from workflow_scripts.evaluation.transferability import h_score, log_maximum_evidence

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the task and features, score, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--task", type=Path, required=True, help="the task, .parquet")
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="all of the zoo")
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    arguments = flags.parse_args(argv)
    files = open_task(arguments.task, arguments.features_folder, sorted(arguments.checkpoints))
    task, classes = number_targets(files.task)
    train = task.split == "train"
    targets = task.target[train]
    try:
        check_targets(targets)
    except ValueError as error:
        raise UserError(f"task {arguments.task.stem}: {error}") from error
    are_classes = task.kind == "classification"
    columns = np.eye(classes)[targets] if are_classes else targets[:, None].astype(np.float64)
    rows = []
    for name, array in files.features.items():
        features = array[task.unit[train]].astype(np.float64)
        evidence = log_maximum_evidence(features, columns)
        rows.append((name, evidence, h_score(features, targets) if are_classes else math.nan))
        log.info("%s: LogME %.4f, H-score %.4f", *rows[-1])
    write_table(pd.DataFrame(rows, columns=TRANSFERABILITY_COLUMNS), arguments.output)


if __name__ == "__main__":
    run(main)
