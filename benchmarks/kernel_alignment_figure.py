"""The figure of what :mod:`benchmarks.kernel_alignment` measured."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd


def draw(table: pd.DataFrame, output: Path, machine: str) -> None:
    """Seconds over the number of units, a panel for each number of checkpoints."""
    zoos = sorted(table["checkpoints"].unique())
    figure, axes = plt.subplots(
        1, len(zoos), figsize=(1 + 3 * len(zoos), 3.4), sharey=True, squeeze=False
    )
    lines: dict[str, dict[str, Any]] = {
        "formula": {"label": "each pair by itself", "marker": "s", "color": "#777777"},
        "formula_norms_once": {"label": "norms once", "marker": "D", "color": "#aaaaaa"},
        "ours": {"label": "ours", "marker": "o", "color": "#0072b2"},
        "bare": {"label": "bare products", "marker": "x", "color": "black", "linestyle": ":"},
    }
    for axis, checkpoints in zip(axes[0], zoos, strict=True):
        part = table[table["checkpoints"] == checkpoints].sort_values("units")
        for column, look in lines.items():
            axis.plot(part["units"], part[column], **look)
        axis.set(
            title=f"{checkpoints} checkpoints", xlabel="probe units", xscale="log", yscale="log"
        )
    axes[0][0].set_ylabel("seconds")
    axes[0][-1].legend(frameon=False, fontsize="small")
    figure.suptitle(machine, fontsize="small")
    figure.tight_layout()
    for suffix in (".svg", ".png"):
        figure.savefig(output / f"kernel_alignment{suffix}", dpi=150)
    plt.close(figure)
