"""A figure for print: its width, its file formats, and names beside the ends of its lines."""

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
from workflow_scripts.report.style import DARK, SIZE

# It tells of every table of every font of a PDF.
logging.getLogger("fontTools").setLevel(logging.WARNING)

# Inches: the width of a page of text of NeurIPS, which has one column.
COLUMN = 5.5

# Checkpoints that stand alone are hollow and dark: no method looks like that.
SINGLE: dict[str, Any] = {"color": DARK, "mfc": "white", "mew": 1.2, "ms": 6.5, "ls": "none"}
_SINGLE_MARKERS = ["d", "v", "p", "<", "h", ">", "8"]

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
