"""The charts of scores against sizes: the mean over tasks, and a panel for each task."""

import altair as alt
import pandas as pd

from workflow_scripts.common.score_text import metric_name
from workflow_scripts.report.charts.chart import Signs, Spec, specification, values
from workflow_scripts.report.labels import SIZE, mean_score
from workflow_scripts.report.statistics import ALL, EVERY_TASK
from workflow_scripts.report.style import DARK


def mean_chart(table: pd.DataFrame, random: str | None, signs: Signs) -> Spec:
    """The mean score over tasks: random sets as a band, other methods as lines.

    Args:
        table: of :func:`~workflow_scripts.report.task_table.task_table`.
        random: the method of random sets.
        signs: of all methods.
    """
    whole = table[table["task"] == EVERY_TASK]
    tasks = table.loc[table["task"] != EVERY_TASK, "task"].nunique()
    metric = str(whole["metric"].iloc[0])
    layers = _layers(whole, random, signs, mean_score(metric, tasks), metric)
    chart = alt.layer(*layers, data=values(whole))
    return specification(chart, fit="width", height=320)


def task_chart(table: pd.DataFrame, random: str | None, signs: Signs) -> Spec:
    """The same for every task in a panel of its own, with its own metric and scale."""
    tasks = table[table["task"] != EVERY_TASK]
    named = tasks["task"] + ", " + tasks["metric"].map(metric_name)
    tasks = tasks.assign(panel=named)
    metrics = set(tasks["metric"])
    metric = metrics.pop() if len(metrics) == 1 else ""
    layers = _layers(tasks, random, signs, None, metric)
    order = list(dict.fromkeys(tasks["panel"]))
    chart = (
        alt.layer(*layers, data=values(tasks))
        .properties(height=150)
        .facet(alt.Facet("panel:N", title=None, sort=order), columns=2)
        .resolve_scale(y="independent")
    )
    return specification(chart, fit="panels", panel=150, beside=60)


def _layers(
    table: pd.DataFrame, random: str | None, signs: Signs, title: str | None, metric: str
) -> list[alt.Chart]:
    sizes = sorted(table.loc[table["method"] != ALL, "k"].unique().tolist())
    x = alt.X("k:Q", title=SIZE, axis=alt.Axis(values=sizes, format="d"), scale=_around(sizes))
    shown = ".0%" if metric == "accuracy" else ".2f"
    axis = alt.Axis(format=shown, tickCount=5)
    y = alt.Y("score:Q", title=title, axis=axis, scale=alt.Scale(zero=False))
    tips = [
        alt.Tooltip("method:N"),
        alt.Tooltip("k:Q"),
        alt.Tooltip("score:Q", format=".1%" if metric == "accuracy" else ".3f"),
    ]
    base = alt.Chart().encode(x=x, y=y, color=signs.colour())
    of_random = alt.datum.method == (random or "")
    is_all = alt.datum.method == ALL
    chosen = base.transform_filter(~(of_random | is_all))
    band = base.transform_filter(of_random)
    of_band = [
        band.mark_area(opacity=0.25, line=False).encode(
            y=alt.Y("low:Q", title=title, axis=axis, scale=alt.Scale(zero=False)), y2="high:Q"
        ),
        band.mark_line(strokeDash=[5, 3]),
    ]
    layers = [
        # A band of nothing has no extent, of which the browser would warn.
        *(of_band if (table["method"] == random).any() else []),
        chosen.mark_line(),
        chosen.mark_point(filled=True, size=45, opacity=1).encode(
            shape=signs.shape(), tooltip=tips
        ),
    ]
    if (table["method"] == ALL).any():
        level = alt.Chart().transform_filter(is_all)
        layers.append(
            level.mark_rule(color=DARK, strokeDash=[1, 3], strokeWidth=1.5).encode(
                y=y, tooltip=tips
            )
        )
    return layers


def _around(sizes: list[int]) -> alt.Scale:
    margin = 0.06 * max(sizes[-1] - sizes[0], 1)
    return alt.Scale(domain=[sizes[0] - margin, sizes[-1] + margin], nice=False)
