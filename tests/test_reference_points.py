"""Methods that look at labels, and all checkpoints together: what others are held against."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal, norm

from tests.small_task import NAMES, UNITS, some_task, write_features, write_small_task
from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import write_task
from workflow_scripts.evaluation import evaluate, head_fits, score_transferability, select_forward
from workflow_scripts.evaluation.score_transferability import h_score, log_maximum_evidence
from workflow_scripts.evaluation.select_forward import forward_selection
from workflow_scripts.selection import select


def in_blocks(rows: np.ndarray) -> list[np.ndarray]:
    return np.array_split(rows, 3)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
@pytest.mark.parametrize("shape", [(40, 5), (12, 30)])
def test_logme_is_the_highest_evidence_of_a_gaussian_of_the_targets(
    shape: tuple[int, int], scale: float
) -> None:
    """y ~ N(0, F Fᵀ/α + 1/β), maximised over α and β; α follows the scale of F."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=shape)
    values = features[:, :2] @ np.array([[1.0, 0.3], [0.5, -1.0]])
    targets = values + 0.7 * generator.normal(size=(shape[0], 2))

    def minus_evidence(logs: np.ndarray, target: np.ndarray) -> float:
        alpha, beta = np.exp(logs)
        covariance = features @ features.T / alpha + np.eye(shape[0]) / beta
        return -float(multivariate_normal.logpdf(target, cov=covariance))

    best = [
        -min(
            minimize(minus_evidence, start, target, method="Nelder-Mead", tol=1e-9).fun
            for start in ([0.0, 0.0], [2.0, 1.0], [-2.0, 3.0])
        )
        for target in targets.T
    ]
    expected = np.mean(best) / shape[0]
    found = log_maximum_evidence(in_blocks(scale * features), targets)
    assert found == pytest.approx(expected, abs=1e-6)


def test_logme_of_features_that_depend_on_each_other_or_explain_all_or_nothing() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(50, 3))
    targets = np.eye(2)[generator.integers(0, 2, 50)]
    plain = log_maximum_evidence([features], targets)
    twice = log_maximum_evidence([np.hstack([features, features]) / np.sqrt(2)], targets)
    assert twice == pytest.approx(plain, abs=1e-6)
    perfect = log_maximum_evidence([np.hstack([features, targets])], targets)
    assert np.isfinite(perfect)
    assert perfect > plain
    # All of the targets is noise then.
    noise = norm.logpdf(targets, scale=np.sqrt((targets**2).mean(axis=0))).mean()
    apart = features - targets @ np.linalg.lstsq(targets, features)[0]
    for useless in (apart, np.zeros((50, 3))):
        assert log_maximum_evidence([useless], targets) == pytest.approx(noise, abs=1e-6)


def standard(features: np.ndarray) -> np.ndarray:
    return (features - features.mean(axis=0)) / features.std(axis=0)


def plain_h_score(features: np.ndarray, classes: np.ndarray) -> float:
    conditional = np.array([features[classes == one].mean(axis=0) for one in classes])
    covariance, between = (np.cov(rows.T, bias=True) for rows in (features, conditional))
    return float(np.trace(np.linalg.pinv(covariance, hermitian=True) @ between))


def test_the_h_score_is_its_formula() -> None:
    """With the amount of shrinking as Ledoit and Wolf (2004, lemmas 3.2 to 3.4) write it."""
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 3, 60)
    mixed = generator.normal(size=(60, 5)) + np.eye(5)[classes]
    features = standard(mixed @ generator.normal(size=(5, 5)))
    covariance = np.cov(features.T, bias=True)
    mean = np.trace(covariance) / 5
    distance = np.sum((covariance - mean * np.eye(5)) ** 2)
    errors = [np.sum((np.outer(row, row) - covariance) ** 2) for row in features]
    amount = min(np.mean(errors) / 60, distance) / distance
    assert 0.02 < amount < 0.95
    shrunk = (1 - amount) * covariance + amount * mean * np.eye(5)
    between = sum(
        np.mean(classes == one) * np.outer(row, row)
        for one in range(3)
        for row in [features[classes == one].mean(axis=0)]
    )
    expected = (1 - amount) * np.trace(np.linalg.inv(shrunk) @ between)
    assert h_score(in_blocks(features), classes) == pytest.approx(expected)


