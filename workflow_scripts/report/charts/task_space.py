"""The charts of the task space: a map, and the heat map of κ beside its dendrogram."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_scripts.report.charts.chart import Spec, family_scale, specification, values
from workflow_scripts.report.style import ALIGNMENT, DARK, GREY, MAP, WARD, family_styles
from workflow_scripts.report.tables.task_space import Branches, branches, ward_tree

# Rows of the heat map: the page holds as many cells as their square.
MOST_ROWS = 120


def space_chart(space: pd.DataFrame, residual: pd.DataFrame) -> Spec:
    """Checkpoints by family, the picks ringed, numbered and named; all others named on hover.

    Args:
        space: of :func:`~workflow_scripts.report.tables.task_space.space_table`.
        residual: of :func:`~workflow_scripts.report.tables.picks.representatives`.
    """
    table = space.merge(residual[["checkpoint", "residual_variance"]], "left", "checkpoint")
    table = table.drop(columns=["leaf", "stress"])
    picks = table[table["pick"].notna()].sort_values("pick")
    picks = picks.assign(label=picks["pick"].astype(int).astype(str) + " " + picks["checkpoint"])
    colour, shape = family_scale(family_styles(table["family"]))
    axis = alt.Axis(tickCount=6, format="~g")
    x, y = (
        alt.X("x:Q", title=MAP[0], scale=alt.Scale(zero=False, nice=False), axis=axis),
        alt.Y("y:Q", title=MAP[1], scale=alt.Scale(zero=False, nice=False), axis=axis),
    )
    chosen = alt.selection_point(fields=["family"], bind="legend", name="family")
    points = (
        alt.Chart(values(table))
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("family:N", scale=colour, title=None),
            shape=alt.Shape("family:N", scale=shape, title=None),
            opacity=alt.when(chosen).then(alt.value(1)).otherwise(alt.value(0.15)),
            tooltip=[
                alt.Tooltip("checkpoint:N"),
                alt.Tooltip("family:N"),
                alt.Tooltip("pick:Q", title="pick number"),
                alt.Tooltip("residual_variance:Q", title="left open by the picks", format=".0%"),
            ],
        )
        .add_params(chosen)
    )
    rings = (
        alt.Chart(values(picks))
        .mark_point(shape="circle", size=330, stroke=DARK, strokeWidth=1.8, fill=None)
        .encode(x=x, y=y)
    )
    names = (
        alt.Chart(values(picks))
        .mark_text(dy=-17, fontWeight="bold", fontSize=12)
        .encode(x=x, y=y, text="label:N")
    )
    return specification(alt.layer(points, rings, names), fit="map")


def heat_chart(names: list[str], kappa: NDArray[np.float64]) -> Spec:
    """κ in the order of the tree; of more than ``MOST_ROWS`` checkpoints the means over as many
    groups.

    Args:
        names: N checkpoints.
        kappa: [N, N].
    """
    tree = branches(ward_tree(kappa), MOST_ROWS)
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
