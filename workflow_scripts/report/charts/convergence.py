"""The charts of how the covariance converges as the probe grows."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Spec, specification, values
from workflow_scripts.report.style import (
    COSINE,
    DIVERGENCE,
    MARKERS,
    PALETTE,
    SHAPES,
    UNITS,
    place_of_no_probe,
)


def convergence_charts(tables: Mapping[str, pd.DataFrame]) -> list[Spec]:
    """The divergence, and the cosine, between the covariances from the first units and from all.

    Args:
        tables: as in the files, by the name of the probe.
    """
    whole = pd.concat([table.assign(probe=name) for name, table in tables.items()])
    start = place_of_no_probe(whole["units"])
    least = float(whole.loc[whole["units"] > 0, "units"].min())
    whole = whole.assign(place=whole["units"].where(whole["units"] > 0, start))
    return [
        _chart(whole[whole["kl"] > 0], "kl", DIVERGENCE, least, start, list(tables)),
        _chart(whole[whole["cosine"].notna()], "cosine", COSINE, least, start, list(tables)),
    ]


def _steps(within: Sequence[int]) -> list[float]:
    """The marks of a logarithmic axis: these, and their powers of ten."""
    return [10.0**power * one for power in range(-12, 10) for one in within]


def _chart(
    table: pd.DataFrame, column: str, title: str, least: float, start: float, probes: list[str]
) -> Spec:
    log = {"type": "log"} if column == "kl" else {"zero": False}
    axis = alt.Axis(
        labelExpr=f"datum.value < {least} ? 'no probe' : format(datum.value, '~s')",
        labelOverlap=True,
        values=[start, *(one for one in _steps((1, 2, 5)) if one >= least)],
    )
    levels = alt.Axis(values=_steps((1,))) if column == "kl" else alt.Axis(tickCount=5)
    colour = alt.Scale(domain=probes, range=[PALETTE[i % 7] for i in range(len(probes))])
    shape = alt.Scale(domain=probes, range=[SHAPES[MARKERS[i % 7]] for i in range(len(probes))])
    top = float(table["place"].max()) * 1.3
    scale = alt.Scale(type="log", domain=[start / 1.3, top], nice=False)
    base = alt.Chart(values(table[["probe", "place", "units", column]])).encode(
        x=alt.X("place:Q", title=UNITS, scale=scale, axis=axis),
        y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(**log), axis=levels),
        color=alt.Color("probe:N", title=None, scale=colour),
    )
    marks = base.mark_point(filled=True, size=55, opacity=1).encode(
        shape=alt.Shape("probe:N", title=None, scale=shape),
        tooltip=["probe:N", "units:Q", alt.Tooltip(f"{column}:Q", format=".4g")],
    )
    return specification(alt.layer(base.mark_line(), marks), fit="width", height=240)
