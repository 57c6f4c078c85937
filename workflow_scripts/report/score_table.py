"""Writes the table of scores: every method and size, compared with random sets; and task by task.

After Huang, Qiu and Church (2021), table 2.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import write_table
from workflow_scripts.report.score_flags import (
    add_score_flags,
    read_projected_scores,
    read_scores,
)
from workflow_scripts.report.statistics import gains, name_singles, percentiles
from workflow_scripts.report.task_table import task_table


def score_table(scores: pd.DataFrame, random: str | None) -> pd.DataFrame:
    """One row per method and size: mean score, gain over random sets, and percentile among them."""
    table = gains(scores, random)
    if random is None:
        return table
    return table.merge(percentiles(scores, random), on=["method", "k"], how="left")


def with_projected(
    table: pd.DataFrame, projected: pd.DataFrame, random: str | None
) -> pd.DataFrame:
    """The table, and below it the same for projected features, told apart by ``project``.

    Args:
        table: of :func:`score_table`, for the features as they are; they get ``project`` 0.
        projected: scores with a column ``project``; where there are none, the table stays.
    """
    if projected.empty:
        return table
    parts = {0: table} | {
        int(str(project)): score_table(scores, random)
        for project, scores in projected.groupby("project")
    }
    whole = pd.concat(parts, names=["project"]).reset_index(level="project")
    return whole[["method", "k", "project", *table.columns[2:]]]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, write both tables."""
    flags = parser(__doc__)
    add_score_flags(flags, "the table, .csv")
    flags.add_argument("--tasks", type=Path, required=True, help="the table by task, .csv")
    arguments = flags.parse_args(argv)
    scores, projected = (
        name_singles(read(arguments.scores), arguments.singles)
        for read in (read_scores, read_projected_scores)
    )
    table = score_table(scores, arguments.random)
    write_table(with_projected(table, projected, arguments.random), arguments.output)
    write_table(task_table(scores, arguments.random), arguments.tasks)


if __name__ == "__main__":
    run(main)
