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
    """The scores of all tasks and sizes.

    Raises:
        UserError: if the file is no table of scores.
    """
    return read_table(path, SCORE_COLUMNS)
