"""Mutual information of random sets against their scores: numbers, figure and sentences."""

from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import SELECTION_COLUMNS
from workflow_scripts.report import plot_figures, tabulate
from workflow_scripts.report.bootstrap import correlation_interval
from workflow_scripts.report.figures.scores import draw_sets, marks_of
from workflow_scripts.report.findings import predicted_scores
from workflow_scripts.report.statistics import ALL, EVERY_TASK
from workflow_scripts.report.tables.scores import correlations, mean_sets, with_information

NAMES = ["ant", "bee", "cat", "dog", "eel", "fox"]


def some_kappa() -> np.ndarray:
    features = np.random.default_rng(1).normal(size=(6, 9))
    values = features @ features.T
    scale = np.sqrt(np.diag(values))
    return values / np.outer(scale, scale)


def information_of(names: list[str]) -> float:
    """By the definition: the entropies of both parts less that of the whole."""
    inside = [NAMES.index(name) for name in names]
    outside = [number for number in range(6) if number not in inside]

    def log_det(places: list[int]) -> float:
        return float(np.log(np.linalg.det(some_kappa()[np.ix_(places, places)])))

    return 0.5 * (log_det(inside) + log_det(outside) - log_det(inside + outside))


def some_scores() -> pd.DataFrame:
    """Of 6 and 8 random sets and of mmi. On task up, scores are the information; on task down,
    its negative; on task other, chance."""
    generator = np.random.default_rng(2)
    rows = []
    for k, sets in ((1, 6), (2, 8)):
        for draw, names in enumerate([*combinations(NAMES, k)][:sets]):
            rows.append(("random", draw, k, list(names)))
        rows.append(("mmi", 0, k, ["fox", "eel"][:k]))
    table = [
        (task, "accuracy", method, draw, k, "+".join(names), score)
        for method, draw, k, names in rows
        for task, score in (
            ("up", information_of(names)),
            ("down", -information_of(names)),
            ("other", generator.uniform()),
        )
    ]
    columns = ["task", "metric", "method", "draw", "k", "checkpoints", "test_score"]
    return pd.DataFrame(table, columns=columns)


def random_sets(scores: pd.DataFrame) -> pd.DataFrame:
    informed = with_information(scores, NamedMatrix(NAMES, some_kappa()))
    return informed[informed["method"] == "random"]


def test_information_is_that_of_the_set_in_the_row() -> None:
    informed = with_information(some_scores(), NamedMatrix(NAMES, some_kappa()))
    for row in informed.to_dict("records"):
        expected = information_of(row["checkpoints"].split("+"))
        assert row["information"] == pytest.approx(expected, abs=1e-8)


def test_a_checkpoint_that_the_covariance_lacks_is_named() -> None:
    with pytest.raises(UserError, match="the covariance has no checkpoint fox, which the scores"):
        with_information(some_scores(), NamedMatrix(NAMES[:5], some_kappa()[:5, :5]))


def test_correlations_are_spearmans_over_random_sets_alone() -> None:
    scores = some_scores()
    table = correlations(random_sets(scores)).set_index(["k", "task"])
    assert table["sets"].tolist() == [6] * 4 + [8] * 4
    assert table.loc[(2, "up"), "correlation"] == pytest.approx(1)
    assert table.loc[(2, "down"), ["correlation", "low", "high"]].tolist() == pytest.approx(
        [-1] * 3
    )
    of_size = random_sets(scores).query("k == 2")
    means = of_size.groupby("draw")[["information", "test_score"]].mean()
    expected = stats.spearmanr(means["information"], means["test_score"]).statistic
    row = table.loc[(2, EVERY_TASK)]
    assert row["correlation"] == pytest.approx(expected)
    assert row["low"] < expected < row["high"]


def test_the_interval_of_a_correlation_is_that_of_sets_drawn_anew() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=12)
    y = x + generator.normal(size=12)
    found = []
    for _ in range(2000):
        chosen = generator.integers(12, size=12)
        found.append(stats.spearmanr(x[chosen], y[chosen]).statistic)
    expected = np.quantile(found, [0.025, 0.975])
    assert correlation_interval(x, y) == pytest.approx(tuple(expected), abs=0.06)


def test_few_or_equal_random_sets_have_no_correlation() -> None:
    scores = some_scores()
    few = correlations(random_sets(scores[scores["draw"] < 4]))
    assert few["sets"].tolist() == [4] * 8
    assert few[["correlation", "low", "high"]].isna().all(axis=None)
    equal = scores.assign(test_score=scores["test_score"].where(scores["task"] != "up", 0.5))
    table = correlations(random_sets(equal)).set_index(["k", "task"])
    assert np.isnan(table.loc[(2, "up"), "correlation"])
    assert table.loc[(2, "down"), "correlation"] == pytest.approx(-1)
    # Independent checkpoints tell nothing of each other, whichever are picked.
    alike = with_information(scores, NamedMatrix(NAMES, np.eye(6)))
    assert correlations(alike[alike["method"] == "random"])["correlation"].isna().all()
    assert np.isnan(correlation_interval(np.ones(9), np.arange(9.0))).all()
    assert np.isnan(correlation_interval(np.arange(4.0), np.arange(4.0))).all()


def test_sets_that_lack_a_score_are_left_out_where_they_lack_it() -> None:
    scores = some_scores()
    missing = (scores["task"] == "up") & (scores["draw"] == 2) & (scores["method"] == "random")
    scores.loc[missing, "test_score"] = np.nan
    table = correlations(random_sets(scores)).set_index(["k", "task"])
    assert table.loc[2, "sets"].to_dict() == {EVERY_TASK: 7, "up": 7, "down": 8, "other": 8}