def test_the_h_score_of_many_units_is_hardly_shrunken() -> None:
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 3, 20_000)
    mixed = generator.normal(size=(20_000, 5)) + np.eye(5)[classes]
    features = standard(mixed @ generator.normal(size=(5, 5)))
    expected = plain_h_score(features, classes)
    assert h_score([features], classes) == pytest.approx(expected, rel=0.01)
    # Features that are the classes themselves have the highest there is, also if they stand twice.
    known = standard(np.eye(3)[classes])
    assert h_score([known], classes) == pytest.approx(2, rel=0.01)
    assert h_score([np.hstack([known, known])], classes) == pytest.approx(2, rel=0.01)
    assert h_score([np.zeros((20_000, 5))], classes) == 0


def test_the_h_score_tells_features_apart_where_units_are_few() -> None:
    generator = np.random.default_rng(0)
    classes = np.arange(30) % 3
    noise = generator.normal(size=(30, 50))
    useful = noise + np.eye(3)[classes] @ generator.normal(size=(3, 50))
    assert plain_h_score(noise, classes) == pytest.approx(plain_h_score(useful, classes))
    assert h_score([standard(noise)], classes) < h_score([standard(useful)], classes) - 0.2


def test_forward_selection_adds_what_helps_most() -> None:
    worth = {"ant": 0.2, "bee": 0.5, "cat": 0.5, "dog": 0.3}
    asked: list[list[tuple[str, ...]]] = []

    def dev_scores(subsets: list[tuple[str, ...]]) -> list[float]:
        asked.append(subsets)
        # bee and cat know the same.
        return [sum(worth[one] for one in set(subset) - {"cat"}) or 0.5 for subset in subsets]

    picks = forward_selection(["dog", "cat", "bee", "ant"], 3, dev_scores)
    assert [name for name, _ in picks] == ["bee", "dog", "ant"]
    assert [score for _, score in picks] == pytest.approx([0.5, 0.8, 1.0])
    assert asked[0] == [("ant",), ("bee",), ("cat",), ("dog",)]
    assert asked[1] == [("ant", "bee"), ("bee", "cat"), ("bee", "dog")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A task and features."""
    write_small_task(tmp_path)
    return tmp_path


def common(folder: Path) -> list[str]:
    flags = ["--task", str(folder / "weather.parquet"), "--features-folder", str(folder)]
    return [*flags, "--checkpoints", *NAMES]


def run_select(folder: Path, *flags: str) -> pd.DataFrame:
    select.main([*flags, "--output", str(folder / "picks.csv")])
    return pd.read_csv(folder / "picks.csv")


def go_forward(folder: Path, *flags: str) -> pd.DataFrame:
    output = ["--output", str(folder / "forward.csv"), "--solver", "lbfgs"]
    select_forward.main(
        [*common(folder), *output, "--fits", str(folder / "fits.csv"), "--code", "digest", *flags]
    )
    return pd.read_csv(folder / "forward.csv")


def test_greedy_dev_picks_by_the_heads_of_the_evaluation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picks = go_forward(folder, "--picks", "2")
    evaluate.main(
        [*common(folder), "--zoo", "z", "--singles", "--solver", "lbfgs"]
        + ["--output", str(folder / "singles.csv")]
    )
    singles = pd.read_csv(folder / "singles.csv").set_index("checkpoints")["dev_score"]
    assert picks["checkpoint"][0] == singles.idxmax() == "cat"
    assert picks["dev_score"][0] == singles.max()
    trained: list[int] = []
    train = head_fits.train_heads

    def counting(*arguments: object, **others: object) -> object:
        trained.append(len(arguments[2]))  # type: ignore[arg-type]
        return train(*arguments, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(head_fits, "train_heads", counting)
    more = go_forward(folder, "--picks", "3")
    # What was trained for two picks is kept.
    assert trained == [1]
    assert more["checkpoint"].tolist()[:2] == picks["checkpoint"].tolist()
    with pytest.raises(UserError, match="--picks 4: there are 3 checkpoints"):
        go_forward(folder, "--picks", "4")

    forward = ["--forward-selection", str(folder / "forward.csv"), "--method", "greedy_dev"]
    table = run_select(folder, *forward, "--task", "weather", "--k", "1", "3")
    assert table["checkpoint"].tolist() == ["cat", *more["checkpoint"]]
    assert table["objective"].tolist() == [more["dev_score"][0], *more["dev_score"]]
    assert set(table["task"]) == {"weather"}
    with pytest.raises(UserError, match="method greedy_dev needs --forward-selection"):
        run_select(folder, *forward[2:], "--task", "weather", "--k", "1")
    write_task(folder / "weather.parquet", some_task(target=np.zeros(UNITS, int)))
    with pytest.raises(UserError, match="task weather: its train split has one class only"):
        go_forward(folder, "--picks", "2")


def transfer(folder: Path) -> pd.DataFrame:
    output = folder / "transferability.csv"
    score_transferability.main([*common(folder), "--output", str(output)])
    return pd.read_csv(output)


@pytest.mark.parametrize("method", ["logme", "h_score"])
def test_rankers_with_labels_find_who_knows_the_task(
    folder: Path, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    task, generator = some_task(), np.random.default_rng(3)
    for strength, name in enumerate(NAMES):
        features = generator.normal(size=(UNITS, 4)) + strength * (2 * task.target[:, None] - 1)
        write_features(folder / f"{name}.safetensors", features.astype(np.float32))
    with caplog.at_level(logging.INFO):
        table = transfer(folder)
    assert "cat: LogME" in caplog.text
    assert table["checkpoint"].tolist() == NAMES
    assert table[method].is_monotonic_increasing
    flags = ["--transferability", str(folder / "transferability.csv"), "--task", "weather"]
    picks = run_select(folder, *flags, "--method", method, "--k", "2")
    assert picks["checkpoint"].tolist() == ["cat", "bee"]
    assert picks["objective"].tolist() == pytest.approx(table[method].tolist()[:0:-1])
    with pytest.raises(UserError, match=f"method {method} needs --transferability"):
        run_select(folder, *flags[2:], "--method", method, "--k", "2")


def test_the_h_score_needs_classes_and_all_need_something_to_learn(folder: Path) -> None:
    values = some_task().target + 0.0
    task = some_task(target=values, kind="regression", metric="pearson", labels=[])
    write_task(folder / "weather.parquet", task)
    table = transfer(folder)
    assert table["h_score"].isna().all()
    assert table["logme"].is_monotonic_increasing
    flags = ["--transferability", str(folder / "transferability.csv"), "--task", "weather"]
    with pytest.raises(UserError, match="h_score of ant on weather is nan: it tells classes"):
        run_select(folder, *flags, "--method", "h_score", "--k", "1")
    write_task(folder / "weather.parquet", some_task(target=np.zeros(UNITS, int)))
    with pytest.raises(UserError, match="task weather: its train split has one class only"):
        transfer(folder)


def test_only_units_that_every_checkpoint_has_are_scored(folder: Path) -> None:
    before = transfer(folder)
    generator = np.random.default_rng(2)
    noise = generator.normal(size=(UNITS, 4)).astype(np.float32)
    write_features(folder / "ant.safetensors", noise, slice(0, 60))
    after = transfer(folder)
    assert (after["logme"] != before["logme"]).all()
    task = some_task()
    train = np.flatnonzero((task.split == "train") & (np.arange(UNITS) < 60))
    expected = log_maximum_evidence(
        [noise[train].astype(np.float64)], np.eye(2)[task.target[train]]
    )
    assert after["logme"][0] == pytest.approx(expected)
    scores = [h_score([standard(noise[train].astype(np.float64))], task.target[train])]
    assert after["h_score"][:1].tolist() == pytest.approx(scores)
    write_features(folder / "ant.safetensors", noise, slice(1, 3))
    with pytest.raises(UserError, match="task weather: there is no train unit that every"):
        transfer(folder)


def test_all_and_every_single(folder: Path) -> None:
    names = ["--checkpoints", *NAMES]

    def picks(*flags: str) -> Sequence[list[str]]:
        table = run_select(folder, *names, *flags)
        return [group["checkpoint"].tolist() for _, group in table.groupby("draw")]

    assert picks("--method", "all", "--k", "3") == [NAMES]
    assert picks("--method", "single", "--picks", "*", "--k", "1") == [[name] for name in NAMES]
    with pytest.raises(UserError, match="stands for every checkpoint: leave out the other names"):
        picks("--method", "single", "--picks", "*", "ant", "--k", "1")
