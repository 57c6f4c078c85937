"""Tasks that teach little, or whose files are odd."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.faults.scene import Outcome, Scene, fault
from tests.small_task import NAMES, UNITS, some_task, write_features, write_small_task
from workflow_scripts.common.task_file import read_task as read_task_file
from workflow_scripts.common.task_file import write_task


def evaluate(scene: Scene, *flags: object, may_change: str = r"$^") -> Outcome:
    """Score every checkpoint alone on the small task."""
    given = ["--zoo", "z", "--task", "weather.parquet", "--features-folder", scene.folder]
    given += ["--checkpoints", *NAMES, "--solver", "lbfgs", "--output", "scores.csv"]
    flags = flags or ("--singles",)
    return scene.script("evaluation.evaluate", *given, *flags, may_change=may_change)


def evaluate_with(scene: Scene, **changes: object) -> Outcome:
    """The same where parts of the task are others."""
    write_small_task(scene.folder)
    write_task(scene.folder / "weather.parquet", some_task(**changes))
    return evaluate(scene)


def write_corpus(scene: Scene, form: str) -> Outcome:
    """Write the corpus of the labelled file."""
    flags = ["--read", form, "train.tsv", "--distinct"]
    flags += ["--output", "code.txt", "--units", "code.units.parquet"]
    return scene.script("kinds.text.write_corpus", *flags)


def read(scene: Scene, content: str, *flags: object, form: str = "tagged") -> Outcome:
    """Read a task from a labelled file of this content."""
    Path("train.tsv").write_text(content, encoding="utf-8")
    written = write_corpus(scene, form)
    if written.status:
        return written
    given = ["--format", form, "--target", "tag", "--metric", "accuracy", "--train", "train.tsv"]
    return scene.script(
        "kinds.text.read_task", *given, "--corpus", "code.txt", "--output", "tags.parquet", *flags
    )


@fault
def class_missing_in_train(scene: Scene) -> Outcome:
    """Its units are errors of every head; the others are learned."""
    target = some_task().target.copy()
    target[np.arange(UNITS) % 3 == 2] = 2
    outcome = evaluate_with(scene, labels=["no", "yes", "maybe"], target=target)
    scores = pd.read_csv("scores.csv")
    assert (scores["test_score"] == 0).all()
    assert scores["dev_score"].max() > 0.8
    return outcome


@fault
def class_alone(scene: Scene) -> Outcome:
    return evaluate_with(scene, target=np.zeros(UNITS, int))


@fault
def value_alone(scene: Scene) -> Outcome:
    values = np.ones(UNITS)
    return evaluate_with(scene, target=values, kind="regression", metric="pearson", labels=[])


@fault
def values_that_are_not_finite(scene: Scene) -> Outcome:
    values = np.arange(UNITS, dtype=float)
    values[3] = np.nan
    return evaluate_with(scene, target=values, kind="regression", metric="pearson", labels=[])


@fault
def no_test_unit(scene: Scene) -> Outcome:
    return evaluate_with(scene, split=np.array(["train", "dev"])[np.arange(UNITS) % 2])


@fault
def one_example(scene: Scene) -> Outcome:
    """One word in one sentence: nothing is left to train on."""
    outcome = read(scene, "rain\tNOUN\n")
    assert outcome.status == 0
    one = dict.fromkeys(["unit", "group", "target"], np.zeros(1, int))
    return evaluate_with(scene, split=np.array(["train"]), **one)


@fault
def task_file_cut_short(scene: Scene) -> Outcome:
    write_small_task(scene.folder)
    path = Path("weather.parquet")
    path.write_bytes(path.read_bytes()[:300])
    return evaluate(scene)


@fault
def nan_in_features_of_a_task(scene: Scene) -> Outcome:
    write_small_task(scene.folder)
    features = np.ones((UNITS, 4), np.float32)
    features[7, 2] = np.nan
    write_features(scene.folder / "bee.safetensors", features)
    return evaluate(scene)


@fault
def constant_features_of_a_task(scene: Scene) -> Outcome:
    """A head that reads nothing of use guesses the most frequent class."""
    write_small_task(scene.folder)
    write_features(scene.folder / "bee.safetensors", np.ones((UNITS, 4), np.float32))
    outcome = evaluate(scene)
    scores = pd.read_csv("scores.csv").set_index("checkpoints")["test_score"]
    assert 0.3 < scores["bee"] < 0.7 < scores["cat"]
    return outcome


@fault
def empty_task_file(scene: Scene) -> Outcome:
    return read(scene, "")


@fault
def task_file_of_empty_lines(scene: Scene) -> Outcome:
    return read(scene, "\n\n  \n")


@fault
def rows_of_wrong_width(scene: Scene) -> Outcome:
    return read(scene, "rain\tNOUN\nfalls\tVERB\tsoftly\n")


@fault
def label_missing(scene: Scene) -> Outcome:
    return read(scene, "rain\tNOUN\nfalls\t\n")


@fault
def task_file_of_bytes(scene: Scene) -> Outcome:
    Path("train.tsv").write_bytes("rain\tnöun\n".encode("latin-1"))
    return write_corpus(scene, "tagged")


def labels_read(scene: Scene, labels: list[str]) -> Outcome:
    """Read a task with these labels, score it, and look for them in what was written."""
    lines = [f"w{i}\t{label}\n\n" for i in range(20) for label in labels]
    outcome = read(scene, "".join(lines))
    task = read_task_file(Path("tags.parquet"))
    assert task.labels == sorted(labels)
    assert {task.labels[one] for one in task.target} == set(labels)
    return outcome


@fault
def labels_with_spaces(scene: Scene) -> Outcome:
    return labels_read(scene, ["proper noun", "noun", " noun", "a, \"b\"; 'c'"])


@fault
def labels_in_unicode(scene: Scene) -> Outcome:
    return labels_read(scene, ["名詞", "глагол", "e\u0301", "é", "🙂", "a\u2028b"])


@fault
def labels_that_look_like_numbers(scene: Scene) -> Outcome:
    return labels_read(scene, ["1", "01", "1.0", "1e3", "1000", "0x10", "-0", "0"])


@fault
def labels_that_look_like_nothing(scene: Scene) -> Outcome:
    return labels_read(scene, ["nan", "NaN", "None", "NA", "null", "_", "True", "inf"])
