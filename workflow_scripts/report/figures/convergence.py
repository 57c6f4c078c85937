"""Draws how the covariance converges as the probe grows.

After Huang, Qiu and Church (2021), figure 2.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from workflow_scripts.report.figures.figure import COLUMN, figure
from workflow_scripts.report.style import (
    COSINE,
    DARK,
    DIVERGENCE,
    MARKERS,
    PALETTE,
    UNITS,
    place_of_no_probe,
)


def draw_convergence(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Divergence and cosine between the covariances from the first units and from all.

    Args:
        tables: ``units, kl, cosine`` by the name of the probe; a row of no units is the identity
            matrix, which needs no probe.
    """
    units = pd.concat([table["units"] for table in tables.values()])
    least, most = float(units[units > 0].min()), float(units.max())
    start = place_of_no_probe(units)
    with figure(path, COLUMN, 2.6) as made:
        left, right = made.subplots(1, 2)
        for number, (name, table) in enumerate(tables.items()):
            style = {"color": PALETTE[number % len(PALETTE)], "ms": 5}
            style["marker"] = MARKERS[number % len(MARKERS)]
            # All units are what the others are compared with: no logarithm of their zero.
            draw_steps(left, table[table["kl"] > 0], "kl", start, style, name)
            draw_steps(right, table[table["cosine"].notna()], "cosine", start, style, name)
        left.set_yscale("log")
        left.set_ylabel(DIVERGENCE)
        right.set_ylabel(COSINE)
        right.set_ylim(None, 1.02)
        for axes in (left, right):
            unit_axis(axes, start, least, most)
        if len(tables) > 1:
            right.legend(loc="lower right", frameon=False)


def draw_steps(
    axes: Axes,
    table: pd.DataFrame,
    column: str,
    start: float,
    style: Mapping[str, Any],
    name: str,
) -> None:
    """A line through the steps, dotted and with a hollow mark where there is no probe.

    Args:
        start: x of no probe.
        style: colour and marker.
    """
    none, some = table[table["units"] == 0], table[table["units"] > 0]
    axes.plot(some["units"], some[column], label=name, lw=1.4, **style)
    axes.plot([start] * len(none), none[column], mfc="white", mew=1.4, ls="none", **style)
    axes.plot(
        [*[start] * len(none), *some["units"][:1]],
        [*none[column], *some[column][:1]],
        color=style["color"],
        lw=1,
        ls=":",
    )


def unit_axis(axes: Axes, start: float, least: float, most: float) -> None:
    """A logarithmic axis of numbers of units, broken between no probe and the fewest units."""
    axes.set_xscale("log")
    subs = (1.0,) if most / least > 50 else (1.0, 2.0, 5.0)
    ticks = [tick for tick in LogLocator(subs=subs).tick_values(least, most) if tick >= least]
    ticks = [tick for tick in ticks if tick <= most]
    number = EngFormatter(sep="")
    axes.set_xticks([start, *ticks], ["no probe", *map(number, ticks)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(start / 1.6, most * 1.4)
    axes.set_xlabel(UNITS)
    axes.text(
        (start * least) ** 0.5,
        0,
        "//",
        transform=axes.get_xaxis_transform(),
        ha="center",
        va="center",
        color=DARK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )
