"""Draws the mutual information between picks and the rest, against the number of picks."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import read_table
from workflow_scripts.report.information_table import COLUMNS
from workflow_scripts.report.labels import INFORMATION
from workflow_scripts.report.score_flags import FIGURE
from workflow_scripts.report.statistics import name_singles, quantile_bands, singles_apart
from workflow_scripts.report.style import (
    COLUMN,
    GREY,
    figure,
    label_line_ends,
    mark_singles,
    method_styles,
    size_axis,
)


def draw(
    table: pd.DataFrame, main_method: str, random: str | None, singles: Collection[str], path: Path
) -> None:
    """The main method's curve with the name of each pick, other methods' curves, random's band.

    Methods of single checkpoints give a mark for each.
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
            elif method == main_method:
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


def main(argv: Sequence[str] | None = None) -> None:
    """Read the table, draw."""
    flags = parser(__doc__)
    flags.add_argument("--information", type=Path, required=True, help="of information_table, .csv")
    flags.add_argument("--main", required=True, help="the method whose picks are named")
    flags.add_argument("--random", help="the method drawn as a band")
    flags.add_argument(
        "--singles", nargs="+", default=[], help="methods whose draws are checkpoints alone"
    )
    flags.add_argument("--output", type=Path, required=True, help=FIGURE)
    arguments = flags.parse_args(argv)
    table = read_table(arguments.information, COLUMNS)
    draw(table, arguments.main, arguments.random, arguments.singles, arguments.output)


if __name__ == "__main__":
    run(main)
