"""Covariances that are none, and selections that do not fit."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.faults.scene import Outcome, Scene, fault
from tests.faults.tasks import evaluate
from tests.small_task import write_small_task

NAMES = ["ant", "bee", "cat"]
KAPPA = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.1], [0.2, 0.1, 1.0]])


def changed(row: int, column: int, value: float) -> NDArray[np.float64]:
    kappa = KAPPA.copy()
    kappa[row, column] = value
    return kappa


def select(
    scene: Scene, kappa: NDArray[np.float64] = KAPPA, *flags: object, names: list[str] = NAMES
) -> Outcome:
    """Select from a matrix by mutual information, unless the flags say otherwise."""
    np.save("kappa.npy", kappa)
    Path("names.txt").write_text("\n".join(names), encoding="utf-8")
    given = ["--covariance", "kappa.npy", "--names", "names.txt", "--output", "picks.csv"]
    more = [] if "--method" in flags else ["--method", "mmi"]
    return scene.script("selection.select", *given, *more, *(flags or ["--k", 2]))


@fault
def covariance_with_repeated_names(scene: Scene) -> Outcome:
    return select(scene, names=["ant", "bee", "bee"])


@fault
def covariance_with_too_few_names(scene: Scene) -> Outcome:
    return select(scene, names=["ant", "bee"])


@fault
def covariance_not_symmetric(scene: Scene) -> Outcome:
    return select(scene, changed(0, 2, 0.3))


@fault
def covariance_not_positive_definite(scene: Scene) -> Outcome:
    kappa = changed(0, 1, -0.9)
    kappa[1, 0], kappa[0, 2], kappa[2, 0], kappa[1, 2], kappa[2, 1] = -0.9, 0.9, 0.9, 0.9, 0.9
    return select(scene, kappa)


@fault
def covariance_with_another_diagonal(scene: Scene) -> Outcome:
    return select(scene, changed(1, 1, 0.9))


@fault
def covariance_with_nan(scene: Scene) -> Outcome:
    return select(scene, changed(1, 1, np.nan))


@fault
def covariance_of_pickled_objects(scene: Scene) -> Outcome:
    np.save("kappa.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    Path("names.txt").write_text("ant", encoding="utf-8")
    flags = ["--covariance", "kappa.npy", "--names", "names.txt", "--method", "mmi", "--k", 1]
    return scene.script("selection.select", *flags, "--output", "picks.csv")


@fault
def covariance_without_a_checkpoint(scene: Scene) -> Outcome:
    pd.DataFrame(KAPPA, NAMES, NAMES).to_csv("kappa.csv")
    flags = ["--covariance", "kappa.csv", "--checkpoints", "ant", "bees", "--output", "k.npz"]
    return scene.script("covariance.import_covariance", *flags)


@fault
def covariance_of_names_like_numbers(scene: Scene) -> Outcome:
    """A table of numbers whose names are 01, NA and 1e3."""
    names = ["01", "NA", "1e3"]
    pd.DataFrame(KAPPA, names, names).to_csv("kappa.csv")
    flags = ["--covariance", "kappa.csv", "--checkpoints", *names, "--output", "k.npz"]
    outcome = scene.script("covariance.import_covariance", *flags)
    if outcome.status == 0:
        flags = ["--covariance", "k.npz", "--method", "hub", "--k", 3, "--output", "picks.csv"]
        outcome = scene.script("selection.select", *flags)
        picks = pd.read_csv("picks.csv", dtype=str, keep_default_na=False)
        assert sorted(picks["checkpoint"]) == sorted(names)
    return outcome


@fault
def more_picks_than_checkpoints(scene: Scene) -> Outcome:
    return select(scene, KAPPA, "--k", 4)


@fault
def no_picks(scene: Scene) -> Outcome:
    return select(scene, KAPPA, "--k", 0)


@fault
def method_unknown(scene: Scene) -> Outcome:
    return select(scene, KAPPA, "--k", 1, "--method", "magic")


@fault
def pick_unknown(scene: Scene) -> Outcome:
    return select(scene, KAPPA, "--k", 1, "--method", "single", "--picks", "dog")


def evaluate_selection(scene: Scene, text: str) -> Outcome:
    write_small_task(scene.folder)
    Path("mmi.csv").write_text(text, encoding="utf-8")
    return evaluate(scene, "--selections", "mmi.csv", "--k", 2)


HEAD = "method,draw,task,k,rank,checkpoint,objective,bound\n"


@fault
def selection_of_an_unknown_checkpoint(scene: Scene) -> Outcome:
    return evaluate_selection(scene, f"{HEAD}mmi,0,,2,1,ant,,\nmmi,0,,2,2,yak,,\n")


@fault
def selection_that_names_one_twice(scene: Scene) -> Outcome:
    return evaluate_selection(scene, f"{HEAD}mmi,0,,2,1,ant,,\nmmi,0,,2,2,ant,,\n")


@fault
def selection_with_a_row_gone(scene: Scene) -> Outcome:
    return evaluate_selection(scene, f"{HEAD}mmi,0,,2,1,ant,,\n")


@fault
def selection_of_no_row(scene: Scene) -> Outcome:
    return evaluate_selection(scene, HEAD)


@fault
def selection_that_is_no_table(scene: Scene) -> Outcome:
    return evaluate_selection(scene, "mmi picks ant and bee\n")


@fault
def selection_of_bytes(scene: Scene) -> Outcome:
    write_small_task(scene.folder)
    Path("mmi.csv").write_bytes(HEAD.encode() + b"mmi,0,,2,1,\xff\xfe,,\n")
    return evaluate(scene, "--selections", "mmi.csv", "--k", 2)
