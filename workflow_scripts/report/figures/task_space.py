"""Draws the task space: the covariance as a heat map beside its dendrogram, and a map of it.

The heat map and the dendrogram are those of Huang, Qiu and Church (2021), figure 1.
"""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from scipy.cluster.hierarchy import dendrogram, set_link_color_palette

from workflow_scripts.common.covariance_file import Covariance
from workflow_scripts.report.figures.figure import COLUMN, figure
from workflow_scripts.report.style import (
    ALIGNMENT,
    DARK,
    GREY,
    MAP,
    PALETTE,
    WARD,
    family_styles,
)
from workflow_scripts.report.tables.task_space import GROUP_DISTANCE, leaf_order, ward_tree

# Inches: of a row of the heat map with a name, of a heat map without names, and of the map.
_ROW, _UNNAMED, _MAP = 0.16, 4.0, 3.0
# Checkpoints of which a page has room for names.
_NAMED = 100


def draw_task_space(covariance: Covariance, space: pd.DataFrame, path: Path) -> None:
    """Dendrogram and heat map side by side, in the order of the leaves, above the map.

    Args:
        covariance: of N checkpoints.
        space: a row for each, of :func:`~workflow_scripts.report.tables.task_space.space_table`.
        path: of the figure.
    """
    count = len(covariance.names)
    side = max(2.4, _ROW * count) if count <= _NAMED else _UNNAMED
    with figure(path, COLUMN, side + 1.0 + _MAP) as made:
        above, below = made.subfigures(2, 1, height_ratios=[side + 1.0, _MAP], squeeze=False)[:, 0]
        _matrix(covariance, above)
        _map(space, below.subplots())


def _matrix(covariance: Covariance, made: SubFigure) -> None:
    tree = ward_tree(covariance.values)
    left, right = made.subplots(1, 2, width_ratios=[1, 2.4])
    set_link_color_palette(PALETTE)
    dendrogram(
        tree,
        ax=left,
        orientation="left",
        no_labels=True,
        color_threshold=GROUP_DISTANCE,
        above_threshold_color=GREY,
    )
    order = leaf_order(tree)
    left.set_xlabel(WARD)
    left.spines["left"].set_visible(False)
    left.grid(False)
    ordered = covariance.values[order][:, order]
    # Rows of unset aspect fill the height of the axes, as the leaves of the tree do.
    image = right.imshow(
        ordered, cmap="cividis", vmin=min(0.0, ordered.min()), vmax=1, aspect="auto"
    )
    right.invert_yaxis()
    right.grid(False)
    right.set_xticks([])
    named = len(order) <= _NAMED
    right.set_yticks(
        range(len(order)) if named else [],
        [covariance.names[number] for number in order] if named else [],
        fontsize=7,
    )
    right.yaxis.tick_right()
    right.tick_params(length=0)
    right.spines[:].set_visible(False)
    made.colorbar(image, ax=right, label=ALIGNMENT, location="bottom", fraction=0.05, pad=0.02)


def _map(space: pd.DataFrame, axes: Axes) -> None:
    """Checkpoints by family; the picks ringed, numbered and named."""
    for family, (colour, marker) in family_styles(space["family"]).items():
        members = space[space["family"] == family]
        axes.plot(members["x"], members["y"], marker, color=colour, linestyle="none", label=family)
    picks = space[space["pick"].notna()].sort_values("pick")
    axes.plot(
        picks["x"],
        picks["y"],
        "o",
        markersize=13,
        markerfacecolor="none",
        markeredgecolor=DARK,
        linestyle="none",
    )
    for pick in picks.to_dict("records"):
        axes.annotate(
            f"{pick['pick']:.0f} {pick['checkpoint']}",
            (pick["x"], pick["y"]),
            (0, 10),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            fontweight="bold",
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.15)
    axes.set_xlabel(MAP[0])
    axes.set_ylabel(MAP[1])
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=7)
