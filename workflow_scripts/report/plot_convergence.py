"""Draws how the covariance converges as the probe grows.

After Huang, Qiu and Church (2021), figure 2.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.table_file import read_table
from workflow_scripts.report.labels import COSINE, DIVERGENCE, WORDS
from workflow_scripts.report.style import COLUMN, DARK, MARKERS, PALETTE, figure

COLUMNS = ["words", "kl", "cosine"]


def draw(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Divergence and cosine between the covariances from the first words and from all.

    Args:
        tables: ``words, kl, cosine`` by the name of the probe; a row of no words is the identity
            matrix, which needs no probe.
    """
    words = pd.concat([table["words"] for table in tables.values()])
    least, most = float(words[words > 0].min()), float(words.max())
    start = start_of(pd.concat(tables.values()))
    with figure(path, COLUMN, 2.6) as made:
        left, right = made.subplots(1, 2)
        for number, (name, table) in enumerate(tables.items()):
            style = {"color": PALETTE[number % len(PALETTE)], "ms": 5}
            style["marker"] = MARKERS[number % len(MARKERS)]
            # All words are what the others are compared with: no logarithm of their zero.
            draw_steps(left, table[table["kl"] > 0], "kl", start, style, name)
            draw_steps(right, table[table["cosine"].notna()], "cosine", start, style, name)
        left.set_yscale("log")
        left.set_ylabel(DIVERGENCE)
        right.set_ylabel(COSINE)
        right.set_ylim(None, 1.02)
        for axes in (left, right):
            word_axis(axes, start, least, most)
        if len(tables) > 1:
            right.legend(loc="lower right", frameon=False)


def start_of(table: pd.DataFrame) -> float:
    """Where no probe stands on a logarithmic axis of words: left of the fewest, by a quarter of
    what the words take of the axis.

    Args:
        table: ``words`` of all steps and probes.
    """
    words = table.loc[table["words"] > 0, "words"]
    return float(words.min() / max((words.max() / words.min()) ** 0.25, 2))


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
    none, some = table[table["words"] == 0], table[table["words"] > 0]
    axes.plot(some["words"], some[column], label=name, lw=1.4, **style)
    axes.plot([start] * len(none), none[column], mfc="white", mew=1.4, ls="none", **style)
    axes.plot(
        [*[start] * len(none), *some["words"][:1]],
        [*none[column], *some[column][:1]],
        color=style["color"],
        lw=1,
        ls=":",
    )


def word_axis(axes: Axes, start: float, least: float, most: float) -> None:
    """A logarithmic axis of numbers of words, broken between no probe and the fewest words."""
    axes.set_xscale("log")
    subs = (1.0,) if most / least > 50 else (1.0, 2.0, 5.0)
    ticks = [tick for tick in LogLocator(subs=subs).tick_values(least, most) if tick >= least]
    ticks = [tick for tick in ticks if tick <= most]
    number = EngFormatter(sep="")
    axes.set_xticks([start, *ticks], ["no probe", *map(number, ticks)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(start / 1.6, most * 1.4)
    axes.set_xlabel(WORDS)
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


def named_file(text: str) -> tuple[str, Path]:
    """The type of a flag ``NAME=FILE``."""
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=FILE")
    return name, Path(path)


def read_convergence(path: Path) -> pd.DataFrame:
    """Read the convergence on one probe.

    Raises:
        UserError: if the file is missing or something else, or no words were used.
    """
    table = read_table(path, COLUMNS)
    if not (table["words"] > 0).any():
        raise UserError(f"{path}: there is no row with words; estimate the covariance again")
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Read the convergence on every probe, draw."""
    flags = parser(__doc__)
    flags.add_argument(
        "--convergence",
        type=named_file,
        nargs="+",
        required=True,
        metavar="NAME=FILE",
        help="a probe's name and its convergence, .csv",
    )
    flags.add_argument(
        "--output", type=Path, required=True, help="figure, .svg; and .png beside it"
    )
    arguments = flags.parse_args(argv)
    draw({name: read_convergence(path) for name, path in arguments.convergence}, arguments.output)


if __name__ == "__main__":
    run(main)
