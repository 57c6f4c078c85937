"""Draws the gain of each method over random sets against the number of picks.

After Huang, Qiu and Church (2021), figure 6, with intervals.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import read_table
from workflow_scripts.report.statistics import SCORE_COLUMNS, gains
from workflow_scripts.report.style import GREY, figure, label_line_ends, method_styles, size_axis


def draw(scores: pd.DataFrame, random: str, path: Path) -> None:
    """Each method's mean paired difference to random's mean, with its 95% interval over tasks."""
    table = gains(scores, random)
    table = table[(table["method"] != random) & table["gain"].notna()]
    methods = sorted(table["method"].unique())
    styles = method_styles(methods)
    spread = 0.12
    with figure(path, 7.2, 4.2) as made:
        axes = made.subplots()
        axes.axhline(0, color=GREY, lw=1.2, ls="--")
        last = table["k"].max() + spread * len(methods) / 2
        ends = [(random, last, 0.0, GREY)]
        for number, method in enumerate(methods):
            rows = table[table["method"] == method]
            colour, marker = styles[method]
            x = rows["k"] + spread * (number - (len(methods) - 1) / 2)
            points = 100 * rows[["gain", "low", "high"]]
            axes.vlines(x, points["low"], points["high"], color=colour, lw=1.4, alpha=0.7)
            axes.plot(x, points["gain"], color=colour, marker=marker, ms=5, lw=0.8)
            ends.append((method, last, float(points["gain"].iloc[-1]), colour))
        size_axis(axes, sorted(table["k"].unique()))
        axes.set_ylabel(
            "gain over the mean of random sets,\naccuracy points (95% interval over tasks)"
        )
        axes.margins(x=0.08)
        label_line_ends(axes, ends)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, draw."""
    flags = parser(__doc__)
    flags.add_argument("--scores", type=Path, required=True, help="of all tasks and sizes, .csv")
    flags.add_argument("--random", required=True, help="the method that others are compared to")
    flags.add_argument(
        "--output", type=Path, required=True, help="figure, .svg; and .png beside it"
    )
    arguments = flags.parse_args(argv)
    draw(read_table(arguments.scores, SCORE_COLUMNS), arguments.random, arguments.output)


if __name__ == "__main__":
    run(main)
