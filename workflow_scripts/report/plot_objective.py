"""Draws the scores of random sets against their mutual information: does the objective tell?"""

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from workflow_scripts.common.score_text import common_metric
from workflow_scripts.common.script import parser, run
from workflow_scripts.report.labels import INFORMATION_OF_SET, SIZE, mean_score
from workflow_scripts.report.objective import (
    add_objective_flags,
    correlation_text,
    correlations,
    mean_sets,
    read_information,
)
from workflow_scripts.report.score_flags import FIGURE
from workflow_scripts.report.statistics import EVERY_TASK, checkpoint_of, name_singles
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

_COLUMNS = 2


def draw(scores: pd.DataFrame, random: str, singles: Collection[str], path: Path) -> None:
    """A panel for each size, and one for the correlations on every task.

    Args:
        scores: of :func:`read_information`.
    """
    table = correlations(scores[scores["method"] == random])
    tasks, metric = scores["task"].nunique(), common_metric(scores["metric"])
    sets = mean_sets(name_singles(scores, singles))
    sizes = sorted(table["k"].unique())
    columns = min(math.ceil(math.sqrt(len(sizes) + 1)), _COLUMNS)
    rows = math.ceil((len(sizes) + 1) / columns)
    with figure(path, COLUMN, 2.2 * rows + 0.8) as made:
        panels = made.subplots(rows, columns, squeeze=False).flatten()
        marks = signs(sets["method"].unique(), random)
        for size, axes in zip(sizes, panels, strict=False):
            of_size = table[(table["k"] == size) & (table["task"] == EVERY_TASK)]
            draw_size(axes, sets[sets["k"] == size], marks)
            axes.set_title(f"k = {size}: {correlation_text(of_size)}", fontsize=9)
            if metric == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        draw_tasks(panels[len(sizes)], table)
        for axes in panels[len(sizes) + 1 :]:
            axes.remove()
        made.supylabel(mean_score(metric, tasks), fontsize=9)
        names = [checkpoint_of(method) or method for method in marks]
        made.legend(
            [Line2D([], [], **mark) for mark in marks.values()],
            names,
            loc="outside lower center",
            ncols=legend_columns(names, COLUMN),
            frameon=False,
        )


def signs(methods: Collection[str], random: str) -> dict[str, dict[str, Any]]:
    """How the sets of each method are marked: random sets first, checkpoints alone last."""
    alone = {method: name for method in sorted(methods) if (name := checkpoint_of(method))}
    others = sorted(set(methods) - set(alone) - {random})
    marks: dict[str, dict[str, Any]] = {
        random: {"ls": "none", "marker": "o", "color": GREY, "ms": 4, "alpha": 0.7}
    }
    styles = method_styles(others)
    for method in others:
        colour, marker = styles[method]
        marks[method] = {"ls": "none", "marker": marker, "color": colour, "ms": 6}
    markers = single_markers(alone.values())
    for method, name in alone.items():
        marks[method] = {"marker": markers[name], **SINGLE}
    return marks


def draw_size(axes: Axes, sets: pd.DataFrame, marks: dict[str, dict[str, Any]]) -> None:
    """The sets of one size, marked by their method."""
    for number, (method, mark) in enumerate(marks.items()):
        rows = sets[sets["method"] == method]
        axes.plot(rows["information"], rows["test_score"], zorder=3 + number, **mark)
    axes.set_xlabel(INFORMATION_OF_SET)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.margins(0.1)


def draw_tasks(axes: Axes, table: pd.DataFrame) -> None:
    """The correlation on each task as a dot, and of the mean score with its interval, by size."""
    sizes = sorted(table["k"].unique())
    places = table["k"].map(sizes.index)
    whole = table["task"] == EVERY_TASK
    axes.axhline(0, color=GREY, lw=1.2, ls="--")
    # Side by side, so that equal correlations do not hide each other.
    aside = table["task"].rank(method="dense") / table["task"].nunique() - 0.5
    axes.plot((places + 0.4 * aside)[~whole], table["correlation"][~whole], "o", color=GREY, ms=3.5)
    means = table[whole]
    axes.vlines(places[whole], means["low"], means["high"], color=DARK, lw=1.4)
    axes.plot(places[whole], means["correlation"], "_", color=DARK, ms=12, mew=2)
    axes.set_ylim(-1.05, 1.05)
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    axes.set_xticks(np.arange(len(sizes)), sizes)
    axes.set_xlabel(SIZE)
    axes.set_ylabel("Spearman's ρ")
    axes.set_title("dot: a task; bar: mean score", fontsize=9)


def main(argv: Sequence[str] | None = None) -> None:
    """Read scores and covariance, draw."""
    flags = parser(__doc__)
    add_objective_flags(flags, FIGURE)
    arguments = flags.parse_args(argv)
    scores = read_information(arguments)
    draw(scores, arguments.random, arguments.singles, arguments.output)


if __name__ == "__main__":
    run(main)
