"""The chart of gains over random sets."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Signs, Spec, specification, values
from workflow_scripts.report.labels import SIZE, gain, gain_scale
from workflow_scripts.report.style import GREY


def gain_chart(scores: pd.DataFrame, signs: Signs) -> Spec:
    """Each method's mean paired difference to random's mean with its 95% interval, by size.

    Args:
        scores: the table of scores on features as they are; rows without a gain are left out.
        signs: of all methods.
    """
    table = scores[scores["gain"].notna()].copy()
    metric = str(table["metric"].iloc[0])
    table[["gain", "low", "high"]] *= gain_scale(metric)
    shown = signs.among(table["method"])
    base = alt.Chart(
        values(table[["method", "k", "gain", "low", "high", "wins", "ties", "losses"]])
    ).encode(
        x=alt.X("k:O", title=SIZE, axis=alt.Axis(labelAngle=0, grid=False)),
        xOffset=alt.XOffset("method:N", sort=shown.methods),
        color=shown.colour(),
    )
    tips = [
        alt.Tooltip("method:N"),
        alt.Tooltip("k:O"),
        *(alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("gain", "low", "high")),
        *(alt.Tooltip(f"{name}:Q") for name in ("wins", "ties", "losses")),
    ]
    zero = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=GREY, strokeDash=[5, 3])
    intervals = base.mark_rule(strokeWidth=2, opacity=0.7).encode(y="low:Q", y2="high:Q")
    chart = alt.layer(
        zero.encode(y=alt.datum(0)),
        *([intervals] if table["low"].notna().any() else []),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            y=alt.Y("gain:Q", title=gain(metric).split(", ")), shape=shown.shape(), tooltip=tips
        ),
    )
    return specification(chart, fit="width", height=320)
