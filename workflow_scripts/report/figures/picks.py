"""Draws the picks: what they tell of the rest of the zoo, and how often they are picked again.

After Huang, Qiu and Church (2021), figure 4.
"""

import math
from collections.abc import Collection
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from workflow_scripts.report.figures.figure import (
    COLUMN,
    figure,
    label_line_ends,
    mark_singles,
    size_axis,
)
from workflow_scripts.report.statistics import name_singles, quantile_bands, singles_apart
from workflow_scripts.report.style import GREY, INFORMATION, SHARE, method_styles
from workflow_scripts.report.tables.picks import most_picked

_COLUMNS = 2


def draw_information(
    table: pd.DataFrame, headline: str, random: str | None, singles: Collection[str], path: Path
) -> None:
    """The headline's curve with the name of each pick, other methods' curves, random's band.

    Methods of single checkpoints give a mark for each.

    Args:
        table: of :func:`~workflow_scripts.report.tables.picks.information_table`.
        headline: the method whose picks are named.
        random: the method of random sets.
        singles: methods of single checkpoints.
    """
    table, alone = singles_apart(name_singles(table, singles, "checkpoint"), "information")
    whole = table[table["k"] == table["size"]]
    methods = sorted(table["method"].unique())
    styles = method_styles(set(methods) - {random})
    with figure(path, COLUMN, 3.6) as made:
        axes = made.subplots()
        ends = []
        for method in methods:
            of_method = whole[whole["method"] == method]
            colour, marker = styles.get(method, (GREY, ""))
            if method == random:
                band = quantile_bands(of_method, "size", "information")
                axes.fill_between(band.index, band[0.05], band[0.95], color=GREY, alpha=0.25, lw=0)
                axes.plot(band.index, band[0.5], color=GREY, lw=1.2, ls="--")
                ends.append((method, band.index[-1], band[0.5].iloc[-1], GREY))
            elif method == headline:
                largest = table[(table["method"] == method) & (table["k"] == of_method["k"].max())]
                axes.plot(
                    largest["size"], largest["information"], color=colour, marker=marker, ms=5
                )
                for row in largest.itertuples():
                    axes.annotate(
                        str(row.checkpoint),
                        (float(str(row.size)), float(str(row.information))),
                        xytext=(-3, 7),
                        textcoords="offset points",
                        ha="right",
                        fontsize=8,
                        color=colour,
                    )
                ends.append(
                    (method, largest["size"].iloc[-1], largest["information"].iloc[-1], colour)
                )
            else:
                curve = of_method.groupby("size")["information"].mean()
                axes.plot(curve.index, curve, color=colour, marker=marker, ms=4, lw=1.2)
                ends.append((method, curve.index[-1], curve.iloc[-1], colour))
        size_axis(axes, sorted(table["size"].unique()))
        axes.set_ylabel(INFORMATION)
        axes.set_ylim(0, None)
        # Room for the name of the first pick, which stands left of its point.
        axes.set_xlim(table["size"].min() - 0.2 * table["size"].max(), None)
        mark_singles(axes, alone)
        label_line_ends(axes, ends)


def draw_stability(stability: pd.DataFrame, methods: Collection[str], path: Path) -> None:
    """A panel for each size, a bar for each of the checkpoints that are picked most.

    Args:
        stability: of one method.
        methods: of the zoo, by which this one has its colour.
    """
    method = str(stability["method"].iloc[0])
    colour = method_styles({method, *methods})[method][0]
    sizes = sorted(stability["k"].unique())
    columns = min(_COLUMNS, len(sizes))
    rows = math.ceil(len(sizes) / columns)
    groups = {size: most_picked(stability[stability["k"] == size]) for size in sizes}
    bars = max(map(len, groups.values()))
    with figure(path, COLUMN, rows * (0.16 * bars + 0.7) + 0.4) as made:
        panels = made.subplots(rows, columns, squeeze=False).flatten()
        for size, axes in zip(sizes, panels, strict=False):
            _draw_bars(axes, groups[size], bars, colour)
            share = groups[size]["set_share"].iloc[0]
            axes.set_title(f"k = {size}, the same set: {share:.0%}", fontsize=9)
        for axes in panels[len(sizes) :]:
            axes.remove()
        made.supxlabel(SHARE, fontsize=9)
        made.legend(
            [Patch(color=colour), Patch(color=GREY, alpha=0.5)],
            [f"picked by {method} from the whole probe", "not picked"],
            loc="outside upper center",
            ncols=2,
            frameon=False,
        )


def _draw_bars(axes: Axes, table: pd.DataFrame, bars: int, colour: str) -> None:
    """The bars of one size, the most frequent on top; as high as where there are ``bars``."""
    places = range(len(table))
    colours = [colour if picked else GREY for picked in table["picked"]]
    drawn = axes.barh(places, table["share"], color=colours, height=0.75)
    for bar, picked in zip(drawn, table["picked"], strict=True):
        bar.set_alpha(1.0 if picked else 0.5)
    axes.set_yticks(places, table["checkpoint"], fontsize=8)
    axes.set_ylim(bars - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y", visible=False)
