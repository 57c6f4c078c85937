"""The charts that compare each method with random sets of each size, with intervals."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from workflow_scripts.common.score_text import gain_scale
from workflow_scripts.report.charts.chart import Signs, Spec, specification, values
from workflow_scripts.report.labels import BEATEN, SIZE, gain
from workflow_scripts.report.style import GREY


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
    y = alt.Y("gain:Q", title=gain(metric).split(", "))
    return _chart(table[["method", "k", *columns, *counts]], columns, signs, y, tips, 0)


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
    return _chart(table, columns, signs, y, tips, 0.5)


def _tip(column: str, shown: str = "d", title: str | None = None) -> alt.Tooltip:
    return alt.Tooltip(f"{column}:Q", format=shown, title=title or column)


def _chart(
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
