"""The chart of scores against mutual information."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Signs, Spec, specification, values
from workflow_scripts.report.labels import INFORMATION_OF_SET, mean_score
from workflow_scripts.report.objective import correlation_text
from workflow_scripts.report.statistics import EVERY_TASK


def objective_chart(sets: pd.DataFrame, correlations: pd.DataFrame, signs: Signs) -> Spec:
    """A panel for each size: every set, with Spearman's correlation over the random ones above.

    Args:
        sets: of :func:`~workflow_scripts.report.objective.mean_sets`.
        correlations: of :func:`~workflow_scripts.report.objective.correlations`.
        signs: of all methods.
    """
    means = correlations[correlations["task"] == EVERY_TASK]
    metric = str(means["metric"].iloc[0])
    heads = {k: f"k = {k}; {correlation_text(means[means['k'] == k])}" for k in means["k"]}
    table = sets[sets["k"].isin(heads)]
    table = table.assign(panel=table["k"].map(heads))
    shown = ".0%" if metric == "accuracy" else ".2f"
    tasks = int(correlations.loc[correlations["task"] != EVERY_TASK, "task"].nunique())
    chart = (
        alt.Chart(values(table), height=170)
        .mark_point(filled=True, size=45, opacity=0.85)
        .encode(
            x=alt.X(
                "information:Q",
                title=INFORMATION_OF_SET,
                scale=alt.Scale(zero=False, padding=12),
                axis=alt.Axis(tickCount=3, labelOverlap=True),
            ),
            y=alt.Y(
                "test_score:Q",
                title=mean_score(metric, tasks),
                scale=alt.Scale(zero=False, padding=8),
                axis=alt.Axis(format=shown, tickCount=4),
            ),
            color=signs.colour(),
            shape=signs.shape(),
            tooltip=[
                "method:N",
                "checkpoints:N",
                alt.Tooltip("information:Q", title="MI, nats", format=".3f"),
                alt.Tooltip("test_score:Q", title="score", format=".3f"),
            ],
        )
        .facet(
            alt.Facet(
                "panel:N",
                title=None,
                sort=list(heads.values()),
                header=alt.Header(labelExpr="split(datum.value, '; ')", labelLineHeight=15),
            ),
            columns=2,
        )
        .resolve_scale(x="independent", y="independent")
    )
    return specification(chart, fit="panels", panel=190, beside=65)
