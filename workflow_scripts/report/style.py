"""How figures look, in print and in the report: one width, one palette (Okabe and Ito's, safe for
colour-blind readers), one sign for each method and each family of checkpoints."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.report.labels import SIZE

# It tells of every table of every font of a PDF.
logging.getLogger("fontTools").setLevel(logging.WARNING)

GREY = "#7f7f7f"
DARK = "#404040"
PALETTE = ["#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]

# The same signs in Vega, which draws the report: paths lie in a square from −1 to 1.
SHAPES = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "M-1,-0.6L-0.6,-1L0,-0.4L0.6,-1L1,-0.6L0.4,0L1,0.6L0.6,1L0,0.4L-0.6,1L-1,0.6L-0.4,0Z",
}

# What the colours become on a dark page: lighter where they would be too near to its black.
ON_DARK = {
    GREY: "#9a9aa6",
    DARK: "#c9c9d2",
    "#0072B2": "#3d8ee0",
    "#009E73": "#12b98a",
    "#D55E00": "#f0762a",
    "#CC79A7": "#dd92bb",
    "#E69F00": "#f0b13a",
    "#56B4E9": "#8fd0f7",
    "#000000": "#f4f4f6",
}

# Inches: the width of a page of text of NeurIPS, which has one column.
COLUMN = 5.5

# Checkpoints that stand alone are hollow and dark: no method looks like that.
SINGLE: dict[str, Any] = {"color": DARK, "mfc": "white", "mew": 1.2, "ms": 6.5, "ls": "none"}
_SINGLE_MARKERS = ["d", "v", "p", "<", "h", ">", "8"]

# Methods that have a place of their own in the palette, whatever else is in the zoo.
_USUAL = ["mmi", "entropy", "peek", "single", "expected_risk", "quality_entropy", "mmi_swap"]
_USUAL += ["mmi_exact", "facility_location", "k_medoids", "hub", "greedy_dev", "logme", "h_score"]
# Where the colours of a user's own labels begin: with those that the usual ones take last.
_OWN = 18

_SETTINGS: dict[Any, Any] = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    # Letters stay letters in PDF, and Type 3 fonts are what many publishers refuse.
    "pdf.fonttype": 42,
    "svg.hashsalt": "taskspace",
}


def method_styles(methods: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each method, the same in every figure and table of a zoo.

    Args:
        methods: with all of the user's own labels, whose colours go by their order.
    """
    own = sorted(set(methods) - set(_USUAL))
    places = {method: place for place, method in enumerate(_USUAL)}
    places |= {method: _OWN + number for number, method in enumerate(own)}
    return {method: _sign(place) for method, place in places.items()}


def family_styles(families: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each family of checkpoints, the same in every figure of a zoo."""
    return {family: _sign(place) for place, family in enumerate(sorted(set(families)))}


def _sign(place: int) -> tuple[str, str]:
    """Colours repeat after seven places, colour and marker together after 49."""
    markers = len(MARKERS)
    return PALETTE[place % len(PALETTE)], MARKERS[(place + place // markers) % markers]


# By the format, how to have no date in the file.
_DATES: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": None}


@contextmanager
def figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of ``width`` × ``height`` inches that is saved as SVG, and as PDF and PNG beside it.

    Equal data give equal bytes: the files carry no date and no random ids.
    """
    with plt.rc_context(_SETTINGS):
        made = plt.figure(figsize=(width, height), layout="constrained")
        try:
            yield made
            # Names may hold dollar signs, between which matplotlib reads formulae. Those that it
            # writes itself are marked, but only when ticks have been laid out.
            texts = [text for text in made.findobj(Text) if isinstance(text, Text)]
            for text in texts:
                text.set_parse_math(False)
            made.draw_without_rendering()
            for text in texts:
                text.set_parse_math("mathdefault" in text.get_text())
            for suffix, date in _DATES.items():
                with atomic_path(path.with_suffix(suffix)) as temporary:
                    made.savefig(temporary, metadata=date)
        finally:
            plt.close(made)


def size_axis(axes: Axes, sizes: Sequence[int]) -> None:
    """An x axis of selection sizes."""
    axes.set_xlabel(SIZE)
    axes.set_xticks(sorted(sizes))


def legend_columns(texts: Sequence[str], width: float) -> int:
    """In how many columns a legend fits into ``width`` inches."""
    # A letter takes about 0.07 inches, a sign and the space around it 0.6.
    widths = [0.07 * len(text) + 0.6 for text in texts]
    return len(texts) if sum(widths) < width else max(1, int(width / max(widths)))


def single_markers(names: Iterable[str]) -> dict[str, str]:
    """A marker for each checkpoint that stands alone, the same in every figure of a zoo."""
    return {
        name: _SINGLE_MARKERS[i % len(_SINGLE_MARKERS)] for i, name in enumerate(sorted(set(names)))
    }


def mark_singles(
    axes: Axes, heights: Mapping[str, float], rightmost: float = 1, step: float = 0
) -> None:
    """Mark checkpoints that stand alone at k = 1, with their names left of the marks.

    Args:
        heights: y by the checkpoint's name.
        rightmost: x of the last mark.
        step: from mark to mark.
    """
    if not heights:
        return
    places = single_places(heights, rightmost, step)
    for name, marker in single_markers(heights).items():
        axes.plot(places[name], heights[name], marker=marker, zorder=4, **SINGLE)
    left, right = axes.get_xlim()
    edge = min(places.values())
    # A letter takes about 0.077 inches, and the axes five sixths of the figure.
    width = axes.figure.get_figwidth()  # type: ignore[union-attr]
    share = min(0.06 + 0.092 * max(map(len, heights)) / width, 0.7)
    axes.set_xlim(min(left, edge - (right - edge) * share / (1 - share)), right)
    ends = [(name, places[name], y, SINGLE["color"]) for name, y in heights.items()]
    label_line_ends(axes, ends, side="left")


def single_places(names: Iterable[str], rightmost: float, step: float) -> dict[str, float]:
    """Where :func:`mark_singles` puts each checkpoint: its x."""
    ordered = sorted(names)
    return {
        name: rightmost - step * (len(ordered) - 1 - number) for number, name in enumerate(ordered)
    }


def label_line_ends(
    axes: Axes,
    ends: Sequence[tuple[str, float, float, str]],
    gap: float = 0.055,
    side: Literal["left", "right"] = "right",
) -> None:
    """Write each line's name in a column beside the ends, so that none overlap.

    Args:
        ends: name, x and y of the end, colour.
        gap: least distance between two names, as a share of the axis' height.
        side: of the ends on which the names stand.
    """
    if not ends:
        return
    bottom, top = axes.get_ylim()
    least = gap * (top - bottom)
    placed: list[float] = []
    ordered = sorted(ends, key=lambda end: end[2])
    for _, _, y, _ in ordered:
        placed.append(max(y, placed[-1] + least) if placed else y)
    # Spread both ways, so that the names stay near their lines.
    excess = sum(at - end[2] for at, end in zip(placed, ordered, strict=True)) / len(placed)
    aside = 0.03 * (axes.get_xlim()[1] - axes.get_xlim()[0])
    across = [end[1] for end in ends]
    column = max(across) + aside if side == "right" else min(across) - aside
    for at, (name, x, y, colour) in zip(placed, ordered, strict=True):
        axes.annotate(
            name,
            xy=(x, y),
            xytext=(column, at - excess),
            color=colour,
            va="center",
            ha="left" if side == "right" else "right",
            fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "shrinkA": 0, "shrinkB": 2},
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            annotation_clip=False,
        )
