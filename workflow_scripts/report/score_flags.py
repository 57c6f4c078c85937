"""What every figure and table of scores is told: which scores, and which methods are special."""

from argparse import ArgumentParser
from pathlib import Path

import pandas as pd

from workflow_scripts.common.table_file import read_table
from workflow_scripts.report.statistics import SCORE_COLUMNS

FIGURE = "figure, .svg; and .png beside it"


def add_score_flags(flags: ArgumentParser, output: str, needs_random: bool = False) -> None:
    """Add ``--scores``, ``--random``, ``--singles`` and ``--output``.

    Args:
        output: what is written, for the help.
        needs_random: whether nothing can be written without random sets.
    """
    flags.add_argument("--scores", type=Path, required=True, help="of all tasks and sizes, .csv")
    flags.add_argument(
        "--random", required=needs_random, help="the method of random sets to compare with"
    )
    flags.add_argument(
        "--singles", nargs="+", default=[], help="methods whose draws are checkpoints alone"
    )
    flags.add_argument("--output", type=Path, required=True, help=output)


def read_scores(path: Path) -> pd.DataFrame:
    """The test scores of all tasks and sizes on the features as they are.

    Returns:
        ``task, metric, method, draw, k, checkpoints, test_score``, a row for each selection: the
        mean over its seeds.

    Raises:
        UserError: if the file is no table of scores.
    """
    scores = _read_all(path)
    return scores[scores["project"] == 0].drop(columns="project")


def read_projected_scores(path: Path) -> pd.DataFrame:
    """The test scores on features that are projected to as many dimensions for every selection.

    Returns:
        The columns of :func:`read_scores`, and how many dimensions: ``project``; no row where
        nothing was projected.

    Raises:
        UserError: if the file is no table of scores.
    """
    scores = _read_all(path)
    return scores[scores["project"] > 0]


def _read_all(path: Path) -> pd.DataFrame:
    scores = read_table(path, SCORE_COLUMNS)
    if "project" not in scores:
        scores = scores.assign(project=0)
    selection = ["task", "metric", "method", "draw", "k", "project"]
    groups = scores.groupby(selection, sort=False)
    return groups.agg(
        checkpoints=("checkpoints", "first"), test_score=("test_score", "mean")
    ).reset_index()
