"""The charts of scores: their means, each task, gains over random sets, and against mutual
information."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from workflow_scripts.common.score_text import gain_scale, metric_name
from workflow_scripts.report.charts.chart import Signs, Spec, size_scale, specification, values
from workflow_scripts.report.statistics import ALL, EVERY_TASK
from workflow_scripts.report.style import (
    BEATEN,
    DARK,
    GREY,
    INFORMATION_OF_SET,
    SIZE,
    gain_label,
    mean_score_label,
)
from workflow_scripts.report.tables.scores import correlation_text


def mean_chart(table: pd.DataFrame, random: str | None, signs: Signs) -> Spec:
    """The mean score over tasks: random sets as a band, other methods as lines.

    Args:
        table: of :func:`~workflow_scripts.report.tables.scores.task_table`.
        random: the method of random sets.
        signs: of all methods.
    """
    whole = table[table["task"] == EVERY_TASK]
    tasks = table.loc[table["task"] != EVERY_TASK, "task"].nunique()
    metric = str(whole["metric"].iloc[0])
    layers = _layers(whole, random, signs, mean_score_label(metric, tasks), metric)
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
    x = alt.X("k:Q", title=SIZE, axis=alt.Axis(values=sizes, format="d"), scale=size_scale(sizes))
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


def gain_chart(scores: pd.DataFrame, signs: Signs) -> Spec:
    """Each method's mean paired difference to random's mean with its 95% interval, by size.

    Args:
        scores: the table of scores on features as they are; rows without a gain are left out.
        signs: of all methods.
    """
    table = scores[scores["gain"].notna()].copy()
    metric = str(table["metric"].iloc[0])
    columns = ["gain", "low", "high"]
    table[columns] *= gain_scale(metric)
    counts = ["wins", "ties", "losses"]
    tips = [*(_tip(name, "+.2f") for name in columns), *(_tip(name) for name in counts)]
    y = alt.Y("gain:Q", title=gain_label(metric).split(", "))
    return _intervals(table[["method", "k", *columns, *counts]], columns, signs, y, tips, 0)


def percentile_chart(scores: pd.DataFrame, signs: Signs) -> Spec:
    """Which share of the random sets of its size each method beats, with its 95% interval, by size.

    Args:
        scores: the table of scores on features as they are; rows without a share are left out.
        signs: of all methods.
    """
    columns = ["percentile", "percentile_low", "percentile_high"]
    table = scores.loc[scores["percentile"].notna(), ["method", "k", *columns]]
    names = ["random sets beaten", "low", "high"]
    tips = [_tip(column, ".0%", name) for column, name in zip(columns, names, strict=True)]
    y = alt.Y(
        "percentile:Q",
        title=list(BEATEN),
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]),
    )
    return _intervals(table, columns, signs, y, tips, 0.5)


def _tip(column: str, shown: str = "d", title: str | None = None) -> alt.Tooltip:
    return alt.Tooltip(f"{column}:Q", format=shown, title=title or column)


def _intervals(
    table: pd.DataFrame,
    columns: Sequence[str],
    signs: Signs,
    y: alt.Y,
    tips: Sequence[alt.Tooltip],
    level: float,
) -> Spec:
    """A mark with its interval for each method and size, methods side by side.

    Args:
        columns: the value and both ends of its interval.
        level: of the line to compare with.
    """
    _, low, high = columns
    shown = signs.among(table["method"])
    base: Any = alt.Chart(values(table)).encode(
        x=alt.X("k:O", title=SIZE, axis=alt.Axis(labelAngle=0, grid=False)),
        xOffset=alt.XOffset("method:N", sort=shown.methods),
        color=shown.colour(),
    )
    line = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=GREY, strokeDash=[5, 3])
    intervals = base.mark_rule(strokeWidth=2, opacity=0.7).encode(y=f"{low}:Q", y2=f"{high}:Q")
    points = base.mark_point(filled=True, size=60, opacity=1)
    chart = alt.layer(
        line.encode(y=alt.datum(level)),
        *([intervals] if table[low].notna().any() else []),
        points.encode(y=y, shape=shown.shape(), tooltip=["method:N", "k:O", *tips]),
    )
    return specification(chart, fit="width", height=320)


def objective_chart(sets: pd.DataFrame, correlations: pd.DataFrame, signs: Signs) -> Spec:
    """A panel for each size: every set, with Spearman's correlation over the random ones above.

    Args:
        sets: of :func:`~workflow_scripts.report.tables.scores.mean_sets`.
        correlations: of :func:`~workflow_scripts.report.tables.scores.correlations`.
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
                title=mean_score_label(metric, tasks),
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
