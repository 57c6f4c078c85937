"""Draws the scores: their means, gains over random sets, each task, and against mutual information.

After Huang, Qiu and Church (2021), figures 3, 5 and 6, with intervals.
"""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from workflow_scripts.common.score_text import common_metric, gain_scale, metric_name
from workflow_scripts.report.figures.figure import (
    COLUMN,
    SINGLE,
    figure,
    label_line_ends,
    legend_columns,
    mark_singles,
    single_markers,
    single_places,
    size_axis,
)
from workflow_scripts.report.statistics import (
    ALL,
    EVERY_TASK,
    checkpoint_of,
    name_singles,
    singles_apart,
    whole_zoo_apart,
)
from workflow_scripts.report.style import (
    DARK,
    GREY,
    INFORMATION_OF_SET,
    SIZE,
    gain_label,
    mean_score_label,
    method_styles,
)
from workflow_scripts.report.tables.scores import correlation_text

# Panels side by side, of tasks and of sizes.
_TASK_COLUMNS, _SIZE_COLUMNS = 3, 2
_WHOLE = f"{ALL} checkpoints"
_LEAST_DRAWS = 4
_LABELS = 8


def draw_mean_scores(table: pd.DataFrame, random: str | None, path: Path) -> None:
    """Random as median and 5–95% band over draws, every other method as a line.

    Methods of single checkpoints give a mark for each, all checkpoints together a level line.

    Args:
        table: of :func:`~workflow_scripts.report.tables.scores.task_table`.
    """
    tasks = table.loc[table["task"] != EVERY_TASK, "task"].nunique()
    table = table[table["task"] == EVERY_TASK]
    metric = str(table["metric"].iloc[0])
    whole = table.loc[table["method"] == ALL, "score"]
    table = table[table["method"] != ALL]
    sizes = sorted(table["k"].unique())
    table, alone = singles_apart(table, "score")
    styles = method_styles(set(table["method"]) - {random})
    with figure(path, COLUMN, 3.6) as made:
        axes = made.subplots()
        ends = []
        if random is not None:
            band = table[table["method"] == random].sort_values("k")
            axes.fill_between(band["k"], band["low"], band["high"], color=GREY, alpha=0.25, lw=0)
            axes.plot(band["k"], band["score"], color=GREY, lw=1.2, ls="--")
            ends.append((random, band["k"].iloc[-1], band["score"].iloc[-1], GREY))
        for method, curve in table[table["method"] != random].groupby("method"):
            colour, marker = styles[str(method)]
            axes.plot(curve["k"], curve["score"], color=colour, marker=marker, ms=5)
            ends.append((str(method), curve["k"].iloc[-1], curve["score"].iloc[-1], colour))
        if len(whole):
            axes.axhline(whole.mean(), color=DARK, lw=1.2, ls=":")
            ends.append((ALL, sizes[-1], whole.mean(), DARK))
        size_axis(axes, sizes)
        if metric == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylabel(mean_score_label(metric, tasks))
        axes.margins(x=0.08)
        mark_singles(axes, alone)
        label_line_ends(axes, ends)


def draw_gains(table: pd.DataFrame, random: str, path: Path) -> None:
    """Each method's mean paired difference to random's mean, with its 95% interval.

    Methods of single checkpoints give a mark for each.

    Args:
        table: of :func:`~workflow_scripts.report.tables.scores.score_table`, on features as they
            are.
    """
    table = table[table["method"] != ALL]
    sizes = sorted(table["k"].unique())
    metric = str(table["metric"].iloc[0])
    table = table[(table["method"] != random) & table["gain"].notna()].copy()
    table[["gain", "low", "high"]] *= gain_scale(metric)
    low, high = (singles_apart(table, bound)[1] for bound in ("low", "high"))
    table, alone = singles_apart(table, "gain")
    methods = sorted(table["method"].unique())
    styles = method_styles(methods)
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
        axes.set_ylabel(gain_label(metric).replace(", ", ",\n"))
        axes.margins(x=0.08)
        beside = 1 - spread * (len(methods) + 1) / 2
        for name, x in single_places(alone, beside, spread).items():
            axes.vlines(x, low[name], high[name], color=DARK, lw=1.4, alpha=0.7)
        mark_singles(axes, alone, beside, spread)
        label_line_ends(axes, ends)


def draw_tasks(
    scores: pd.DataFrame, random: str | None, singles: Collection[str], path: Path
) -> None:
    """A panel for each task: random sets as violins, methods as lines, checkpoints as marks.

    Args:
        scores: of :func:`~workflow_scripts.report.statistics.read_scores`.
        random: the method of random sets.
        singles: methods of single checkpoints.
    """
    scores = name_singles(scores, singles)
    tasks = sorted(scores["task"].unique())
    columns = min(_TASK_COLUMNS, len(tasks))
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


def draw_objective(sets: pd.DataFrame, correlations: pd.DataFrame, random: str, path: Path) -> None:
    """Scores against mutual information: a panel for each size, and one for every task.

    Args:
        sets: of :func:`~workflow_scripts.report.tables.scores.mean_sets`.
        correlations: of :func:`~workflow_scripts.report.tables.scores.correlations`.
        random: the method of random sets.
    """
    whole = correlations["task"] == EVERY_TASK
    tasks = correlations.loc[~whole, "task"].nunique()
    metric = common_metric(correlations.loc[~whole, "metric"])
    sizes = sorted(correlations["k"].unique())
    columns = min(math.ceil(math.sqrt(len(sizes) + 1)), _SIZE_COLUMNS)
    rows = math.ceil((len(sizes) + 1) / columns)
    with figure(path, COLUMN, 2.2 * rows + 0.8) as made:
        panels = made.subplots(rows, columns, squeeze=False).flatten()
        marks = marks_of(sets["method"].unique(), random)
        for size, axes in zip(sizes, panels, strict=False):
            of_size = correlations[(correlations["k"] == size) & whole]
            draw_sets(axes, sets[sets["k"] == size], marks)
            axes.set_title(f"k = {size}: {correlation_text(of_size)}", fontsize=9)
            if metric == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        draw_correlations(panels[len(sizes)], correlations)
        for axes in panels[len(sizes) + 1 :]:
            axes.remove()
        made.supylabel(mean_score_label(metric, tasks), fontsize=9)
        names = [checkpoint_of(method) or method for method in marks]
        made.legend(
            [Line2D([], [], **mark) for mark in marks.values()],
            names,
            loc="outside lower center",
            ncols=legend_columns(names, COLUMN),
            frameon=False,
        )


def marks_of(methods: Collection[str], random: str) -> dict[str, dict[str, Any]]:
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


def draw_sets(axes: Axes, sets: pd.DataFrame, marks: dict[str, dict[str, Any]]) -> None:
    """The sets of one size, marked by their method."""
    for number, (method, mark) in enumerate(marks.items()):
        rows = sets[sets["method"] == method]
        axes.plot(rows["information"], rows["test_score"], zorder=3 + number, **mark)
    axes.set_xlabel(INFORMATION_OF_SET)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.margins(0.1)


def draw_correlations(axes: Axes, table: pd.DataFrame) -> None:
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