def run(folder: Path, scores: pd.DataFrame, *more: str) -> pd.DataFrame:
    """The table; the figure is ``objective.svg``."""
    tabulate.main(table_flags(folder, scores, *more))
    flags = ["--covariance", str(folder / "probe.npz"), "--headline", "mmi", "--random", "random"]
    flags += ["--tables", str(folder / "objective.csv"), str(folder / "sets.csv")]
    plot_figures.main([*flags, "--figures", str(folder / "objective.svg")])
    return pd.read_csv(folder / "objective.csv")


def table_flags(folder: Path, scores: pd.DataFrame, *more: str) -> list[str]:
    """What the tables are made from, and what they are called."""
    scores.to_csv(folder / "scores.csv", index=False)
    write_covariance(folder / "probe.npz", Covariance(NAMES, some_kappa(), 99, "biased"))
    picks = [("mmi", 0, "", 1, 1, "fox", 1.0, 1.0, 0.0)]
    pd.DataFrame(picks, columns=SELECTION_COLUMNS).to_csv(folder / "mmi.csv", index=False)
    flags = ["--scores", str(folder / "scores.csv"), "--covariance", str(folder / "probe.npz")]
    flags += ["--selections", str(folder / "mmi.csv"), "--random", "random", *more]
    return [*flags, "--tables", str(folder / "objective.csv"), str(folder / "sets.csv")]


def test_the_figure_has_a_panel_for_each_size_and_titles_of_the_table(tmp_path: Path) -> None:
    scores = some_scores()
    alone = scores[scores["k"] == 1].query("draw == 1").assign(method="single", draw=0)
    whole = scores[scores["method"] == "mmi"].assign(method=ALL, k=6, checkpoints="+".join(NAMES))
    together = pd.concat([scores, alone, whole])
    table = run(tmp_path, together, "--singles", "single").set_index(["k", "task"])
    text = (tmp_path / "objective.svg").read_text(encoding="utf-8")
    for k in (1, 2):
        found, low, high = table.loc[(k, EVERY_TASK), ["correlation", "low", "high"]]
        title = f"k = {k}: ρ = {found:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
        assert title in text
    for label in ("mean test accuracy over 3 tasks", "nats", "<!-- mmi -->", "<!-- bee -->"):
        assert label in text
    assert "k = 6" not in text and f"<!-- {ALL} -->" not in text
    assert (tmp_path / "objective.png").read_bytes().startswith(b"\x89PNG")


def test_few_random_sets_are_drawn_without_a_correlation(tmp_path: Path) -> None:
    scores = some_scores()
    table = run(tmp_path, scores[scores["draw"] < 3])
    assert table["correlation"].isna().all()
    assert "k = 2: no ρ" in (tmp_path / "objective.svg").read_text(encoding="utf-8")


def test_a_panel_shows_every_set_where_it_belongs() -> None:
    informed = with_information(some_scores(), NamedMatrix(NAMES, some_kappa()))
    sets = mean_sets(informed)
    marks = marks_of(sets["method"].unique(), "random")
    figure, axes = plt.subplots()
    draw_sets(axes, sets[sets["k"] == 2], marks)
    random, mmi = (line.get_xydata() for line in axes.lines)
    plt.close(figure)
    assert len(random) == 8
    scores = some_scores().query("method == 'mmi' and k == 2")["test_score"]
    np.testing.assert_allclose(mmi, [[information_of(["eel", "fox"]), scores.mean()]], atol=1e-8)


def test_a_covariance_that_is_unfit_is_refused(tmp_path: Path) -> None:
    flags = table_flags(tmp_path, some_scores())
    write_covariance(tmp_path / "probe.npz", Covariance(NAMES, np.ones((6, 6)), 99, "biased"))
    with pytest.raises(UserError, match=r"not positive definite: ant and bee, .* are duplicates"):
        tabulate.main(flags)
    tabulate.main([*flags, "--jitter", "0.1"])
    with pytest.raises(UserError, match=r"none\.npz: there is no such"):
        tabulate.main([*flags, "--covariance", str(tmp_path / "none.npz")])


def found_for(*rows: tuple[int, float, float, float]) -> list[str]:
    table = pd.DataFrame(rows, columns=["k", "correlation", "low", "high"])
    of_task = table.assign(task="t0", correlation=1.0, low=1.0, high=1.0)
    return predicted_scores(pd.concat([table.assign(task=EVERY_TASK), of_task]))


def test_what_is_said_of_the_objective_follows_from_the_intervals() -> None:
    """A sentence for each case; tasks by themselves stand in the table alone."""
    nan = float("nan")
    found = found_for(
        (1, 0.6, 0.1, 0.9),
        (2, -0.5, -0.8, -0.2),
        (3, 0.12, -0.3, 0.5),
        (4, *[nan] * 3),
        (5, 0, -0.5, 0.5),
    )
    assert found == [
        "Among random sets, more mutual information goes with higher mean test scores: Spearman's "
        "ρ = 0.60 at k = 1 (95% interval 0.10 to 0.90).",
        "Among random sets, more mutual information goes with lower mean test scores: Spearman's "
        "ρ = −0.50 at k = 2 (95% interval −0.80 to −0.20).",
        "Among random sets, no relation between mutual information and mean test scores is shown: "
        "Spearman's ρ = 0.12 at k = 3 (95% interval −0.30 to 0.50), 0.00 at k = 5 (−0.50 to 0.50).",
    ]
    (cannot,) = found_for((1, nan, nan, nan))
    assert "cannot be said: at every size there are fewer than 5 random sets" in cannot
