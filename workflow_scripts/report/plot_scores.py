"""Draws the mean test score over tasks against the number of picks.

After Huang, Qiu and Church (2021), figure 5.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.ticker import PercentFormatter

from workflow_scripts.common.score_text import common_metric
from workflow_scripts.common.script import parser, run
from workflow_scripts.report.labels import mean_score
from workflow_scripts.report.score_flags import FIGURE, add_score_flags, read_scores
from workflow_scripts.report.statistics import (
    ALL,
    mean_scores,
    name_singles,
    quantile_bands,
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
    size_axis,
)


def draw(scores: pd.DataFrame, random: str | None, singles: Collection[str], path: Path) -> None:
    """Random as median and 5–95% band over draws, every other method as a line.

    Methods of single checkpoints give a mark for each, all checkpoints together a level line.
    """
    scores, whole = whole_zoo_apart(scores)
    means, alone = singles_apart(mean_scores(name_singles(scores, singles)), "test_score")
    tasks, metric = scores["task"].nunique(), common_metric(scores["metric"])
    styles = method_styles(set(means["method"]) - {random})
    with figure(path, COLUMN, 3.6) as made:
        axes = made.subplots()
        ends = []
        if random is not None:
            band = quantile_bands(means[means["method"] == random], "k", "test_score")
            axes.fill_between(band.index, band[0.05], band[0.95], color=GREY, alpha=0.25, lw=0)
            axes.plot(band.index, band[0.5], color=GREY, lw=1.2, ls="--")
            ends.append((random, band.index[-1], band[0.5].iloc[-1], GREY))
        for method, group in means[means["method"] != random].groupby("method"):
            curve = group.groupby("k")["test_score"].mean()
            colour, marker = styles[str(method)]
            axes.plot(curve.index, curve, color=colour, marker=marker, ms=5)
            ends.append((str(method), curve.index[-1], curve.iloc[-1], colour))
        if len(whole):
            axes.axhline(whole.mean(), color=DARK, lw=1.2, ls=":")
            ends.append((ALL, max(scores["k"]), whole.mean(), DARK))
        size_axis(axes, sorted(scores["k"].unique()))
        if metric == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylabel(mean_score(metric, tasks))
        axes.margins(x=0.08)
        mark_singles(axes, alone)
        label_line_ends(axes, ends)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, draw."""
    flags = parser(__doc__)
    add_score_flags(flags, FIGURE)
    arguments = flags.parse_args(argv)
    scores = read_scores(arguments.scores)
    draw(scores, arguments.random, arguments.singles, arguments.output)


if __name__ == "__main__":
    run(main)
