"""The charts of what a run took."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Spec, specification, values
from workflow_scripts.report.costs import ALL_STAGES
from workflow_scripts.report.style import GREY, PALETTE

# Pixels for the names of rules.
_NAMES = 170


def cost_charts(costs: pd.DataFrame) -> list[Spec]:
    """Seconds of all jobs of a rule, and the memory of the largest, in the order of the stages.

    Args:
        costs: of :func:`~workflow_scripts.report.costs.cost_table`.
    """
    stages = costs.groupby("stage")
    seconds = {str(stage): f"{total:,.0f} s" for stage, total in stages["seconds"].sum().items()}
    peaks = stages["megabytes"].max().dropna()
    megabytes = {str(stage): f"{peak:,.0f} MB" for stage, peak in peaks.items()}
    return [
        _bars(costs, "seconds", "seconds of all jobs together", seconds),
        _bars(costs, "megabytes", "peak memory of a job, MB", megabytes),
    ]


def _bars(costs: pd.DataFrame, column: str, title: str, of_stage: dict[str, str]) -> Spec:
    """A bar for each rule, in the colour of its stage; the legend says what the stage took."""
    heads = {
        stage: f"{stage}: {of_stage.get(stage, 'not known')}"
        for stage in dict.fromkeys(costs["stage"])
    }
    table = costs[["stage", "rule", "jobs", column]]
    table = table.assign(head=table["stage"].map(heads))
    colours = dict(zip(ALL_STAGES, [*PALETTE[:6], GREY], strict=True))
    scale = alt.Scale(domain=list(heads.values()), range=[colours[stage] for stage in heads])
    chart = (
        alt.Chart(values(table))
        .mark_bar()
        .encode(
            x=alt.X(f"{column}:Q", title=title, axis=alt.Axis(tickCount=5)),
            y=alt.Y(
                "rule:N", title=None, sort=costs["rule"].tolist(), axis=alt.Axis(labelLimit=_NAMES)
            ),
            color=alt.Color("head:N", title=None, scale=scale, sort=None),
            tooltip=["stage:N", "rule:N", "jobs:Q", alt.Tooltip(f"{column}:Q", format=",.1f")],
        )
    )
    return specification(chart, fit="width", height=20 * len(table) + 45, left=_NAMES)
