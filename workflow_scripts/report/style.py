"""How figures look: one size, one palette (Okabe and Ito's, safe for colour-blind readers)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.atomic import atomic_path

GREY = "#7f7f7f"
PALETTE = ["#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]

# Methods that have a place of their own in the palette, whatever else is in the zoo.
_USUAL = ["mmi", "entropy", "peek", "single"]

_SETTINGS: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "svg.hashsalt": "taskspace",
}


def method_styles(methods: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each method, the same in every figure of a zoo."""
    order = _USUAL + sorted(set(methods) - set(_USUAL))
    return {
        method: (PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)])
        for i, method in enumerate(order)
    }


@contextmanager
def figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of ``width`` × ``height`` inches that is saved as SVG, and as PNG beside it.

    Equal data give equal bytes: the SVG carries no date and no random ids.
    """
    with plt.rc_context(_SETTINGS):
        made = plt.figure(figsize=(width, height), layout="constrained")
        try:
            yield made
            for target in (path.with_suffix(".svg"), path.with_suffix(".png")):
                date = {"Date": None} if target.suffix == ".svg" else None
                with atomic_path(target) as temporary:
                    made.savefig(temporary, metadata=date)
        finally:
            plt.close(made)


def size_axis(axes: Axes, sizes: Sequence[int]) -> None:
    """An x axis of selection sizes."""
    axes.set_xlabel("checkpoints picked, k")
    axes.set_xticks(sorted(sizes))


def label_line_ends(
    axes: Axes, ends: Sequence[tuple[str, float, float, str]], gap: float = 0.055
) -> None:
    """Write each line's name beside its right end, moved up or down so that none overlap.

    Args:
        ends: name, x and y of the end, colour.
        gap: least distance between two names, as a share of the axis' height.
    """
    bottom, top = axes.get_ylim()
    least = gap * (top - bottom)
    placed: list[float] = []
    ordered = sorted(ends, key=lambda end: end[2])
    for _, _, y, _ in ordered:
        placed.append(max(y, placed[-1] + least) if placed else y)
    # Spread both ways, so that the names stay near their lines.
    excess = sum(at - end[2] for at, end in zip(placed, ordered, strict=True)) / len(placed)
    for at, (name, x, y, colour) in zip(placed, ordered, strict=True):
        axes.annotate(
            name,
            xy=(x, y),
            xytext=(x + 0.03 * (axes.get_xlim()[1] - axes.get_xlim()[0]), at - excess),
            color=colour,
            va="center",
            fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "shrinkA": 0, "shrinkB": 2},
            annotation_clip=False,
        )
