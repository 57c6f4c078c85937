"""Draws how often each checkpoint is picked from random halves of the probe, as bars."""

import math
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import STABILITY_COLUMNS, read_table
from workflow_scripts.report.labels import SHARE
from workflow_scripts.report.score_flags import FIGURE
from workflow_scripts.report.style import COLUMN, GREY, figure, method_styles

_COLUMNS = 2
_BARS = 10


def draw(stability: pd.DataFrame, methods: Collection[str], path: Path) -> None:
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
    groups = {size: shown_bars(stability[stability["k"] == size]) for size in sizes}
    bars = max(map(len, groups.values()))
    with figure(path, COLUMN, rows * (0.16 * bars + 0.7) + 0.4) as made:
        panels = made.subplots(rows, columns, squeeze=False).flatten()
        for size, axes in zip(sizes, panels, strict=False):
            draw_size(axes, groups[size], bars, colour)
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


def shown_bars(table: pd.DataFrame) -> pd.DataFrame:
    """The checkpoints of one size that were picked, and those that are picked most often."""
    order = table.sort_values(["share", "checkpoint"], ascending=[False, True])
    frequent = order["share"].rank(ascending=False, method="first") <= _BARS
    return order[order["picked"] | frequent]


def draw_size(axes: Axes, table: pd.DataFrame, bars: int, colour: str) -> None:
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


def main(argv: Sequence[str] | None = None) -> None:
    """Read the stability of a method, draw."""
    flags = parser(__doc__)
    flags.add_argument("--stability", type=Path, required=True, help="of one method, .csv")
    flags.add_argument(
        "--methods", nargs="+", default=[], help="of the zoo that have a colour in its figures"
    )
    flags.add_argument("--output", type=Path, required=True, help=FIGURE)
    arguments = flags.parse_args(argv)
    stability = read_table(arguments.stability, STABILITY_COLUMNS)
    draw(stability, arguments.methods, arguments.output)


if __name__ == "__main__":
    run(main)
