"""The chart of who represents whom."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Spec, specification, values
from workflow_scripts.report.style import DARK

# Rows: the worst represented; the table has all.
MOST = 40


def represented_chart(table: pd.DataFrame, picks: list[str]) -> Spec:
    """A row for each checkpoint that was not picked: the weights of the picks that tell most of it,
    and which share of its variance all picks together leave open.

    Args:
        table: of :func:`~workflow_scripts.report.representatives.representatives`.
        picks: in their order.
    """
    worst = table.sort_values(["residual_variance", "checkpoint"]).tail(MOST)
    cells = pd.concat(
        [
            pd.DataFrame(
                {
                    "checkpoint": worst["checkpoint"],
                    "pick": worst[f"pick_{rank}"],
                    "weight": worst[f"weight_{rank}"],
                }
            )
            for rank in range(1, 4)
        ]
    ).dropna()
    order = worst["checkpoint"].tolist()
    y = alt.Y("checkpoint:N", title=None, sort=order, axis=alt.Axis(labelLimit=120))
    strongest = float(cells["weight"].abs().max()) if len(cells) else 1.0
    weights = (
        alt.Chart(values(cells))
        .mark_rect()
        .encode(
            x=alt.X(
                "pick:N",
                title="pick",
                sort=picks,
                scale=alt.Scale(domain=picks),
                axis=alt.Axis(labelAngle=-40, labelLimit=110, orient="bottom"),
            ),
            y=y,
            color=alt.Color(
                "weight:Q",
                title="regression weight",
                scale=alt.Scale(scheme="blueorange", domain=[-strongest, strongest], reverse=True),
                legend=alt.Legend(orient="bottom", gradientLength=140),
            ),
            tooltip=["checkpoint:N", "pick:N", alt.Tooltip("weight:Q", format=".2f")],
        )
    )
    left_open = (
        alt.Chart(values(worst[["checkpoint", "residual_variance"]]), width=110)
        .mark_bar(color=DARK)
        .encode(
            x=alt.X(
                "residual_variance:Q",
                title="variance left open",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", values=[0, 0.5, 1]),
            ),
            y=alt.Y("checkpoint:N", sort=order, axis=None),
            tooltip=["checkpoint:N", alt.Tooltip("residual_variance:Q", format=".1%")],
        )
    )
    chart = alt.hconcat(weights, left_open, spacing=8)
    return specification(chart, fit="matrix", margin=270, rows=len(order))
