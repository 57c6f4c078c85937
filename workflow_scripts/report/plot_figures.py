"""Draws the figures of a zoo that are named, for print, from its tables and scores."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.table_file import STABILITY_COLUMNS, read_table
from workflow_scripts.report.figures.convergence import draw_convergence
from workflow_scripts.report.figures.picks import draw_information, draw_stability
from workflow_scripts.report.figures.scores import (
    draw_gains,
    draw_mean_scores,
    draw_objective,
    draw_tasks,
)
from workflow_scripts.report.figures.task_space import draw_task_space
from workflow_scripts.report.results import read_convergence
from workflow_scripts.report.statistics import read_scores, without_projected


def draw(path: Path, given: argparse.Namespace) -> None:
    """Draw the figure whose file has that name.

    Args:
        given: the flags.

    Raises:
        UserError: if there is no such figure, or a table that it shows is missing or wrong.
    """

    def table(name: str) -> pd.DataFrame:
        for one in given.tables:
            if one.stem == name:
                return read_table(one, [])
        raise UserError(f"{path}: it shows the table {name}.csv; give it with --tables")

    match path.stem:
        case "figure-1-task-space":
            draw_task_space(read_covariance(given.covariance), table("space"), path)
        case "figure-2-convergence":
            steps = {one.name.partition(".convergence")[0]: one for one in given.convergence}
            draw_convergence({probe: read_convergence(one) for probe, one in steps.items()}, path)
        case "figure-3-tasks":
            draw_tasks(read_scores(given.scores), given.random, given.singles, path)
        case "figure-4-mutual-information":
            draw_information(
                table("information"), given.headline, given.random, given.singles, path
            )
        case "figure-5-scores":
            draw_mean_scores(table("tasks"), given.random, path)
        case "figure-6-gain":
            draw_gains(without_projected(table("scores")), given.random, path)
        case "objective":
            draw_objective(table("sets"), table("objective"), given.random, path)
        case "stability":
            draw_stability(read_table(given.stability, STABILITY_COLUMNS), given.methods, path)
        case _:
            raise UserError(f"{path}: there is no figure of this name")


def main(argv: Sequence[str] | None = None) -> None:
    """Read what the figures show, draw them."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument("--tables", type=Path, nargs="+", required=True, help="of the zoo, .csv")
    flags.add_argument("--scores", type=Path, nargs="?", help="of all tasks and sizes, .csv")
    flags.add_argument(
        "--convergence",
        type=Path,
        nargs="*",
        default=[],
        help="on each probe, PROBE.convergence.csv",
    )
    flags.add_argument("--stability", type=Path, nargs="?", help="of the headline's picks, .csv")
    flags.add_argument(
        "--headline", metavar="METHOD", required=True, help="the method whose picks are named"
    )
    flags.add_argument("--random", metavar="METHOD", help="the method of random sets")
    flags.add_argument(
        "--singles", nargs="+", default=[], help="methods whose draws are checkpoints alone"
    )
    flags.add_argument("--methods", nargs="+", default=[], help="those that have a colour")
    flags.add_argument(
        "--figures",
        type=Path,
        nargs="+",
        required=True,
        help="what to draw, such as objective.svg; .pdf and .png come beside it",
    )
    arguments = flags.parse_args(argv)
    for path in arguments.figures:
        draw(path, arguments)


if __name__ == "__main__":
    run(main)
