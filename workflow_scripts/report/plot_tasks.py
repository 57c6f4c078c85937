"""Draws the test score on every task against the number of picks.

After Huang, Qiu and Church (2021), figure 3.
"""

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from workflow_scripts.common.score_text import common_metric, metric_name
from workflow_scripts.common.script import parser, run
from workflow_scripts.report.labels import SIZE
from workflow_scripts.report.score_flags import FIGURE, add_score_flags, read_scores
from workflow_scripts.report.statistics import (
    ALL,
    name_singles,
    singles_apart,
    whole_zoo_apart,
)
from workflow_scripts.report.style import (
    COLUMN,
    DARK,
    GREY,
    SINGLE,
    figure,
    legend_columns,
    method_styles,
    single_markers,
)

_COLUMNS = 3
_WHOLE = f"{ALL} checkpoints"
_LEAST_DRAWS = 4
_LABELS = 8


def draw(scores: pd.DataFrame, random: str | None, singles: Collection[str], path: Path) -> None:
    """A panel for each task: random sets as violins, methods as lines, checkpoints as marks."""
    scores = name_singles(scores, singles)
    tasks = sorted(scores["task"].unique())
    columns = min(_COLUMNS, len(tasks))
    rows = math.ceil(len(tasks) / columns)
    with figure(path, COLUMN, 1.6 * rows + 0.8) as made:
        panels = made.subplots(rows, columns, squeeze=False).flatten()
        legend: dict[str, Artist] = {}
        percent = common_metric(scores["metric"]) == "accuracy"
        for number, (task, axes) in enumerate(zip(tasks, panels, strict=False)):
            legend |= draw_task(axes, scores[scores["task"] == task], random)
            axes.set_title(task, fontsize=9)
            if percent:
                axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            if number + columns < len(tasks):
                axes.set_xlabel("")
        for axes in panels[len(tasks) :]:
            axes.remove()
        made.legend(
            legend.values(),
            legend.keys(),
            loc="outside lower center",
            ncols=legend_columns(list(legend), COLUMN),
            frameon=False,
        )


def draw_task(axes: Axes, scores: pd.DataFrame, random: str | None) -> dict[str, Artist]:
    """Draw the scores on one task, named by :func:`name_singles`.

    Returns:
        The signs of the legend by their texts.
    """
    scores, whole = whole_zoo_apart(scores)
    # Sizes stand side by side, however far apart their numbers are.
    sizes = sorted(scores["k"].unique())
    scores = scores.assign(place=scores["k"].map(sizes.index))
    others, alone = singles_apart(scores[scores["method"] != random], "test_score")
    legend: dict[str, Artist] = {}
    if random is not None:
        legend |= draw_random(axes, scores[scores["method"] == random], random)
    styles = method_styles(others["method"].unique())
    for method in sorted(others["method"].unique()):
        curve = others[others["method"] == method].groupby("place")["test_score"].mean()
        colour, marker = styles[method]
        (line,) = axes.plot(curve.index, curve, color=colour, marker=marker, ms=4, lw=1.4)
        legend[method] = line
    # Side by side, so that none hides another or a method's first pick.
    places = np.linspace(-0.25, 0.25, len(alone))
    for x, (name, marker) in zip(places, single_markers(alone).items(), strict=True):
        axes.plot(x, alone[name], marker=marker, zorder=4, **SINGLE)
        legend[name] = Line2D([], [], marker=marker, **SINGLE)
    if len(whole):
        legend[_WHOLE] = axes.axhline(whole.mean(), color=DARK, lw=1.2, ls=":")
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    step = math.ceil(len(sizes) / _LABELS)
    axes.set_xticks(range(0, len(sizes), step), sizes[::step])
    axes.set_xlabel(SIZE)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.margins(y=0.1)
    axes.set_ylabel(metric_name(scores["metric"].iloc[0]))
    return legend


def draw_random(axes: Axes, scores: pd.DataFrame, name: str) -> dict[str, Artist]:
    """Violins over draws with their medians; dots where there are too few draws for a shape.

    Returns:
        The signs of the legend by their texts.
    """
    legend: dict[str, Artist] = {}
    for place in sorted(scores["place"].unique()):
        values = scores[scores["place"] == place]["test_score"].dropna().to_numpy(np.float64)
        # Equal scores have no density.
        if len(values) < _LEAST_DRAWS or np.ptp(values) < 1e-9:
            dots = axes.plot([place] * len(values), values, "o", color=GREY, ms=3.5, alpha=0.7)
            legend[name] = dots[0]
            continue
        parts: dict[str, Any] = axes.violinplot(
            [values], [place], widths=0.75, showextrema=False, showmedians=True
        )
        parts["bodies"][0].set(facecolor=GREY, alpha=0.45, edgecolor="none")
        parts["cmedians"].set(color=DARK, lw=1.4)
        legend[f"{name} (bar: median)"] = Patch(facecolor=GREY, alpha=0.45)
    return legend


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, draw."""
    flags = parser(__doc__)
    add_score_flags(flags, FIGURE)
    arguments = flags.parse_args(argv)
    scores = read_scores(arguments.scores)
    draw(scores, arguments.random, arguments.singles, arguments.output)


if __name__ == "__main__":
    run(main)
