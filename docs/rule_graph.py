"""Draws which rule reads what which rule writes: the picture of the seven stages in the README.

    python -m docs.rule_graph

Asks Snakemake for the rules of config.yaml and what they read of each other, and writes
docs/figures/rules.svg: a column for each stage, the file of a rule. Arrows that follow from others
are left out.
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from workflow_scripts.planning.stages import REPORT, STAGES, stage_of_rule
from workflow_scripts.report.figures.figure import figure
from workflow_scripts.report.style import DARK, GREY, PALETTE

ROOT = Path(__file__).parents[1]
# Of which each zoo has its own, behind whose name stands that of the zoo.
OF_A_ZOO = ("tabulate", "plot_figures")
_NODE = re.compile(r'^\s*(\d+)\[\s*label\s*=\s*"([^"\\]+)', re.MULTILINE)
_EDGE = re.compile(r"^\s*(\d+)\s*->\s*(\d+)", re.MULTILINE)
_RULE = re.compile(r"^(?:use rule \w+ as|rule|checkpoint) (\w+)", re.MULTILINE)

Edges = set[tuple[str, str]]


def shown_name(rule: str) -> str:
    """A rule's name without that of its zoo."""
    return next((one for one in OF_A_ZOO if rule.startswith(f"{one}_")), rule)


def edges_of(dot: str) -> Edges:
    """Which box reads what which box writes, by the graph of rules in DOT."""
    names = {number: shown_name(name) for number, name in _NODE.findall(dot)}
    pairs = {(names[a], names[b]) for a, b in _EDGE.findall(dot)}
    return {(a, b) for a, b in pairs if a != b and b != "all"}


def without_shortcuts(edges: Edges) -> Edges:
    """The edges that do not follow from others: the transitive reduction."""
    below = defaultdict(set)
    for a, b in edges:
        below[a].add(b)

    def reaches(start: str, end: str) -> bool:
        return start == end or any(reaches(one, end) for one in below[start])

    return {(a, b) for a, b in edges if not any(reaches(one, b) for one in below[a] if one != b)}


def stages_of() -> dict[str, str]:
    """The stage of each box."""
    report = _RULE.findall((ROOT / "rules/report.smk").read_text(encoding="utf-8"))
    return stage_of_rule() | dict.fromkeys([*OF_A_ZOO, *report], REPORT)


def places(boxes: set[str], stages: dict[str, str]) -> dict[str, tuple[float, float]]:
    """A column for each stage, its boxes in the order of their rules, in the middle."""
    found = {}
    for column, stage in enumerate(STAGES):
        inside = [box for box in stages if stages[box] == stage and box in boxes]
        for row, box in enumerate(inside):
            found[box] = (float(column), (len(inside) - 1) / 2 - row)
    return found


def draw_box(axes: Axes, name: str, place: tuple[float, float], colour: str) -> None:
    """A box with its name in it."""
    x, y = place
    box = FancyBboxPatch(
        (x - 0.43, y - 0.2), 0.86, 0.4, boxstyle="round,pad=0,rounding_size=0.08", fc="white"
    )
    box.set(edgecolor=colour, linewidth=1.3, zorder=2)
    axes.add_patch(box)
    # Long names are broken where they fit.
    words = name.split("_")
    middle = next((n for n in range(1, len(words)) if len("_".join(words[:n])) > 8), len(words))
    lines = ["_".join(words[:middle]), "_".join(words[middle:])]
    text = "_\n".join(filter(None, lines))
    axes.text(x, y, text, ha="center", va="center", fontsize=6.5, color=DARK, zorder=3)


def arrow_of(
    start: tuple[float, float], end: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Where an arrow from a box to a box begins and ends, and how far it bends."""
    (x, y), (end_x, end_y) = start, end
    if x != end_x:
        side = 0.43 if x < end_x else -0.43
        return (x + side, y), (end_x - side, end_y), 0.06
    down = 1 if end_y < y else -1
    if abs(end_y - y) == 1:
        return (x, y - 0.2 * down), (x, end_y + 0.2 * down), 0
    # Around the boxes between.
    return (x - 0.43, y), (x - 0.43, end_y), 0.12 * down


def draw(edges: Edges, stages: dict[str, str], path: Path) -> None:
    """The picture."""
    boxes = {box for edge in edges for box in edge}
    found = places(boxes, stages)
    highest = max(y for _, y in found.values())
    with figure(path, 9.2, 0.62 * (2 * highest + 2)) as made:
        axes = made.subplots()
        axes.set_axis_off()
        axes.set_xlim(-0.65, len(STAGES) - 0.5)
        axes.set_ylim(-highest - 0.5, highest + 0.8)
        for a, b in sorted(edges):
            start, end, bend = arrow_of(found[a], found[b])
            arrow = FancyArrowPatch(
                start,
                end,
                arrowstyle="-|>",
                mutation_scale=7,
                connectionstyle=f"arc3,rad={bend}",
                color=GREY,
                linewidth=0.8,
                shrinkA=0,
                shrinkB=0,
                zorder=1,
            )
            axes.add_patch(arrow)
        for column, stage in enumerate(STAGES):
            title = f"{column + 1} {stage}"
            axes.text(column, highest + 0.6, title, ha="center", fontsize=9, fontweight="bold")
        for box in sorted(boxes):
            draw_box(axes, box, found[box], PALETTE[STAGES.index(stages[box]) % len(PALETTE)])


def main(path: Path = ROOT / "docs/figures/rules.svg") -> None:
    """Ask Snakemake, draw."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--forceall", "--quiet"]
    dot = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    draw(without_shortcuts(edges_of(dot)), stages_of(), path)
    for other in (".pdf", ".png"):
        path.with_suffix(other).unlink()


if __name__ == "__main__":
    main()
