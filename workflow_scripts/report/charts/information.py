"""The chart of what picks tell of the rest of the zoo, with the bound on what any set can."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Signs, Spec, specification, values
from workflow_scripts.report.labels import BOUND, INFORMATION, SIZE
from workflow_scripts.report.statistics import quantile_bands
from workflow_scripts.report.style import DARK


def information_chart(table: pd.DataFrame, headline: str, random: str | None, signs: Signs) -> Spec:
    """A line for each method, random's band, the headline's picks by name, and its bound.

    Args:
        table: of :func:`~workflow_scripts.report.information_table.information_table`, with
            checkpoints alone as methods of their own.
        headline: the method whose picks are named.
        random: the method of random sets.
        signs: of all methods.
    """
    whole = table[table["k"] == table["size"]]
    lines = whole[whole["method"] != random].groupby(["method", "k"], as_index=False)
    means = lines.agg(information=("information", "mean"))
    sizes = sorted(whole["k"].unique().tolist())
    x = alt.X("k:Q", title=SIZE, axis=alt.Axis(values=sizes, format="d"), scale=_around(sizes))
    y = alt.Y("information:Q", title=INFORMATION)
    layers: list[alt.Chart] = []
    if random is not None and (whole["method"] == random).any():
        layers += _band(whole[whole["method"] == random], random, x, signs)
    legend = alt.Legend(symbolType="stroke")
    base = alt.Chart(values(means)).encode(x=x, y=y, color=signs.colour(legend=legend))
    tips = ["method:N", alt.Tooltip("information:Q", title="MI, nats", format=".3f")]
    layers += [
        base.mark_line(),
        base.mark_point(filled=True, size=50, opacity=1).encode(shape=signs.shape(), tooltip=tips),
    ]
    layers += _bound(whole[whole["bound"].notna() & (whole["method"] == headline)], x)
    named = _named(table[table["method"] == headline])
    layers += _names(named, x, y)
    letters = len(str(named["checkpoint"].iloc[0])) if len(named) else 0
    return specification(alt.layer(*layers), fit="names", height=340, letters=letters)


def _around(sizes: list[int]) -> alt.Scale:
    margin = 0.06 * max(sizes[-1] - sizes[0], 1)
    return alt.Scale(domain=[sizes[0] - margin, sizes[-1] + margin], nice=False)


def _band(sets: pd.DataFrame, random: str, x: alt.X, signs: Signs) -> list[alt.Chart]:
    band = quantile_bands(sets, "k", "information").rename_axis("k").reset_index()
    band.columns = pd.Index(["k", "low", "information", "high"])
    base = alt.Chart(values(band.assign(method=random))).encode(x=x, color=signs.colour())
    return [
        base.mark_area(opacity=0.25, line=False).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(strokeDash=[5, 3]).encode(y="information:Q"),
    ]


def _bound(rows: pd.DataFrame, x: alt.X) -> list[alt.Chart]:
    if rows.empty:
        return []
    table = rows.assign(gap=rows["bound"] - rows["information"], what=BOUND)
    base = alt.Chart(values(table[["k", "information", "bound", "gap", "what"]])).encode(x=x)
    return [
        base.mark_rule(color=DARK, strokeDash=[1, 3]).encode(y="information:Q", y2="bound:Q"),
        base.mark_tick(color=DARK, thickness=2, size=22, orient="horizontal").encode(
            y="bound:Q",
            tooltip=[
                alt.Tooltip("what:N", title="shown"),
                alt.Tooltip("bound:Q", title="MI at most, nats", format=".3f"),
                alt.Tooltip("gap:Q", title="above the picks, nats", format=".3f"),
            ],
        ),
        base.transform_filter(alt.datum.k == int(rows["k"].max()))
        .mark_text(color=DARK, align="right", dx=-14, limit=200)
        .encode(y="bound:Q", text="what:N"),
    ]


def _named(of_headline: pd.DataFrame) -> pd.DataFrame:
    """The picks of the headline's largest set, in their order."""
    largest = of_headline[of_headline["k"] == of_headline["k"].max()]
    first: pd.DataFrame = largest[largest["draw"] == largest["draw"].min()]
    return first.assign(k=first["size"]).sort_values("size")


def _names(named: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    if named.empty:
        return []
    names = alt.Chart(values(named[["k", "information", "checkpoint"]]))
    return [
        names.mark_text(align="right", dx=-9, dy=-8, fontWeight="bold").encode(
            x=x, y=y, text="checkpoint:N"
        )
    ]
