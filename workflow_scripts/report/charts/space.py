"""The interactive map of the task space."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Spec, family_scale, specification, values
from workflow_scripts.report.labels import MAP
from workflow_scripts.report.style import DARK, family_styles


def space_chart(space: pd.DataFrame, residual: pd.DataFrame) -> Spec:
    """Checkpoints by family, the picks ringed, numbered and named; all others named on hover.

    Args:
        space: of :func:`~workflow_scripts.report.space_table.space_table`.
        residual: of :func:`~workflow_scripts.report.representatives.representatives`.
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
