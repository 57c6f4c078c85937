"""What all charts share: how data, signs and size get into a specification."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from workflow_scripts.report.statistics import ALL, checkpoint_of
from workflow_scripts.report.style import (
    DARK,
    GREY,
    SHAPES,
    method_styles,
)

Spec = dict[str, Any]

# Of checkpoints alone, in turn.
_SINGLE_SHAPES = ["diamond", "triangle-down", "triangle-left", "square", "triangle-right", "cross"]


@dataclass(frozen=True)
class Chart:
    """A chart of the report.

    Attributes:
        name: of the chart within its zoo, for links and tests.
        title: heading.
        spec: Vega-Lite, in the colours of a light page. ``usermeta`` says how the page fits it
            into its width: ``{"fit": "width"}``, with ``"left"`` pixels left of the axes if these
            are many; ``{"fit": "names"}``, with room for a name of
            ``"letters"`` left of the first point; ``{"fit": "panels", "panel": 200}``, the least
            width of each of several panels in pixels; ``{"fit": "map"}``, with one unit for both
            axes; or ``{"fit": "matrix"}``, with ``"margin"`` pixels beside the last view.
        description: what it shows, for those who do not see it.
        caption: how to read it.
    """

    name: str
    title: str
    spec: Spec
    description: str
    caption: str


@dataclass(frozen=True)
class Signs:
    """The signs of a zoo's methods.

    Attributes:
        methods: in the order of legends.
        colours: of each, as on a light page.
        shapes: of each, as Vega names them.
    """

    methods: list[str]
    colours: list[str]
    shapes: list[str]

    def among(self, methods: Iterable[str]) -> "Signs":
        """Those of some methods, which look as before."""
        kept = [place for place, method in enumerate(self.methods) if method in set(methods)]
        parts = (self.methods, self.colours, self.shapes)
        return Signs(*([part[place] for place in kept] for part in parts))

    def colour(self, **options: Any) -> alt.Color:
        """The channel ``method`` → colour."""
        scale = alt.Scale(domain=self.methods, range=self.colours)
        return alt.Color("method:N", scale=scale, title=None, **options)

    def shape(self) -> alt.Shape:
        """The channel ``method`` → shape."""
        return alt.Shape(
            "method:N", scale=alt.Scale(domain=self.methods, range=self.shapes), title=None
        )


def signs_of(methods: Iterable[str], random: str | None) -> Signs:
    """The signs of all methods of a zoo: random sets grey, checkpoints alone and all of them dark.

    Args:
        methods: those of :func:`~workflow_scripts.report.statistics.name_singles` too.
        random: the method of random sets.
    """
    named = set(methods)
    alone = sorted(method for method in named if checkpoint_of(method))
    # As in the figures for print, where these have no place among the colours of methods either.
    chosen = sorted(named - set(alone) - {random, ALL})
    styles = method_styles(chosen)
    order = chosen + alone + [one for one in (ALL, random) if one and one in named]
    return Signs(
        order,
        [styles[one][0] if one in chosen else GREY if one == random else DARK for one in order],
        [SHAPES[styles[one][1]] if one in chosen else _other(one, alone) for one in order],
    )


def _other(method: str, alone: Sequence[str]) -> str:
    if method not in alone:
        return "stroke" if method == ALL else "circle"
    return _SINGLE_SHAPES[alone.index(method) % len(_SINGLE_SHAPES)]


def family_scale(signs: Mapping[str, tuple[str, str]]) -> tuple[alt.Scale, alt.Scale]:
    """The scales of colour and shape of families."""
    domain = list(signs)
    return (
        alt.Scale(domain=domain, range=[colour for colour, _ in signs.values()]),
        alt.Scale(domain=domain, range=[SHAPES[marker] for _, marker in signs.values()]),
    )


def values(table: pd.DataFrame) -> alt.InlineData:
    """A table as the data of a chart; what is missing is null."""
    plain = table.astype(object).where(table.notna(), None)
    return alt.InlineData(values=[_rounded(row) for row in plain.to_dict("records")])


def _rounded(row: Mapping[Any, Any]) -> dict[str, Any]:
    # Six digits are more than a screen shows.
    return {
        str(key): float(f"{value:.6g}") if isinstance(value, float) else value
        for key, value in row.items()
    }


def specification(chart: Any, **meta: Any) -> Spec:
    """A chart of Altair as a specification without Altair's own look.

    Args:
        meta: how the page fits it into its width.
    """
    # The page looks for data where they are drawn.
    with alt.data_transformers.enable(consolidate_datasets=False):
        spec: Spec = chart.to_dict()
    spec.pop("config", None)
    spec["usermeta"] = meta
    return spec


def size_scale(sizes: list[int]) -> alt.Scale:
    """The scale of an axis of sizes, with a margin on both sides."""
    margin = 0.06 * max(sizes[-1] - sizes[0], 1)
    return alt.Scale(domain=[sizes[0] - margin, sizes[-1] + margin], nice=False)
