"""The charts of what a run took."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Spec, specification, values
from workflow_scripts.report.style import PALETTE


def cost_charts(costs: pd.DataFrame) -> list[Spec]:
    """Seconds of all jobs of a rule, and the memory of the largest, in the order of the stages.

    Args:
        costs: of :func:`~workflow_scripts.report.costs.cost_table`.
    """
    return [
        _bars(costs, "seconds", "seconds of all jobs together", PALETTE[0]),
        _bars(costs, "megabytes", "peak memory of a job, MB", PALETTE[2]),
    ]


def _bars(costs: pd.DataFrame, column: str, title: str, colour: str) -> Spec:
    table = costs[["stage", "rule", "jobs", column]]
    chart = (
        alt.Chart(values(table))
        .mark_bar(color=colour)
        .encode(
            x=alt.X(f"{column}:Q", title=title, axis=alt.Axis(tickCount=5)),
            y=alt.Y(
                "rule:N", title=None, sort=costs["rule"].tolist(), axis=alt.Axis(labelLimit=170)
            ),
            tooltip=["stage:N", "rule:N", "jobs:Q", alt.Tooltip(f"{column}:Q", format=",.1f")],
        )
    )
    return specification(chart, fit="width", height=20 * len(table))
