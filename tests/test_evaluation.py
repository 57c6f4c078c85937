"""The evaluation script: who is trained, on what, and what is written."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.small_task import NAMES, UNITS, some_task, write_features, write_small_task
from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import Task, read_task, write_task
from workflow_scripts.evaluation import evaluate, gather_scores, head_fits, training
from workflow_scripts.evaluation.design_matrix import Subset
from workflow_scripts.evaluation.head_fits import KeptFits
from workflow_scripts.evaluation.training import Fit, train_heads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A task, features of three checkpoints that know it more or less well, and selections."""
    write_small_task(tmp_path)
    selections = [
        ("mmi", 0, 1, ["cat"]),
        ("mmi", 0, 2, ["cat", "ant"]),
        ("random", 0, 2, ["bee", "cat"]),
        ("random", 1, 2, ["ant", "cat"]),
    ]
    for method in ("mmi", "random"):
        rows = [
            (label, draw, "", k, rank, name, 0.0, 0.0)
            for label, draw, k, picks in selections
            for rank, name in enumerate(picks, 1)
            if label == method
        ]
        columns = ["method", "draw", "task", "k", "rank", "checkpoint", "objective", "bound"]
        pd.DataFrame(rows, columns=columns).to_csv(tmp_path / f"{method}.csv", index=False)
    return tmp_path


def run_evaluate(folder: Path, *flags: str, task: str = "weather") -> pd.DataFrame:
    output = folder / "scores.csv"
    evaluate.main(
        ["--zoo", "z", "--task", str(folder / f"{task}.parquet"), "--features-folder", str(folder)]
        + ["--checkpoints", *NAMES, "--solver", "lbfgs", "--output", str(output)]
        + ["--code", "digest", *flags]
    )
    return pd.read_csv(output)


def of_selections(folder: Path, k: int) -> list[str]:
    tables = [str(folder / f"{method}.csv") for method in ("mmi", "random")]
    return ["--selections", *tables, "--k", str(k)]


def test_every_selection_of_the_size_has_a_row_with_its_score(folder: Path) -> None:
    table = run_evaluate(folder, *of_selections(folder, 2))
    assert ",".join(table.columns) == (
        "zoo,task,metric,method,draw,k,checkpoints,dev_score,test_score,epochs,seed,project,fit"
    )
    assert table[["method", "draw", "checkpoints"]].to_numpy().tolist() == [
        ["mmi", 0, "ant+cat"],
        ["random", 0, "bee+cat"],
        ["random", 1, "ant+cat"],
    ]
    assert set(table["k"]) == {2}
    assert set(table["task"]) == {"weather"}


