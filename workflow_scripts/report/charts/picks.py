"""The charts of the picks: what they tell of the rest of the zoo, whom they represent, and how
often they are picked again."""

import altair as alt
import pandas as pd

from workflow_scripts.report.charts.chart import Signs, Spec, size_scale, specification, values
from workflow_scripts.report.statistics import quantile_bands
from workflow_scripts.report.style import BOUND, DARK, GREY, INFORMATION, SHARE, SIZE
from workflow_scripts.report.tables.picks import most_picked

# Rows of who represents whom: the worst represented; the table has all.
MOST_REPRESENTED = 40
# Panels of stability, of sizes spread evenly; the table has all sizes.
_MOST_SIZES = 8


def information_chart(table: pd.DataFrame, headline: str, random: str | None, signs: Signs) -> Spec:
    """A line for each method, random's band, the headline's picks by name, and its bound.

    Args:
        table: of :func:`~workflow_scripts.report.tables.picks.information_table`, with
            checkpoints alone as methods of their own.
        headline: the method whose picks are named.
        random: the method of random sets.
        signs: of all methods.
    """
    whole = table[table["k"] == table["size"]]
    lines = whole[whole["method"] != random].groupby(["method", "k"], as_index=False)
    means = lines.agg(information=("information", "mean"))
    sizes = sorted(whole["k"].unique().tolist())
    x = alt.X("k:Q", title=SIZE, axis=alt.Axis(values=sizes, format="d"), scale=size_scale(sizes))
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


def represented_chart(table: pd.DataFrame, picks: list[str]) -> Spec:
    """A row for each checkpoint that was not picked: the weights of the picks that tell most of it,
    and which share of its variance all picks together leave open.

    Args:
        table: of :func:`~workflow_scripts.report.tables.picks.representatives`.
        picks: in their order.
    """
    worst = table.sort_values(["residual_variance", "checkpoint"]).tail(MOST_REPRESENTED)
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


def stability_chart(stability: pd.DataFrame, colour: str) -> Spec:
    """A panel for each size, a bar for each of the checkpoints that are picked most.

    Args:
        stability: of one method, as in its file.
        colour: of the method, for the checkpoints that it picks from the whole probe.
    """
    sizes = sorted(stability["k"].unique().tolist())
    step = max(1, -(-len(sizes) // _MOST_SIZES))
    shown = sizes[::-step][::-1]
    bars = pd.concat([most_picked(stability[stability["k"] == size]) for size in shown])
    bars = bars.assign(
        panel=[
            f"k = {k}, the same set: {share:.0%}"
            for k, share in zip(bars["k"], bars["set_share"], strict=True)
        ],
        whole=bars["picked"].map({True: "picked", False: "not picked"}),
    )
    order = list(dict.fromkeys(bars["panel"]))
    chart = (
        alt.Chart(values(bars[["panel", "checkpoint", "share", "whole"]]))
        .mark_bar()
        .encode(
            x=alt.X(
                "share:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", tickCount=3),
            ),
            y=alt.Y("checkpoint:N", title=None, sort="-x", axis=alt.Axis(labelLimit=110)),
            color=alt.Color(
                "whole:N",
                title="from the whole probe",
                scale=alt.Scale(domain=["picked", "not picked"], range=[colour, GREY]),
            ),
            tooltip=[
                "checkpoint:N",
                alt.Tooltip("share:Q", title=SHARE, format=".0%"),
                alt.Tooltip("whole:N", title="from the whole probe"),
            ],
        )
        .properties(height=alt.Step(14))
        .facet(alt.Facet("panel:N", title=None, sort=order), columns=2)
        .resolve_scale(y="independent")
    )
    return specification(chart, fit="panels", panel=120, beside=116)
