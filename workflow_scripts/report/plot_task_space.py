"""Draws the covariance as a heat map beside a dendrogram (Huang, Qiu and Church 2021, figure 1)."""

import logging
from collections.abc import Sequence
from pathlib import Path

from scipy.cluster.hierarchy import dendrogram, leaves_list, linkage, set_link_color_palette
from scipy.spatial.distance import squareform

from workflow_scripts.common.covariance_file import Covariance, read_covariance
from workflow_scripts.common.script import parser, run
from workflow_scripts.report.style import GREY, PALETTE, figure

log = logging.getLogger(__name__)


def draw(covariance: Covariance, path: Path) -> None:
    """Ward linkage on 1 − κ with optimal ordering; clusters closer than 0.9 share a colour."""
    distance = squareform(1 - covariance.values, checks=False)
    # Rounding may leave the distance of duplicates just below zero.
    tree = linkage(distance.clip(0), method="ward", optimal_ordering=True)
    count = len(covariance.names)
    side = max(3.0, 0.16 * count)
    with figure(path, side + 3.0, side + 1.0) as made:
        left, right = made.subplots(1, 2, width_ratios=[1, 2.4])
        set_link_color_palette(PALETTE)
        dendrogram(
            tree,
            ax=left,
            orientation="left",
            no_labels=True,
            color_threshold=0.9,
            above_threshold_color=GREY,
        )
        order = leaves_list(tree)
        left.set_xlabel("Ward distance")
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
        right.set_yticks(range(count), [covariance.names[i] for i in order], fontsize=7)
        right.yaxis.tick_right()
        right.tick_params(length=0)
        right.spines[:].set_visible(False)
        made.colorbar(
            image, ax=right, label="kernel alignment κ", location="bottom", fraction=0.05, pad=0.02
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Read the covariance, draw it."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument(
        "--output", type=Path, required=True, help="figure, .svg; and .png beside it"
    )
    arguments = flags.parse_args(argv)
    draw(read_covariance(arguments.covariance), arguments.output)


if __name__ == "__main__":
    run(main)
