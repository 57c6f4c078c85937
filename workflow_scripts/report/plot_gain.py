"""Draws the gain of each method over random sets against the number of picks.

After Huang, Qiu and Church (2021), figure 6, with intervals.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.score_text import common_metric, gain_scale
from workflow_scripts.common.script import parser, run
from workflow_scripts.report.labels import gain
from workflow_scripts.report.score_flags import FIGURE, add_score_flags, read_scores
from workflow_scripts.report.statistics import (
    gains,
    name_singles,
    singles_apart,
    whole_zoo_apart,
)
from workflow_scripts.report.style import (
    COLUMN,
    DARK,
    GREY,
    figure,
    label_line_ends,
    mark_singles,
    method_styles,
    single_places,
    size_axis,
)


def draw(scores: pd.DataFrame, random: str, singles: Collection[str], path: Path) -> None:
    """Each method's mean paired difference to random's mean, with its 95% interval.

    Methods of single checkpoints give a mark for each.
    """
    scores, _ = whole_zoo_apart(scores)
    metric = common_metric(scores["metric"])
    table = gains(name_singles(scores, singles), random)
    table = table[(table["method"] != random) & table["gain"].notna()]
    table[["gain", "low", "high"]] *= gain_scale(metric)
    low, high = (singles_apart(table, bound)[1] for bound in ("low", "high"))
    table, alone = singles_apart(table, "gain")
    methods = sorted(table["method"].unique())
    styles = method_styles(methods)
    sizes = sorted(scores["k"].unique())
    spread = 0.12
    with figure(path, COLUMN, 3.6) as made:
        axes = made.subplots()
        axes.axhline(0, color=GREY, lw=1.2, ls="--")
        last = sizes[-1] + spread * len(methods) / 2
        ends = [(random, last, 0.0, GREY)]
        for number, method in enumerate(methods):
            rows = table[table["method"] == method]
            colour, marker = styles[method]
            x = rows["k"] + spread * (number - (len(methods) - 1) / 2)
            axes.vlines(x, rows["low"], rows["high"], color=colour, lw=1.4, alpha=0.7)
            axes.plot(x, rows["gain"], color=colour, marker=marker, ms=5, lw=0.8)
            ends.append((method, last, float(rows["gain"].iloc[-1]), colour))
        size_axis(axes, sizes)
        axes.set_ylabel(gain(metric).replace(", ", ",\n"))
        axes.margins(x=0.08)
        beside = 1 - spread * (len(methods) + 1) / 2
        for name, x in single_places(alone, beside, spread).items():
            axes.vlines(x, low[name], high[name], color=DARK, lw=1.4, alpha=0.7)
        mark_singles(axes, alone, beside, spread)
        label_line_ends(axes, ends)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, draw."""
    flags = parser(__doc__)
    add_score_flags(flags, FIGURE, needs_random=True)
    arguments = flags.parse_args(argv)
    scores = read_scores(arguments.scores)
    draw(scores, arguments.random, arguments.singles, arguments.output)


if __name__ == "__main__":
    run(main)
