"""The chart of how often each checkpoint is picked from random halves of the probe."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Spec, specification, values
from workflow_scripts.report.labels import SHARE
from workflow_scripts.report.plot_stability import shown_bars
from workflow_scripts.report.style import GREY

# Panels, of sizes spread evenly; the table has all sizes.
MOST = 8


def inclusion_chart(stability: pd.DataFrame, colour: str) -> Spec:
    """A panel for each size, a bar for each of the checkpoints that are picked most.

    Args:
        stability: of one method, as in its file.
        colour: of the method, for the checkpoints that it picks from the whole probe.
    """
    sizes = sorted(stability["k"].unique().tolist())
    step = max(1, -(-len(sizes) // MOST))
    shown = sizes[::-step][::-1]
    bars = pd.concat([shown_bars(stability[stability["k"] == size]) for size in shown])
    bars = bars.assign(
        panel=[
            f"k = {k}, the same set: {share:.0%}"
            for k, share in zip(bars["k"], bars["set_share"], strict=True)
        ],
        whole=bars["picked"].map({True: "picked", False: "not picked"}),
    )
    order = list(dict.fromkeys(bars["panel"]))
    chart = (
        alt.Chart(values(bars[["panel", "checkpoint", "share", "whole"]]))
        .mark_bar()
        .encode(
            x=alt.X(
                "share:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", tickCount=3),
            ),
            y=alt.Y("checkpoint:N", title=None, sort="-x", axis=alt.Axis(labelLimit=110)),
            color=alt.Color(
                "whole:N",
                title="from the whole probe",
                scale=alt.Scale(domain=["picked", "not picked"], range=[colour, GREY]),
            ),
            tooltip=[
                "checkpoint:N",
                alt.Tooltip("share:Q", title=SHARE, format=".0%"),
                alt.Tooltip("whole:N", title="from the whole probe"),
            ],
        )
        .properties(height=alt.Step(14))
        .facet(alt.Facet("panel:N", title=None, sort=order), columns=2)
        .resolve_scale(y="independent")
    )
    return specification(chart, fit="panels", panel=120, beside=116)
