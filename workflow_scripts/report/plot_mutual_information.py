"""Draws the mutual information between picks and the rest, against the number of picks."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.common.covariance_file import Covariance, read_covariance
from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import SELECTION_COLUMNS, read_table
from workflow_scripts.report.statistics import (
    ALL,
    name_singles,
    quantile_bands,
    singles_apart,
)
from workflow_scripts.report.style import (
    GREY,
    figure,
    label_line_ends,
    mark_singles,
    method_styles,
    size_axis,
)
from workflow_scripts.selection.mutual_information import mutual_information, precision


def information_table(
    covariance: Covariance, selections: pd.DataFrame, jitter: float
) -> pd.DataFrame:
    """The mutual information of the first 1, 2, … picks of every selection.

    Returns:
        ``method, draw, k, size, checkpoint, information``: ``size`` picks of a selection of ``k``,
        the last of them ``checkpoint``; nats.
    """
    values = (covariance.values + jitter * np.eye(len(covariance.names))) / (1 + jitter)
    inverse = precision(values)
    index = {name: number for number, name in enumerate(covariance.names)}
    rows = []
    for (method, draw, k), group in selections.groupby(["method", "draw", "k"]):
        picks = [index[name] for name in group.sort_values("rank")["checkpoint"]]
        for size in range(1, len(picks) + 1):
            information = mutual_information(values, inverse, picks[:size])
            rows.append((method, draw, k, size, covariance.names[picks[size - 1]], information))
    columns = ["method", "draw", "k", "size", "checkpoint", "information"]
    return pd.DataFrame(rows, columns=columns)


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
    with figure(path, 7.2, 4.2) as made:
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
        axes.set_ylabel("MI(picks; rest), nats")
        axes.set_ylim(0, None)
        # Room for the name of the first pick, which stands left of its point.
        axes.set_xlim(table["size"].min() - 0.12 * table["size"].max(), None)
        mark_singles(axes, alone)
        label_line_ends(axes, ends)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the covariance and the selections, draw."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument("--selections", type=Path, nargs="+", required=True, help=".csv")
    flags.add_argument("--main", required=True, help="the method whose picks are named")
    flags.add_argument("--random", help="the method drawn as a band")
    flags.add_argument(
        "--singles", nargs="+", default=[], help="methods whose draws are checkpoints alone"
    )
    flags.add_argument("--jitter", type=float, default=0.0, help="as in the selection")
    flags.add_argument(
        "--output", type=Path, required=True, help="figure, .svg; and .png beside it"
    )
    arguments = flags.parse_args(argv)
    selections = pd.concat([read_table(path, SELECTION_COLUMNS) for path in arguments.selections])
    # All checkpoints leave no rest, and would stretch the axis of sizes to their number.
    selections = selections[selections["method"] != ALL]
    covariance = read_covariance(arguments.covariance)
    table = information_table(covariance, selections, arguments.jitter)
    draw(table, arguments.main, arguments.random, arguments.singles, arguments.output)


if __name__ == "__main__":
    run(main)
