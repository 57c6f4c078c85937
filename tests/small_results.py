"""Small made-up results of all that stage 7 reads, and its figures and tables."""

import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.table_file import SELECTION_COLUMNS, STABILITY_COLUMNS
from workflow_scripts.report import plot_figures, tabulate, write_report

FIGURES = [
    "figure-1-task-space",
    "figure-2-convergence",
    "figure-3-tasks",
    "figure-4-mutual-information",
    "figure-5-scores",
    "figure-6-gain",
    "objective",
    "stability",
]
TABLES = ["information", "picks", "space", "representatives", "checkpoints", "stability", "scores"]
TABLES += ["tasks", "objective", "sets"]
RANDOM = ["--random", "random"]

NAMES = ["ant", "bee", "cat", "dog"]
SETS = {k: ["+".join(one) for one in combinations(NAMES, k)] for k in (1, 2)}
SETS[1] += SETS[1][:2]


def some_scores(tasks: int = 3) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = [
        ("z", f"t{task}", "accuracy", method, draw, k, SETS[k][draw], generator.uniform(0.5, 1))
        for task in range(tasks)
        for k in (1, 2)
        for method, draws in (("mmi", 1), ("random", 6), ("peek", 1))
        for draw in range(draws)
    ]
    columns = ["zoo", "task", "metric", "method", "draw", "k", "checkpoints", "test_score"]
    return pd.DataFrame(rows, columns=columns)


def some_selections() -> pd.DataFrame:
    sets = [
        ("mmi", 0, ["cat"]),
        ("mmi", 0, ["cat", "ant"]),
        ("random", 0, ["dog"]),
        ("random", 1, ["ant"]),
        ("random", 0, ["dog", "ant"]),
        ("random", 1, ["ant", "bee"]),
        ("peek", 0, ["bee"]),
        ("peek", 0, ["bee", "dog"]),
    ]
    rows = [
        (method, draw, "", len(picks), rank, name, 0.1 * rank, 0.25 if rank == len(picks) else None)
        for method, draw, picks in sets
        for rank, name in enumerate(picks, 1)
    ]
    table = pd.DataFrame(rows, columns=[one for one in SELECTION_COLUMNS if one != "gap"])
    return table.assign(gap=table["bound"] - table["objective"])


def some_convergence() -> pd.DataFrame:
    rows = [(0, 0, 2.5, 0.6, 1.0), (32, 640, 0.4, 0.9, 0.2), (99, 2000, 0.0, 1.0, 0.3)]
    columns = ["groups", "units", "kl", "cosine", "smallest_eigenvalue"]
    return pd.DataFrame(rows, columns=columns)


def some_kappa() -> np.ndarray:
    return np.array(
        [[1, 0.5, 0.2, 0.1], [0.5, 1, 0.3, 0.2], [0.2, 0.3, 1, 0.6], [0.1, 0.2, 0.6, 1.0]]
    )


def some_stability() -> pd.DataFrame:
    rows = [
        ("mmi", 1, "cat", True, 1.0, 1.0),
        ("mmi", 2, "cat", True, 1.0, 0.75),
        ("mmi", 2, "ant", True, 0.75, 0.75),
        ("mmi", 2, "bee", False, 0.25, 0.75),
    ]
    return pd.DataFrame(rows, columns=STABILITY_COLUMNS)


def build_results(folder: Path) -> None:
    """What the stages before leave in the folder of a zoo, and what this one makes of it."""
    write_inputs(folder)
    make_tables(folder)
    draw_all(folder)