def test_a_score_is_that_of_scikit_learn(folder: Path) -> None:
    """With the penalty that does best on dev, of those tried."""
    table = run_evaluate(folder, *of_selections(folder, 2))
    task = read_task(folder / "weather.parquet")
    joined = np.concatenate(
        [load_file(folder / f"{name}.safetensors")["features"] for name in ("ant", "cat")], axis=1
    )
    rows = {split: task.split == split for split in ("train", "dev", "test")}
    found = set()
    for penalty in (0.1, 0.01, 1e-3, 1e-4):
        theirs = make_pipeline(StandardScaler(), LogisticRegression(C=1 / (penalty * 40)))
        theirs.fit(joined[rows["train"]], task.target[rows["train"]])
        scores = [theirs.score(joined[rows[one]], task.target[rows[one]]) for one in rows]
        found.add(tuple(np.round(scores[1:], 6)))
    ours = table.loc[0, ["dev_score", "test_score"]].astype(float)
    assert tuple(np.round(ours, 6)) in found
    assert ours["dev_score"] == pytest.approx(max(dev for dev, _ in found))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Subset]:
    """The subsets that are trained from here on."""
    trained: list[Subset] = []

    def counting(*arguments: object, **others: object) -> Iterator[dict[Subset, Fit]]:
        trained.extend(arguments[2])  # type: ignore[arg-type, call-overload]
        return train_heads(*arguments, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(head_fits, "train_heads", counting)
    return trained


def test_a_set_that_several_methods_chose_is_trained_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = counted(monkeypatch)
    table = run_evaluate(folder, *of_selections(folder, 2))
    assert trained == [("ant", "cat"), ("bee", "cat")]
    same = table[table["checkpoints"] == "ant+cat"]
    assert len(same) == 2
    assert same["fit"].nunique() == same["test_score"].nunique() == 1


def test_a_head_whose_fit_is_known_is_not_trained_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = ["--fits", str(folder / "kept" / "k2.fits.csv")]
    before = run_evaluate(folder, *of_selections(folder, 2), *kept)
    trained = counted(monkeypatch)
    with caplog.at_level(logging.INFO):
        again = run_evaluate(folder, *of_selections(folder, 2), *kept)
    assert trained == []
    assert "2 heads for 3 selections, 0 trained, 2 kept" in caplog.text
    pd.testing.assert_frame_equal(before, again)
    table = pd.read_csv(folder / "random.csv")
    table.loc[table["draw"] == 1, "checkpoint"] = ["ant", "bee"]
    table.to_csv(folder / "random.csv", index=False)
    more = run_evaluate(folder, *of_selections(folder, 2), *kept)
    assert trained == [("ant", "bee")]
    plain = run_evaluate(folder, *of_selections(folder, 2))
    pd.testing.assert_frame_equal(more, plain)
    # A line that was cut short is trained again, and spoils none that follow.
    path = folder / "kept" / "k2.fits.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    trained.clear()
    cut = run_evaluate(folder, *of_selections(folder, 2), *kept)
    assert trained == [("ant", "bee")]
    pd.testing.assert_frame_equal(cut, plain)
    trained.clear()
    run_evaluate(folder, *of_selections(folder, 2), *kept)
    assert trained == []
    run_evaluate(folder, *of_selections(folder, 2), *kept, "--l2", "0.3")
    assert len(trained) == 3


def test_scores_of_checkpoints_alone_are_those_of_selections_of_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    singles = run_evaluate(folder, "--singles")
    (folder / "scores.csv").rename(folder / "singles.csv")
    trained = counted(monkeypatch)
    known = run_evaluate(folder, *of_selections(folder, 1), "--known", str(folder / "singles.csv"))
    assert trained == []
    assert known["test_score"].tolist() == [singles["test_score"][2]]
    (folder / "singles.csv").write_text("fit,dev_score\nhello,1\n")
    run_evaluate(folder, *of_selections(folder, 1), "--known", str(folder / "singles.csv"))
    assert trained == [("cat",)]


def test_other_code_trains_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ["--fits", str(folder / "fits.csv")]
    before = run_evaluate(folder, "--singles", *kept)
    trained = counted(monkeypatch)
    after = run_evaluate(folder, "--singles", *kept, "--code", "other")
    assert len(trained) == 3
    assert set(after["fit"]).isdisjoint(before["fit"])
    again = run_evaluate(folder, "--singles", *kept)
    assert len(trained) == 3
    pd.testing.assert_frame_equal(again, before)


@pytest.mark.parametrize("flag", ["--fits", "--known"])
def test_fits_are_kept_only_where_their_code_is_known(folder: Path, flag: str) -> None:
    (folder / "before.csv").touch()
    with pytest.raises(UserError, match=f"{flag} needs --code"):
        run_evaluate(folder, "--singles", flag, str(folder / "before.csv"), "--code", "")


def test_a_job_that_is_killed_loses_only_the_heads_in_flight(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups of one: the second dies, the first is kept."""
    kept = ["--fits", str(folder / "fits.csv")]
    monkeypatch.setattr(training, "_MOST_HEADS", 1)
    add = KeptFits.add

    def dies(self: KeptFits, fits: dict[str, Fit]) -> None:
        if len(trained) and self._found:
            raise KeyboardInterrupt
        add(self, fits)

    trained = counted(monkeypatch)
    monkeypatch.setattr(KeptFits, "add", dies)
    with pytest.raises(KeyboardInterrupt):
        run_evaluate(folder, "--singles", *kept)
    monkeypatch.setattr(KeptFits, "add", add)
    trained.clear()
    run_evaluate(folder, "--singles", *kept)
    assert trained == [("bee",), ("cat",)]


def test_several_seeds_and_a_projection_are_rows_of_their_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ["--solver", "sgd", "--epochs", "3", "--fits", str(folder / "fits.csv")]
    one = run_evaluate(folder, *of_selections(folder, 2), *flags)
    assert set(one["project"]) == {0}
    trained = counted(monkeypatch)
    more = run_evaluate(folder, *of_selections(folder, 2), *flags, "--seeds", "3", "--project", "6")
    assert len(trained) == 2 * 5
    assert len(more) == len(one) * 6
    assert more.groupby(["method", "draw"])["seed"].nunique().tolist() == [3, 3, 3]
    assert sorted(set(more["project"])) == [0, 6]
    first = more[(more["seed"] == one["seed"][0]) & (more["project"] == 0)]
    assert first["fit"].tolist() == one["fit"].tolist()
    assert more["fit"].nunique() == 12


def test_little_memory_gives_the_same_scores(folder: Path) -> None:
    whole = run_evaluate(folder, "--singles")
    generator = np.random.default_rng(0)
    wide = {name: generator.normal(size=(UNITS, 3000)).astype(np.float32) for name in NAMES}
    for name, features in wide.items():
        features[:, :4] = load_file(folder / f"{name}.safetensors")["features"]
        write_features(folder / f"{name}.safetensors", features)
    little = run_evaluate(folder, "--singles", "--memory-mb", "1")
    much = run_evaluate(folder, "--singles", "--memory-mb", "500")
    np.testing.assert_allclose(little["test_score"], much["test_score"], atol=0.03)
    assert len(whole) == len(little)


def test_singles_score_every_checkpoint_alone(folder: Path) -> None:
    table = run_evaluate(folder, "--singles")
    assert table["checkpoints"].tolist() == NAMES
    assert table["test_score"].is_monotonic_increasing
    assert table["test_score"][2] > 0.85
    assert set(table["k"]) == {1}


def test_fit_tells_whether_anything_that_matters_changed(folder: Path) -> None:
    before = run_evaluate(folder, *of_selections(folder, 2)).set_index("checkpoints")["fit"]
    again = run_evaluate(folder, *of_selections(folder, 2)).set_index("checkpoints")["fit"]
    assert before.tolist() == again.tolist()
    assert before["bee+cat"] != before["ant+cat"].iloc[0]
    other_seed = run_evaluate(folder, *of_selections(folder, 2), "--seed", "1")
    assert set(other_seed["fit"]).isdisjoint(before)
    other_head = run_evaluate(folder, *of_selections(folder, 2), "--l2", "0.5")
    assert set(other_head["fit"]).isdisjoint(before)
    write_features(folder / "bee.safetensors", np.ones((UNITS, 4), np.float32))
    other_bee = run_evaluate(folder, *of_selections(folder, 2)).set_index("checkpoints")["fit"]
    assert other_bee["bee+cat"] != before["bee+cat"]
    assert other_bee["ant+cat"].tolist() == before["ant+cat"].tolist()


def test_units_that_any_checkpoint_lacks_are_left_out_for_all(folder: Path) -> None:
    """bee has no vector for the last units, so ant+cat is not scored on them either."""
    features = np.random.default_rng(3).normal(size=(UNITS, 4)).astype(np.float32)
    before = run_evaluate(folder, *of_selections(folder, 2))
    write_features(folder / "bee.safetensors", features, slice(0, 60))
    with_gap = run_evaluate(folder, *of_selections(folder, 2))
    assert set(before["fit"]).isdisjoint(with_gap["fit"])
    whole = some_task()
    keep = np.arange(UNITS) < 60
    write_task(
        folder / "weather.parquet",
        some_task(
            unit=whole.unit[keep],
            group=whole.group[keep],
            split=whole.split[keep],
            target=whole.target[keep],
        ),
    )
    short = run_evaluate(folder, *of_selections(folder, 2))
    assert with_gap["test_score"].tolist() == short["test_score"].tolist()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_the_solvers_by_mini_batches_are_there_by_flag(folder: Path, solver: str) -> None:
    flags = ["--solver", solver, "--epochs", "3", "--learning-rate", "0.1", "--device", "cpu"]
    table = run_evaluate(folder, *of_selections(folder, 2), *flags)
    assert table["epochs"].between(1, 3).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "bleu"}, "task weather: unknown metric 'bleu'; choose one of accuracy"),
        ({"split": np.repeat("train", UNITS)}, "task weather: there is no dev unit"),
        ({"target": np.zeros(UNITS, int)}, "its train split has one class only"),
        (
            {"target": np.ones(UNITS), "kind": "regression", "metric": "pearson", "labels": []},
            "its train split has one value only",
        ),
        ({"metric": "f1", "positive": "maybe"}, "counts the class 'maybe', which has no unit"),
    ],
)
def test_a_task_that_teaches_nothing_is_refused(
    folder: Path, changes: dict[str, object], message: str
) -> None:
    write_task(folder / "weather.parquet", some_task(**changes))
    with pytest.raises(UserError, match=message):
        run_evaluate(folder, "--singles")


def test_missing_or_foreign_files_are_named(folder: Path) -> None:
    with pytest.raises(UserError, match=r"none\.parquet: there is no such task file"):
        run_evaluate(folder, "--singles", task="none")
    (folder / "text.parquet").write_text("hello")
    with pytest.raises(UserError, match=r"text\.parquet: this is no task file"):
        run_evaluate(folder, "--singles", task="text")
    (folder / "bee.safetensors").unlink()
    with pytest.raises(UserError, match=r"bee\.safetensors: there is no such feature file"):
        run_evaluate(folder, "--singles")


def test_features_of_another_corpus_are_refused(folder: Path) -> None:
    features = np.ones((UNITS, 4), np.float32)
    write_features(folder / "cat.safetensors", features, corpus="probe")
    with pytest.raises(UserError, match="features of cat are of another corpus than those of ant"):
        run_evaluate(folder, "--singles")
    for name in NAMES:
        write_features(folder / f"{name}.safetensors", features, corpus="probe")
    with pytest.raises(UserError, match="holds features of probe, the task is on tasks"):
        run_evaluate(folder, "--singles")
    for name in NAMES:
        write_features(folder / f"{name}.safetensors", features[:-1])
    with pytest.raises(UserError, match="units beyond these features"):
        run_evaluate(folder, "--singles")


def tasks_by_metric() -> dict[str, Task]:
    """Tasks that cat can learn; some in sentences of six words."""
    known = some_task().target
    group = np.arange(UNITS) // 6
    split = np.array(["train", "dev", "test"])[group % 3]
    sentences = {"group": group, "split": split}
    values = 3 * known + 0.1 * np.random.default_rng(4).normal(size=UNITS)
    return {
        "pearson": some_task(
            metric="pearson", kind="regression", labels=[], target=values, **sentences
        ),
        "span_f1": some_task(metric="span_f1", labels=["I-NP", "O"], **sentences),
        "f1": some_task(metric="f1", positive="yes"),
        "top3_accuracy": some_task(metric="top3_accuracy"),
    }


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("metric", ["pearson", "span_f1", "f1", "top3_accuracy"])
def test_every_metric_scores_what_is_learned(folder: Path, metric: str, solver: str) -> None:
    write_task(folder / "weather.parquet", tasks_by_metric()[metric])
    flags = [] if solver == "lbfgs" else ["--learning-rate", "0.1", "--device", "cpu"]
    table = run_evaluate(folder, "--singles", "--solver", solver, *flags)
    assert set(table["metric"]) == {metric}
    assert table["test_score"][2] > 0.7
    assert table["test_score"].between(-1, 1).all()


def test_tags_that_train_never_saw_are_errors_of_every_head(folder: Path) -> None:
    """Wherever the alphabet puts them: the other units are scored as they were."""
    task = some_task()
    for labels, unseen in ((["a", "no", "yes"], 0), (["no", "yes", "z"], 2)):
        write_task(folder / "weather.parquet", task)
        before = run_evaluate(folder, "--singles", "--l2", "0.01")
        target = task.target + (unseen == 0)
        target[np.flatnonzero(task.split == "test")[:10]] = unseen
        write_task(folder / "weather.parquet", some_task(labels=labels, target=target))
        after = run_evaluate(folder, "--singles", "--l2", "0.01")
        lost = 40 * (before["test_score"] - after["test_score"])
        assert lost.between(-1e-9, 10 + 1e-9).all()
        assert lost[2] >= 7
        assert after["dev_score"].tolist() == before["dev_score"].tolist()


def test_a_unit_may_stand_in_two_sentences(folder: Path) -> None:
    """All examples twice teach what they teach once."""
    task = some_task()
    before = run_evaluate(folder, "--singles")
    columns = {
        name: np.concatenate([getattr(task, name)] * 2) for name in ("unit", "split", "target")
    }
    write_task(folder / "weather.parquet", some_task(group=np.arange(2 * UNITS), **columns))
    after = run_evaluate(folder, "--singles")
    np.testing.assert_allclose(after["test_score"], before["test_score"], atol=0.03)


def test_lbfgs_imports_neither_torch_nor_pandas(folder: Path) -> None:
    """They would take longer than the heads."""
    arguments = ["--zoo", "z", "--task", str(folder / "weather.parquet"), "--singles"]
    arguments += ["--features-folder", str(folder), "--checkpoints", *NAMES]
    arguments += ["--solver", "lbfgs", "--output", str(folder / "scores.csv")]
    code = (
        "import sys; from workflow_scripts.evaluation import evaluate;"
        f"evaluate.main({arguments!r});"
        "print({'torch', 'pandas', 'sklearn'} & set(sys.modules))"
    )
    root = Path(__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_targets_of_the_test_split_decide_nothing_but_the_test_score(folder: Path) -> None:
    before = run_evaluate(folder, *of_selections(folder, 2))
    task = some_task()
    flipped = np.where(task.split == "test", 1 - task.target, task.target)
    write_task(folder / "weather.parquet", some_task(target=flipped))
    after = run_evaluate(folder, *of_selections(folder, 2))
    assert after[["dev_score", "epochs"]].equals(before[["dev_score", "epochs"]])
    assert after["test_score"].to_numpy() == pytest.approx(1 - before["test_score"].to_numpy())


def test_a_task_file_reads_back_as_it_was(folder: Path) -> None:
    labels = ["no", "1", "ja, männlich"]
    task = some_task(labels=labels, target=np.arange(UNITS) % 3)
    write_task(folder / "t.parquet", task)
    again = read_task(folder / "t.parquet")
    assert again.labels == labels
    for name in ("unit", "group", "split", "target"):
        assert (getattr(again, name) == getattr(task, name)).all()
    assert (again.corpus, again.metric, again.kind) == ("tasks", "accuracy", "classification")


def test_gathered_scores_hold_every_row_once_and_in_order(folder: Path) -> None:
    for task in ("b", "a"):
        for k in (2, 1):
            write_task(folder / f"{task}.parquet", some_task())
            table = run_evaluate(folder, *of_selections(folder, k), task=task)
            (folder / task).mkdir(exist_ok=True)
            table.to_csv(folder / task / f"k{k}.csv", index=False)
    output = folder / "all.csv"
    gather_scores.main(
        ["--folder", str(folder), "--tasks", "b", "a", "--k", "2", "1", "--output", str(output)]
    )
    table = pd.read_csv(output)
    assert len(table) == 2 * (3 + 1)
    keys = table[["task", "k", "method", "draw"]].to_numpy().tolist()
    assert keys == sorted(keys)
