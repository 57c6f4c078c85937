"""Small made-up results of all that stage 7 reads, and its figures and tables."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.table_file import SELECTION_COLUMNS, STABILITY_COLUMNS
from workflow_scripts.report import (
    checkpoint_table,
    information_table,
    objective_table,
    page,
    pick_table,
    plot_convergence,
    plot_gain,
    plot_mutual_information,
    plot_objective,
    plot_scores,
    plot_stability,
    plot_task_space,
    plot_tasks,
    representatives,
    score_table,
    space_table,
    stability_table,
)

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
    columns = ["sentences", "words", "kl", "cosine", "smallest_eigenvalue"]
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
    for name in ("selections", "covariance", "checkpoints", "benchmarks/select", "logs"):
        (folder / name).mkdir(parents=True)
    some_scores().to_csv(folder / "scores.csv", index=False)
    selections = some_selections()
    for method in selections["method"].unique():
        of_method = selections[selections["method"] == method]
        of_method.to_csv(folder / f"selections/{method}.csv", index=False)
    some_stability().to_csv(folder / "selections/mmi.stability.csv", index=False)
    some_convergence().to_csv(folder / "covariance/probe.convergence.csv", index=False)
    covariance = Covariance(NAMES, some_kappa(), 99, "biased", ["ant and bee are alike"])
    write_covariance(folder / "covariance/probe.npz", covariance)
    for name in NAMES:
        card = {
            "checkpoint": name,
            "network": "convnet",
            "labels": ["0", "1"],
            "train_images": 80,
            "dev_images": 20,
            "dev_accuracy": [0.5, 0.95],
        }
        (folder / f"checkpoints/{name}.json").write_text(json.dumps(card))
    (folder / "benchmarks/select/mmi.tsv").write_text("s\th:m:s\tmax_rss\n1.5\t0:00:01\t120.25\n")
    (folder / "logs/select.log").write_text("12:00:00 warning: ant has no tail\n")


def selection_files(folder: Path) -> list[str]:
    return sorted(
        str(path)
        for path in (folder / "selections").glob("[a-z]*[a-z].csv")
        if "stability" not in path.name
    )


def draw_all(folder: Path) -> None:
    """All figures."""
    scores = ["--scores", str(folder / "scores.csv"), *RANDOM]
    covariance = ["--covariance", str(folder / "covariance/probe.npz")]
    output = {name: ["--output", str(folder / f"figures/{name}.svg")] for name in FIGURES}
    plot_task_space.main(
        [*covariance, "--space", str(folder / "tables/space.csv"), *output[FIGURES[0]]]
    )
    convergence = f"probe={folder / 'covariance/probe.convergence.csv'}"
    plot_convergence.main(["--convergence", convergence, *output[FIGURES[1]]])
    plot_tasks.main([*scores, *output[FIGURES[2]]])
    plot_mutual_information.main(
        ["--information", str(folder / "tables/information.csv"), "--main", "mmi"]
        + [*RANDOM, *output[FIGURES[3]]]
    )
    plot_scores.main([*scores, *output[FIGURES[4]]])
    plot_gain.main([*scores, *output[FIGURES[5]]])
    plot_objective.main([*scores, *covariance, *output["objective"]])
    stability = str(folder / "selections/mmi.stability.csv")
    plot_stability.main(["--stability", stability, *output["stability"]])


def make_tables(folder: Path, random: list[str] = RANDOM) -> None:
    """All tables."""
    output = {name: str(folder / f"tables/{name}.csv") for name in TABLES}
    covariance = ["--covariance", str(folder / "covariance/probe.npz")]
    selection = ["--selection", str(folder / "selections/mmi.csv")]
    selections = ["--selections", *selection_files(folder)]
    cards = ["--cards", *(str(folder / f"checkpoints/{name}.json") for name in NAMES)]
    information_table.main([*covariance, *selections, "--output", output["information"]])
    pick_table.main([*selections, *random, "--output", output["picks"]])
    space_table.main([*covariance, *selection, *cards, "--output", output["space"]])
    representatives.main([*covariance, *selection, "--output", output["representatives"]])
    checkpoint_table.main([*cards, "--output", output["checkpoints"]])
    stability_table.main(
        ["--stability", str(folder / "selections/mmi.stability.csv")]
        + ["--output", output["stability"]]
    )
    scores = ["--scores", str(folder / "scores.csv"), *random]
    score_table.main([*scores, "--output", output["scores"], "--tasks", output["tasks"]])
    if random:
        objective_table.main(
            [*scores, *covariance, "--output", output["objective"], "--sets", output["sets"]]
        )


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
        "settings": {"seed": 5, "modality": "image"},
    } | changed


def write_page(folder: Path, **changed: Any) -> str:
    """The report of one zoo."""
    output = folder.parent / "report.html"
    page.main(
        ["--results", str(folder.parent), "--zoo", folder.name, json.dumps(contents(**changed))]
        + ["--output", str(output)]
    )
    return output.read_text(encoding="utf-8")