def write_inputs(folder: Path) -> None:
    """Scores, selections, covariance, cards, costs and logs."""
    for name in (
        "selections",
        "stability",
        "covariance",
        "checkpoints",
        "benchmarks/select",
    ):
        (folder / name).mkdir(parents=True)
    some_scores().to_csv(folder / "scores.csv", index=False)
    selections = some_selections()
    for method in selections["method"].unique():
        of_method = selections[selections["method"] == method]
        of_method.to_csv(folder / f"selections/{method}.csv", index=False)
    some_stability().to_csv(folder / "stability/mmi.csv", index=False)
    some_convergence().to_csv(folder / "covariance/probe.convergence.csv", index=False)
    covariance = Covariance(NAMES, some_kappa(), 99, "biased", ["ant and bee are alike"])
    write_covariance(folder / "covariance/probe.npz", covariance)
    for name in NAMES:
        details: dict[str, str | int | float] = {
            "network": "convnet",
            "classes": "0 1",
            "train_images": 80,
            "dev_images": 20,
            "epochs": 2,
            "dev_accuracy": 0.95,
        }
        card = CheckpointCard(name, "trained on 0 1", "4f2", "convnet", 100, {}, details)
        write_card(folder / f"checkpoints/{name}.json", card)
    (folder / "benchmarks/select/mmi.tsv").write_text("s\th:m:s\tmax_rss\n1.5\t0:00:01\t120.25\n")
    facts = {"found": [], "warnings": ["ant has no tail"], "seconds_per_thousand": {}}
    (folder / "selections/mmi.csv.facts.json").write_text(json.dumps(facts))


def selection_files(folder: Path) -> list[str]:
    return sorted(
        str(path)
        for path in (folder / "selections").glob("[a-z]*[a-z].csv")
        if "stability" not in path.name
    )


def table_flags(folder: Path, *compared: str) -> list[str]:
    """What all tables are made from, but for what they are called.

    Args:
        compared: flags of the methods that others are compared with.
    """
    flags = ["--covariance", str(folder / "covariance/probe.npz"), "--recommend", "mmi"]
    flags += ["--selections", *selection_files(folder), *compared]
    flags += ["--stability", str(folder / "stability/mmi.csv")]
    flags += ["--scores", str(folder / "scores.csv")]
    return [*flags, "--cards", *(str(folder / f"checkpoints/{name}.json") for name in NAMES)]


def make_tables(folder: Path, compared: Sequence[str] = RANDOM) -> None:
    """All tables that there are."""
    without = {"objective", "sets"} if "--random" not in compared else set()
    names = [name for name in TABLES if name not in without]
    paths = [str(folder / f"tables/{name}.csv") for name in names]
    tabulate.main([*table_flags(folder, *compared), "--tables", *paths])


def draw(folder: Path, *figures: str, compared: Sequence[str] = RANDOM) -> None:
    """Some figures from the tables.

    Args:
        compared: flags of the methods that others are compared with.
    """
    flags = ["--covariance", str(folder / "covariance/probe.npz"), "--headline", "mmi", *compared]
    flags += ["--tables", *map(str, sorted((folder / "tables").glob("*.csv")))]
    flags += ["--scores", str(folder / "scores.csv")]
    flags += ["--convergence", str(folder / "covariance/probe.convergence.csv")]
    flags += ["--stability", str(folder / "stability/mmi.csv")]
    paths = [str(folder / f"figures/{figure}.svg") for figure in figures]
    plot_figures.main([*flags, "--figures", *paths])


def draw_all(folder: Path) -> None:
    """All figures."""
    draw(folder, *FIGURES)


def contents(**changed: Any) -> dict[str, Any]:
    """What the page is told that there is."""
    return {
        "headline": "mmi",
        "limit": None,
        "random": "random",
        "singles": [],
        "tables": TABLES,
        "stability": True,
        "convergence": ["probe"],
        "stages": {"select": "selection", "evaluate": "evaluation"},
        "settings": {"seed": 5, "modality": "agents"},
    } | changed


def write_page(folder: Path, **changed: Any) -> str:
    """The report of one zoo."""
    output = folder.parent / "report.html"
    write_report.main(
        ["--results", str(folder.parent), "--zoo", folder.name, json.dumps(contents(**changed))]
        + ["--output", str(output)]
    )
    return output.read_text(encoding="utf-8")
