"""The interactive heat map of κ beside its dendrogram."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_scripts.report.charts.chart import Spec, specification, values
from workflow_scripts.report.dendrogram import Branches, branches, ward_tree
from workflow_scripts.report.labels import ALIGNMENT, WARD
from workflow_scripts.report.style import GREY

# Rows of the heat map: the page holds as many cells as their square.
MOST = 120


def heat_chart(names: list[str], kappa: NDArray[np.float64]) -> Spec:
    """κ in the order of the tree; of more than ``MOST`` checkpoints the means over as many groups.

    Args:
        names: N checkpoints.
        kappa: [N, N].
    """
    tree = branches(ward_tree(kappa), MOST)
    count = len(tree.leaves)
    heat = _heat(mean_blocks(kappa, tree.leaves), [row_name(names, one) for one in tree.leaves])
    chart = alt.hconcat(_tree(tree, count), heat, spacing=2)
    return specification(chart.resolve_scale(y="independent"), fit="matrix", margin=230)


def mean_blocks(kappa: NDArray[np.float64], leaves: list[list[int]]) -> NDArray[np.float64]:
    """The mean κ between the checkpoints of every two leaves: [L, L]."""
    member = np.zeros((len(leaves), len(kappa)))
    for number, one in enumerate(leaves):
        member[number, one] = 1 / len(one)
    means: NDArray[np.float64] = member @ kappa @ member.T
    return means


def row_name(names: list[str], members: list[int]) -> str:
    """What a row of the heat map is called."""
    more = len(members) - 1
    return names[members[0]] + (f" and {more} more" if more else "")


def _down(count: int) -> dict[str, Any]:
    return {"domain": [0, count], "nice": False, "zero": False, "reverse": True}


def _heat(kappa: NDArray[np.float64], rows: list[str]) -> alt.Chart:
    count = len(rows)
    cells = pd.DataFrame(
        [(x, y, kappa[y, x].round(4)) for y in range(count) for x in range(count)],
        columns=["column", "row", "kappa"],
    )
    # Names come in by value: a name in an expression would be read as a part of it.
    axis = alt.Axis(
        values=[number + 0.5 for number in range(count)],
        labelExpr="shown_names[floor(datum.value)]",
        labelOverlap=True,
        labelLimit=130,
        orient="right",
        ticks=False,
        domain=False,
        grid=False,
        title=None,
    )
    zoom = alt.selection_interval(
        bind="scales",
        name="zoom",
        encodings=["x", "y"],
        zoom="wheel![event.ctrlKey || event.metaKey]",
    )
    across = alt.Scale(domain=[0, count], nice=False, zero=False)
    colours = alt.Scale(scheme="cividis", domain=[min(0.0, float(kappa.min())), 1])
    chart: alt.Chart = (
        alt.Chart(values(cells))
        .transform_calculate(
            checkpoint="shown_names[datum.row]",
            other="shown_names[datum.column]",
            right="datum.column + 1",
            bottom="datum.row + 1",
        )
        .mark_rect(clip=True)
        .encode(
            x=alt.X("column:Q", scale=across, axis=None),
            x2="right:Q",
            y=alt.Y("row:Q", scale=alt.Scale(**_down(count)), axis=axis),
            y2="bottom:Q",
            color=alt.Color(
                "kappa:Q",
                title=ALIGNMENT,
                scale=colours,
                legend=alt.Legend(orient="bottom", gradientLength=160),
            ),
            tooltip=[
                alt.Tooltip("checkpoint:N"),
                alt.Tooltip("other:N", title="and"),
                alt.Tooltip("kappa:Q", title="κ", format=".3f"),
            ],
        )
        .add_params(zoom, alt.param(name="shown_names", value=rows))
    )
    return chart


def _tree(tree: Branches, count: int) -> alt.Chart:
    """The brackets, each as three lines; zooming the heat map takes them along."""
    lines = [
        (heights[i], heights[i + 1], places[i], places[i + 1])
        for heights, places in zip(tree.heights, tree.places, strict=True)
        for i in range(3)
    ]
    # Lines of no length at both ends of the axis, which goes by the data until someone zooms.
    lines += [(0.0, 0.0, float(end), float(end)) for end in (0, count)]
    table = pd.DataFrame(lines, columns=["x", "x2", "y", "y2"])
    shared = alt.Scale(
        domain={"param": "zoom", "encoding": "y"}, nice=False, zero=False, reverse=True
    )
    chart: alt.Chart = (
        alt.Chart(values(table), width=60)
        .mark_rule(color=GREY, clip=True)
        .encode(
            x=alt.X(
                "x:Q",
                scale=alt.Scale(reverse=True),
                axis=alt.Axis(title=WARD, tickCount=2, format="~g", labelOverlap=True, grid=False),
            ),
            x2="x2:Q",
            y=alt.Y("y:Q", scale=shared, axis=None),
            y2="y2:Q",
        )
    )
    return chart
