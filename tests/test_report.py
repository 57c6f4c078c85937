"""Statistics against their definitions; figures and page by what is in them."""

import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy import stats
from small_results import (
    FIGURES,
    NAMES,
    RANDOM,
    TABLES,
    build_results,
    draw,
    draw_all,
    make_tables,
    some_convergence,
    some_kappa,
    some_scores,
    some_selections,
    table_flags,
    write_page,
)

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import QUALITY_COLUMNS
from workflow_scripts.report import plot_figures, tabulate
from workflow_scripts.report.bootstrap import difference_interval
from workflow_scripts.report.charts.chart import signs_of
from workflow_scripts.report.figures.convergence import draw_steps
from workflow_scripts.report.figures.figure import legend_columns
from workflow_scripts.report.figures.picks import draw_stability
from workflow_scripts.report.figures.scores import draw_task
from workflow_scripts.report.findings import findings
from workflow_scripts.report.statistics import (
    ALL,
    EVERY_TASK,
    gains,
    mean_scores,
    name_singles,
    percentiles,
    quantile_bands,
    read_projected_scores,
    read_scores,
)
from workflow_scripts.report.style import DARK, PALETTE
from workflow_scripts.report.tables.checkpoints import checkpoint_table, with_quality
from workflow_scripts.report.tables.picks import information_table, pick_table
from workflow_scripts.report.tables.scores import score_table


def texts(svg: Path) -> str:
    """The comments in which matplotlib keeps the texts of a drawing."""
    ET.parse(svg)
    return " ".join(re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8")))


def test_gains_are_paired_over_tasks() -> None:
    scores = some_scores()
    table = gains(scores, "random").set_index(["method", "k"])
    differences = []
    for task in ("t0", "t1", "t2"):
        of_task = scores[(scores["task"] == task) & (scores["k"] == 2)]
        random = of_task[of_task["method"] == "random"]["test_score"].mean()
        differences.append(of_task[of_task["method"] == "mmi"]["test_score"].item() - random)
    row = table.loc[("mmi", 2)]
    assert row["gain"] == pytest.approx(np.mean(differences))
    assert row["tasks"] == 3
    assert table.loc[("random", 1), ["gain", "low", "wins"]].isna().all()


def test_the_interval_of_a_gain_is_that_of_tasks_and_random_sets_drawn_anew() -> None:
    """Against one resample at a time, of the table as a user sees it."""
    scores = some_scores(tasks=7)
    row = gains(scores, "random").set_index(["method", "k"]).loc[("mmi", 2)]
    of_size = scores[scores["k"] == 2]
    random = of_size[of_size["method"] == "random"].pivot(
        index="task", columns="draw", values="test_score"
    )
    mmi = of_size[of_size["method"] == "mmi"].set_index("task")["test_score"]
    generator = np.random.default_rng(5)
    found = []
    for _ in range(4000):
        tasks = generator.choice(random.index, 7)
        draws = generator.choice(random.columns, 6)
        found.append(np.mean([mmi[one] - np.mean(random.loc[one, draws]) for one in tasks]))
    # Six random sets are the smaller sample: Student's t has five degrees of freedom.
    level = stats.norm.cdf(-np.sqrt(6 / 5) * stats.t.ppf(0.975, 5))
    expected = np.quantile(found, [level, 1 - level])
    # Of two samples of resamples; their tails differ a little.
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected), abs=0.03)
    assert row["low"] < row["gain"] < row["high"]


def test_an_interval_of_a_gain_holds_the_truth() -> None:
    """Where tasks, random sets and both together all have their effect, as often as it says."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        own = generator.normal(size=6) + generator.normal(size=6)
        random = generator.normal(size=(1, 10)) + generator.normal(size=(6, 10))
        low, high = difference_interval(own, random)
        held += low <= 0 <= high
    assert held >= 93


def test_random_sets_are_a_sample_too() -> None:
    """On equal tasks only they vary, and the interval is about that of their mean."""
    of_sets = np.random.default_rng(0).normal(size=40)
    low, high = difference_interval(np.zeros(40), np.tile(of_sets, (40, 1)))
    expected = stats.ttest_1samp(-of_sets, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.04)


@pytest.mark.parametrize(("tasks", "sets"), [(4, 10), (10, 4), (1, 1)])
def test_few_tasks_or_random_sets_have_no_interval(tasks: int, sets: int) -> None:
    assert np.isnan(difference_interval(np.ones(tasks), np.zeros((tasks, sets)))).all()


def test_equal_scores_have_an_interval_of_nothing() -> None:
    assert difference_interval(np.full(6, 0.1), np.full((6, 7), 0.1)) == (0, 0)


def test_a_missing_score_leaves_the_interval_to_the_others() -> None:
    scores = some_scores(tasks=6)
    without = scores["task"] == "t5"
    scores.loc[without & (scores["method"] == "random") & (scores["draw"] == 0), "test_score"] = (
        np.nan
    )
    row = gains(scores, "random").set_index(["method", "k"]).loc[("mmi", 1)]
    assert row["low"] < row["gain"] < row["high"]
    scores.loc[without & (scores["method"] == "mmi"), "test_score"] = np.nan
    fewer = gains(scores, "random").set_index(["method", "k"]).loc[("mmi", 1)]
    expected = gains(scores[~without], "random").set_index(["method", "k"]).loc[("mmi", 1)]
    assert fewer[["gain", "low", "high"]].tolist() == expected[["gain", "low", "high"]].tolist()


def test_wins_are_beyond_one_standard_error_of_the_mean_of_random_sets() -> None:
    # Of 0.4, 0.5 and 0.6: a mean of 0.5 and a standard error of 0.0577.
    random = [("random", draw, score) for draw, score in enumerate((0.4, 0.5, 0.6))]
    own = {"t0": 0.56, "t1": 0.44, "t2": 0.55, "t3": 0.45, "t4": 0.9}
    rows = [(task, "mmi", 0, score) for task, score in own.items()]
    rows += [(task, *one) for task in own for one in random]
    scores = pd.DataFrame(rows, columns=["task", "method", "draw", "test_score"])
    scores = scores.assign(k=1, metric="accuracy")
    row = gains(scores, "random").set_index("method").loc["mmi"]
    assert row[["wins", "ties", "losses"]].tolist() == [2, 2, 1]
    single = gains(scores[scores["draw"] == 0], "random").set_index("method").loc["mmi"]
    assert single[["wins", "ties", "losses"]].tolist() == [5, 0, 0]
    equal = scores[scores["draw"] == 0].assign(test_score=0.4)
    row = gains(equal, "random").set_index("method").loc["mmi"]
    assert row[["wins", "ties", "losses"]].tolist() == [0, 5, 0]


def test_scores_are_means_over_seeds_of_features_as_they_are(tmp_path: Path) -> None:
    scores = some_scores()
    seeds = [scores.assign(seed=seed, test_score=scores["test_score"] + seed) for seed in (0, 1)]
    both = pd.concat(seeds)
    both.to_csv(tmp_path / "scores.csv", index=False)
    found = read_scores(tmp_path / "scores.csv")
    assert found["test_score"].tolist() == pytest.approx((scores["test_score"] + 0.5).tolist())
    for column in ("task", "method", "draw", "k", "checkpoints"):
        assert found[column].tolist() == scores[column].tolist()
    assert read_projected_scores(tmp_path / "scores.csv").empty
    widths = [both.assign(project=width, test_score=width / 100) for width in (8, 16)]
    pd.concat([both.assign(project=0), *widths]).to_csv(tmp_path / "scores.csv", index=False)
    pd.testing.assert_frame_equal(read_scores(tmp_path / "scores.csv"), found)
    projected = read_projected_scores(tmp_path / "scores.csv")
    assert len(projected) == 2 * len(scores)
    assert (projected["test_score"] == projected["project"] / 100).all()


def test_projected_scores_have_rows_of_their_own_in_the_table_alone(zoo: Path) -> None:
    scores = some_scores(tasks=6)
    better = scores.assign(project=16)
    better.loc[better["method"] == "mmi", "test_score"] = 1.5
    pd.concat([scores.assign(project=0), better]).to_csv(zoo / "scores.csv", index=False)
    make_tables(zoo)
    table = tables_of(zoo)["scores"]
    assert list(table.columns[:3]) == ["method", "k", "project"]
    plain = score_table(scores, "random")
    kept = table[table["project"] == 0].drop(columns="project")
    pd.testing.assert_frame_equal(kept, plain, check_dtype=False)
    assert (table[(table["project"] == 16) & (table["method"] == "mmi")]["percentile"] == 1).all()
    picks = pick_table(some_selections(), "random")
    whole, alone = (findings({"picks": picks, "scores": one}, "mmi") for one in (table, plain))
    assert whole == alone


def test_percentiles_count_the_random_sets_that_a_method_beats() -> None:
    scores = some_scores()
    table = percentiles(scores, "random").set_index(["method", "k"])
    assert {method for method, _ in table.index} == {"mmi", "peek"}
    means = scores[scores["k"] == 2].groupby(["method", "draw"])["test_score"].mean()
    beaten = sum(means["mmi", 0] > one for one in means["random"])
    assert 0 < beaten < 6
    row = table.loc[("mmi", 2)]
    assert row["percentile"] == pytest.approx(beaten / 6)
    expected = stats.beta(beaten + 0.5, 6 - beaten + 0.5).ppf([0.025, 0.975])
    assert (row["percentile_low"], row["percentile_high"]) == pytest.approx(tuple(expected))


def test_percentiles_at_the_ends_ties_and_sizes_without_random_sets() -> None:
    rows = [("mmi", 0, 1, 0.9), ("low", 0, 1, 0.1), ("tie", 0, 1, 0.5), ("mmi", 0, 2, 0.9)]
    rows += [("random", draw, 1, score) for draw, score in enumerate((0.4, 0.5, 0.6, 0.5))]
    scores = pd.DataFrame(rows, columns=["method", "draw", "k", "test_score"]).assign(task="t")
    table = percentiles(scores, "random").set_index("method")
    assert table["percentile"].to_dict() == {"low": 0.0, "mmi": 1.0, "tie": 0.5}
    assert set(table["k"]) == {1}
    assert table.loc["mmi", "percentile_high"] == 1 > table.loc["mmi", "percentile_low"] > 0.4
    assert table.loc["low", "percentile_low"] == 0 < table.loc["low", "percentile_high"] < 0.6


def test_random_sets_without_a_score_are_not_beaten() -> None:
    rows = [("mmi", 0, 0.5), ("random", 0, 0.4), ("random", 1, np.nan), ("random", 2, 0.6)]
    scores = pd.DataFrame(rows, columns=["method", "draw", "test_score"]).assign(task="t", k=1)
    assert percentiles(scores, "random")["percentile"].tolist() == [0.5]
    none = scores[scores["draw"].isin([1]) | (scores["method"] == "mmi")]
    assert percentiles(none, "random").empty


def test_a_single_task_gives_a_gain_without_an_interval() -> None:
    table = gains(some_scores(tasks=1), "random").set_index(["method", "k"])
    assert np.isfinite(table.loc[("mmi", 1), "gain"])
    assert np.isnan(table.loc[("mmi", 1), "low"])


def test_without_random_sets_there_are_means_and_no_gains() -> None:
    scores = some_scores()
    table = gains(scores[scores["method"] != "random"], None)
    assert table["gain"].isna().all()
    assert table["mean_score"].notna().all()


def test_bands_are_quantiles_over_draws_of_means_over_tasks() -> None:
    scores = some_scores()
    means = mean_scores(scores)
    band = quantile_bands(means[means["method"] == "random"], "k", "test_score")
    of_k = scores[(scores["method"] == "random") & (scores["k"] == 1)]
    by_draw = [of_k[of_k["draw"] == draw]["test_score"].mean() for draw in range(6)]
    assert band.loc[1].tolist() == pytest.approx(np.quantile(by_draw, [0.05, 0.5, 0.95]).tolist())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results with all that stage 7 reads and makes."""
    folder = tmp_path_factory.mktemp("report") / "zoo"
    build_results(folder)
    return folder


@pytest.fixture
def zoo(drawn: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    shutil.copytree(drawn, tmp_path / "zoo")
    return tmp_path / "zoo"


def figures_of(zoo: Path) -> list[Path]:
    return [zoo / "figures" / f"{name}.svg" for name in FIGURES]


def tables_of(zoo: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(zoo / f"tables/{name}.csv") for name in TABLES}


def drawn_texts(
    zoo: Path, scores: pd.DataFrame, figure: str, compared: Sequence[str] = RANDOM
) -> str:
    """The texts of a figure of other scores."""
    scores.to_csv(zoo / "scores.csv", index=False)
    make_tables(zoo, compared)
    draw(zoo, figure, compared=compared)
    return texts(zoo / f"figures/{figure}.svg")


def test_figures_are_svg_pdf_and_png_and_name_what_they_show(zoo: Path) -> None:
    space, convergence, tasks, information, scores, gain, objective, stability = figures_of(zoo)
    for path in figures_of(zoo):
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    for name in NAMES:
        assert name in texts(space)
    assert "1 cat" in texts(space) and "2 ant" in texts(space)
    assert "cat" in texts(information)
    assert "nats" in texts(information)
    assert "k = 2, the same set: 75%" in texts(stability)
    assert "no probe" in texts(convergence)
    for task in ("t0", "t1", "t2"):
        assert task in texts(tasks)
    for method in ("mmi", "peek", "random"):
        for figure in (information, scores, gain, tasks, objective):
            assert method in texts(figure)


def test_equal_data_give_equal_figures(zoo: Path) -> None:
    def files() -> list[bytes]:
        kinds = (".svg", ".pdf", ".png")
        return [one.with_suffix(kind).read_bytes() for one in figures_of(zoo) for kind in kinds]

    before = files()
    draw_all(zoo)
    assert files() == before


def test_figures_do_without_random_sets(zoo: Path) -> None:
    scores = some_scores()
    found = drawn_texts(zoo, scores[scores["method"] != "random"], FIGURES[4], compared=[])
    assert "mmi" in found
    assert "random" not in found


def test_the_information_of_every_set_is_that_of_its_definition() -> None:
    table = information_table(NamedMatrix(NAMES, some_kappa()), some_selections())
    row = table[(table["method"] == "peek") & (table["k"] == 2) & (table["size"] == 2)]

    def log_det(indices: list[int]) -> float:
        return float(np.linalg.slogdet(some_kappa()[np.ix_(indices, indices)])[1])

    expected = (log_det([1, 3]) + log_det([0, 2]) - log_det([0, 1, 2, 3])) / 2
    assert row["information"].item() == pytest.approx(expected)
    assert row["checkpoint"].item() == "dog"


def test_tables_hold_picks_in_order_and_what_checkpoints_know(zoo: Path) -> None:
    tables = tables_of(zoo)
    whom, stability, scores = (tables[name] for name in ("representatives", "stability", "scores"))
    picks, objective, checkpoints = (tables[name] for name in ("picks", "objective", "checkpoints"))
    assert set(whom["checkpoint"]) == {"bee", "dog"}
    assert set(whom["pick_1"]) <= {"ant", "cat"}
    assert objective["task"].tolist() == [EVERY_TASK, "t0", "t1", "t2"] * 2
    assert stability["set_share"].tolist() == [1.0, 0.75]
    assert set(picks["method"]) == {"mmi", "peek"}
    chosen = picks[(picks["method"] == "mmi") & (picks["k"] == 2)]
    assert chosen["picks"].item() == "cat + ant"
    assert chosen["objective"].item() == pytest.approx(0.2)
    assert chosen["bound"].item() == pytest.approx(0.25)
    assert chosen["gap"].item() == pytest.approx(0.05)
    assert checkpoints["dev_accuracy"].tolist() == [0.95] * 4
    assert set(scores["method"]) == {"mmi", "peek", "random"}
    compared = scores.set_index("method")["percentile"]
    assert compared["mmi"].notna().all() and compared["random"].isna().all()


def test_findings_say_so_when_a_method_does_not_win(zoo: Path) -> None:
    scores = some_scores(tasks=6)
    scores["test_score"] = 0.75
    scores.loc[scores["method"] == "peek", "test_score"] = 0.65 + 0.005 * np.arange(12)
    scores.to_csv(zoo / "scores.csv", index=False)
    make_tables(zoo)
    html = write_page(zoo)
    assert re.search(r"peek is 7\.25 accuracy points below .* lies below zero at k = 1, 2\.", html)
    assert re.search(
        r"no difference between mmi and the mean of random sets is shown: \+0\.00", html
    )
    assert "Of 4 intervals of gains, 2 exclude zero; if no method differed" in html


def test_gains_of_zero_count_in_the_average_over_sizes() -> None:
    scores = some_scores()
    scores["test_score"] = 0.75
    scores.loc[(scores["method"] == "peek") & (scores["k"] == 1), "test_score"] = 0.85
    assert any("peek is 5.00 accuracy points above" in sentence for sentence in found_of(scores))


def judged(gain: float, low: float, high: float, metric: str = "accuracy") -> dict[str, object]:
    return {"method": "mmi", "tasks": 6, "metric": metric, "gain": gain, "low": low, "high": high}


def test_what_is_shown_follows_from_the_intervals() -> None:
    """A sentence for each case: above zero, below, across, and no interval at all."""
    rows = [
        judged(0.012, 0.004, 0.02) | {"k": 3, "wins": 5, "ties": 1, "losses": 0},
        judged(-0.03, -0.05, -0.01) | {"k": 1, "wins": 1, "ties": 0, "losses": 5},
        judged(0.01, -0.005, 0.029) | {"k": 2, "wins": 4, "ties": 1, "losses": 1},
        judged(-0.001, -0.01, 0.0) | {"k": 5, "wins": 2, "ties": 2, "losses": 2},
    ]
    picks = pick_table(some_selections(), "random")
    found = findings({"picks": picks, "scores": pd.DataFrame(rows)}, "mmi")
    assert found == [
        "Over 6 tasks, mmi is shown to be above the mean of random sets: +1.20 accuracy points at "
        "k = 3 (95% interval 0.40 to 2.00; 5 wins, 1 tie, 0 losses).",
        "Over 6 tasks, mmi is shown to be below the mean of random sets: −3.00 accuracy points at "
        "k = 1 (95% interval −5.00 to −1.00; 1 win, 0 ties, 5 losses).",
        "Over 6 tasks, no difference between mmi and the mean of random sets is shown: +1.00 "
        "accuracy points at k = 2 (95% interval −0.50 to 2.90; 4 wins, 1 tie, 1 loss), −0.10 at "
        "k = 5 (−1.00 to 0.00; 2 wins, 2 ties, 2 losses).",
        "Of 4 intervals of gains, 2 exclude zero; if no method differed from random sets, up to "
        "0.2 would on average.",
    ]


def test_few_tasks_are_said_to_have_no_interval() -> None:
    row = judged(0.5, np.nan, np.nan, "span_f1") | {"wins": 1, "ties": 0, "losses": 0, "k": 2}
    table = pd.DataFrame([row | {"tasks": 1}])
    picks = pick_table(some_selections(), "random")
    found = findings({"picks": picks, "scores": table}, "mmi")
    assert found == [
        "Over 1 task, mmi has no interval against the mean of random sets, which takes at least 5 "
        "tasks and 5 random sets, so that no difference is shown: +0.500 span F1 at k = 2 (1 win, "
        "0 ties, 0 losses)."
    ]


def test_other_methods_without_an_interval_are_not_said_to_have_one() -> None:
    found = found_of(some_scores(1))
    (of_peek,) = [sentence for sentence in found if sentence.startswith("peek")]
    assert of_peek.endswith("the mean of random sets on average over k.")
    assert not any("95%" in sentence for sentence in found)


def test_other_methods_are_said_where_their_intervals_lie() -> None:
    sizes = {1: (0.01, 0.03), 2: (-0.03, -0.01), 3: (-0.01, 0.01)}
    rows = [judged(0.01, *ends) | {"k": k, "method": "peek"} for k, ends in sizes.items()]
    picks = pick_table(some_selections(), "random")
    found = findings({"picks": picks, "scores": pd.DataFrame(rows)}, "mmi")
    assert found[0] == (
        "peek is 1.00 accuracy points above the mean of random sets on average over k; its 95% "
        "interval lies above zero at k = 1 and below zero at k = 2."
    )
    found = findings({"picks": picks, "scores": pd.DataFrame(rows[2:])}, "mmi")
    assert found[0].endswith("the mean of random sets at k = 3; its 95% interval includes zero.")


def test_files_that_are_no_tables_are_named(zoo: Path) -> None:
    (zoo / "text.csv").write_text("")
    cases = [("none.csv", "there is no such table"), ("text.csv", "no table in CSV")]
    cases.append(("tables/picks.csv", "no column task, test_score"))
    for name, message in cases:
        flags = [*table_flags(zoo), "--scores", str(zoo / name)]
        with pytest.raises(UserError, match=message):
            tabulate.main([*flags, "--tables", str(zoo / "scores.csv")])


def test_a_table_or_figure_that_the_files_do_not_give_is_named(zoo: Path) -> None:
    with pytest.raises(UserError, match=r"sets\.csv: .* are these tables: checkpoints, informati"):
        tabulate.main([*table_flags(zoo), "--tables", str(zoo / "sets.csv")])
    with pytest.raises(UserError, match=r"figure-9\.svg: there is no figure of this name"):
        draw(zoo, "figure-9")
    (zoo / "tables/space.csv").unlink()
    with pytest.raises(UserError, match=r"it shows the table space\.csv; give it with --tables"):
        draw(zoo, FIGURES[0])


def test_a_pick_that_the_covariance_lacks_is_named(zoo: Path) -> None:
    path = zoo / "selections/mmi.csv"
    path.write_text(path.read_text().replace("ant", "fox"))
    with pytest.raises(UserError, match=r"mmi\.csv: the covariance has no checkpoint fox; select"):
        make_tables(zoo)


def test_a_method_has_one_colour_in_all_figures(zoo: Path) -> None:
    scores = some_scores().replace({"method": {"random": "zrand", "peek": "xpeek"}})
    for figure in FIGURES[4:6]:
        drawn_texts(zoo, scores, figure, ["--random", "zrand"])
        drawn = (zoo / f"figures/{figure}.svg").read_text(encoding="utf-8")
        assert PALETTE[4].lower() in drawn


def test_a_method_of_ones_own_has_its_colour_among_all_methods_also_alone(zoo: Path) -> None:
    stability = pd.read_csv(zoo / "stability/mmi.csv").assign(method="ours")
    draw_stability(stability, ["a-label", "mmi", "ours"], zoo / "f.svg")
    signs = signs_of(["a-label", "mmi", "ours", ALL, "random"], "random")
    colours = dict(zip(signs.methods, signs.colours, strict=True))
    assert colours["ours"] != colours["a-label"]
    assert colours[ALL] == DARK
    assert colours["ours"].lower() in (zoo / "f.svg").read_text(encoding="utf-8")


def with_singles(scores: pd.DataFrame) -> pd.DataFrame:
    """Two checkpoints alone, scoring 0.5, 0.6, 0.7 and 0.9, 0.8, 0.7 on tasks 0, 1, 2."""
    alone = [
        ("z", f"t{task}", "accuracy", "single", draw, 1, name, start + step * task)
        for task in range(3)
        for draw, (name, start, step) in enumerate([("cat", 0.5, 0.1), ("bee", 0.9, -0.1)])
    ]
    return pd.concat([scores, pd.DataFrame(alone, columns=scores.columns)], ignore_index=True)


def with_metrics(scores: pd.DataFrame) -> pd.DataFrame:
    metrics = {"t0": "span_f1", "t1": "accuracy", "t2": "pearson"}
    return scores.assign(metric=scores["task"].map(metrics))


def test_a_mean_has_its_standard_error_over_tasks() -> None:
    scores = with_singles(some_scores())
    table = gains(name_singles(scores, ["single"]), "random").set_index(["method", "k"])
    row = table.loc[("single: cat", 1)]
    # Scores of 0.5, 0.6 and 0.7: a standard deviation of 0.1.
    assert row["mean_score"] == pytest.approx(0.6)
    assert row["standard_error"] == pytest.approx(0.1 / np.sqrt(3))
    random = scores[(scores["method"] == "random") & (scores["k"] == 2)]
    by_task = random.groupby("task")["test_score"].mean()
    assert table.loc[("random", 2), "standard_error"] == pytest.approx(stats.sem(by_task))
    single = gains(some_scores(tasks=1), "random")
    assert single["standard_error"].isna().all()


def test_every_single_checkpoint_has_a_row_of_its_own(zoo: Path) -> None:
    with_singles(some_scores()).to_csv(zoo / "scores.csv", index=False)
    make_tables(zoo, [*RANDOM, "--singles", "single"])
    table = tables_of(zoo)["scores"]
    columns = "method k tasks metric mean_score standard_error gain low high wins ties losses "
    columns += "percentile percentile_low percentile_high"
    assert list(table.columns) == columns.split()
    alone = table[table["method"].str.startswith("single")].set_index("method")
    assert alone["mean_score"].to_dict() == pytest.approx({"single: bee": 0.8, "single: cat": 0.6})
    assert (alone["tasks"] == 3).all()


def test_tables_say_which_metric_they_mean() -> None:
    assert set(gains(some_scores(), None)["metric"]) == {"accuracy"}
    assert set(gains(with_metrics(some_scores()), None)["metric"]) == {"mixed"}


@pytest.mark.parametrize(
    ("make", "score", "gain"),
    [
        (with_singles, "mean test accuracy over 3 tasks", "accuracy points"),
        (lambda s: with_metrics(with_singles(s)), "mean test score over 3 tasks", "score (95%"),
        (
            lambda s: with_singles(s).assign(metric="span_f1"),
            "mean test span F1 over 3 tasks",
            "span F1 (95%",
        ),
    ],
)
def test_figures_of_scores_name_their_metric_and_single_checkpoints(
    zoo: Path, make: Callable[[pd.DataFrame], pd.DataFrame], score: str, gain: str
) -> None:
    for figure, label in ((FIGURES[4], score), (FIGURES[5], gain)):
        found = drawn_texts(zoo, make(some_scores()), figure, [*RANDOM, "--singles", "single"])
        assert label in found
        assert {"bee", "cat", "mmi", "peek", "random"} <= set(found.split())
        assert "single" not in found
        assert ("%" in found.replace("95%", "")) == (label == "mean test accuracy over 3 tasks")


def informed_texts(zoo: Path, selection: pd.DataFrame, *compared: str) -> str:
    """The texts of the figure of mutual information with one method more."""
    selection.to_csv(zoo / f"selections/{selection['method'].iloc[0]}.csv", index=False)
    make_tables(zoo, [*RANDOM, *compared])
    draw(zoo, FIGURES[3], compared=[*RANDOM, *compared])
    return texts(zoo / f"figures/{FIGURES[3]}.svg")


def test_the_information_of_single_checkpoints_is_marked_with_their_names(zoo: Path) -> None:
    picks = some_selections()
    alone = picks[picks["method"] == "random"].query("k == 1").assign(method="single")
    found = informed_texts(zoo, alone, "--singles", "single")
    # The picks of mmi are cat and ant; dog is among the singles only.
    assert "dog" in found.split()
    assert "single" not in found


@pytest.fixture
def axes() -> Iterator[Axes]:
    figure, made = plt.subplots()
    yield made
    plt.close(figure)


def test_a_panel_shows_medians_lines_and_single_checkpoints_where_they_belong(axes: Axes) -> None:
    scores = name_singles(with_singles(some_scores()), ["single"])
    of_task = scores[scores["task"] == "t1"]
    legend = draw_task(axes, of_task, "random")
    assert set(legend) == {"random (bar: median)", "mmi", "peek", "bee", "cat"}
    points = {tuple(line.get_xydata()[0]) for line in axes.lines if len(line.get_xydata()) == 1}
    assert {y for _, y in points} == {0.6, 0.8}
    assert len({x for x, _ in points}) == 2
    assert all(-0.5 < x < 0.5 for x, _ in points)
    mmi = of_task[of_task["method"] == "mmi"].sort_values("k")["test_score"].tolist()
    assert mmi in [list(line.get_ydata()) for line in axes.lines]
    medians = of_task[of_task["method"] == "random"].groupby("k")["test_score"].median()
    bars = [
        segment[0][1]
        for collection in axes.collections
        if isinstance(collection, LineCollection)
        for segment in collection.get_segments()
    ]
    assert bars == pytest.approx(medians.tolist())
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]


def test_few_or_equal_random_sets_are_dots(axes: Axes) -> None:
    scores = some_scores()
    few = scores[(scores["draw"] < 3) & (scores["task"] == "t0")]
    assert "random" in draw_task(axes, few, "random")
    assert not axes.collections
    equal = scores[scores["task"] == "t0"].assign(test_score=0.5)
    assert "random" in draw_task(axes, equal, "random")
    assert not axes.collections


def test_a_missing_score_does_not_hide_the_others(axes: Axes) -> None:
    scores = some_scores()
    scores.loc[(scores["method"] == "random") & (scores["draw"] == 0), "test_score"] = np.nan
    draw_task(axes, scores[scores["task"] == "t0"], "random")
    assert axes.collections


@pytest.mark.parametrize("tasks", [1, 5])
def test_every_task_has_a_panel_with_its_metric_also_without_random_sets(
    zoo: Path, tasks: int
) -> None:
    scores = with_metrics(with_singles(some_scores(tasks)))
    scores["metric"] = scores["metric"].fillna("top3_accuracy")
    scores = scores[
        (scores["method"] != "random") & scores["task"].isin(f"t{i}" for i in range(tasks))
    ]
    found = drawn_texts(zoo, scores, FIGURES[2], ["--singles", "single"])
    assert [f"t{i}" in found.split() for i in range(6)] == [i < tasks for i in range(6)]
    assert "span F1" in found
    assert ("top-3 accuracy" in found) == (tasks == 5)
    assert "cat" in found
    assert "random" not in found


def test_legends_take_as_many_columns_as_fit() -> None:
    assert legend_columns(["random", "mmi", "bert"], 4) == 3
    assert legend_columns(["a-very-long-name-of-a-checkpoint"] * 3, 6) == 2
    assert legend_columns(["a-very-long-name-of-a-checkpoint"] * 3, 1) == 1


def convergence_texts(zoo: Path, *probes: str) -> str:
    output = zoo / f"{FIGURES[1]}.svg"
    flags = ["--covariance", str(zoo / "covariance/probe.npz"), "--headline", "mmi"]
    flags += ["--tables", str(zoo / "tables/space.csv"), "--figures", str(output), "--convergence"]
    plot_figures.main([*flags, *(str(zoo / f"covariance/{one}.convergence.csv") for one in probes)])
    return texts(output)


def test_the_convergence_of_several_probes_is_drawn_together(zoo: Path) -> None:
    path = zoo / "covariance/probe.convergence.csv"
    shutil.copy(path, zoo / "covariance/news.convergence.csv")
    assert {"probe", "news"} <= set(convergence_texts(zoo, "probe", "news").split())
    found = convergence_texts(zoo, "news")
    assert "news" not in found
    for label in ("no probe", "nats", "cosine", "1k"):
        assert label in found
    # Powers of ten are set as such: the glyph of a backslash, 63 in this font, is not drawn.
    assert "mathdefault" in found
    assert "DejaVuSans-3f" not in (zoo / f"{FIGURES[1]}.svg").read_text(encoding="utf-8")


def test_steps_start_at_no_probe_and_leave_out_what_has_no_logarithm(axes: Axes) -> None:
    table = some_convergence()
    shown = table[table["kl"] > 0]
    draw_steps(axes, shown, "kl", 50.0, {"color": "k", "marker": "o"}, "probe")
    line, start, dotted = (line.get_xydata().tolist() for line in axes.lines)
    assert line == [[640, 0.4]]
    assert start == [[50, 2.5]]
    assert dotted == [[50, 2.5], [640, 0.4]]


def test_a_divergence_that_is_missing_leaves_the_cosine(zoo: Path) -> None:
    """As where two checkpoints are duplicates."""
    some_convergence().assign(kl=np.nan).to_csv(
        zoo / "covariance/probe.convergence.csv", index=False
    )
    assert "cosine" in convergence_texts(zoo, "probe")


def test_files_without_a_convergence_are_refused(zoo: Path) -> None:
    with pytest.raises(UserError, match=r"none\.convergence\.csv: there is no such table"):
        convergence_texts(zoo, "none")
    shutil.copy(zoo / "tables/picks.csv", zoo / "covariance/picks.convergence.csv")
    with pytest.raises(UserError, match="the table has no column units, kl, cosine"):
        convergence_texts(zoo, "picks")
    some_convergence()[:1].to_csv(zoo / "covariance/probe.convergence.csv", index=False)
    with pytest.raises(UserError, match="there is no row with units"):
        convergence_texts(zoo, "probe")


def write_text_cards(zoo: Path) -> list[Path]:
    details: list[dict[str, str | int | float]] = [
        {"model": "bert", "layers": 2, "heldout_loss": 3.25},
        {"model": "gpt2", "layers": 12},
        {"model": "bert"},
    ]
    paths = [zoo / f"text-{number}.json" for number in range(3)]
    for number, path in enumerate(paths):
        revision = str(number) * 40
        kind = "hub" if number else "pretrain"
        source = {"kind": kind, "source": f"org/m{number}", "revision": revision[:12]}
        card = CheckpointCard(
            path.stem, f"org/m{number}", revision, "bert", None, {}, source | details[number]
        )
        write_card(path, card)
    return paths


def test_text_checkpoints_are_listed_with_source_and_short_revision(zoo: Path) -> None:
    output = zoo / "tables/checkpoints.csv"
    checkpoint_table(write_text_cards(zoo)).to_csv(output, index=False)
    assert output.read_text().splitlines() == [
        "checkpoint,kind,source,revision,model,layers,heldout_loss",
        "text-0,pretrain,org/m0,000000000000,bert,2,3.25",
        "text-1,hub,org/m1,111111111111,gpt2,12,",
        "text-2,hub,org/m2,222222222222,bert,,",
    ]
    html = write_page(zoo, tables=["information", "picks", "space", "checkpoints"])
    assert "The 3 checkpoints are of 2 kinds of model." in html
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html)
    row = cells[cells.index("text-2") :][:7]
    assert row == ["text-2", "hub", "org/m2", "222222222222", "bert", "–", "–"]
    row = cells[cells.index("text-0") :][:7]
    assert row == ["text-0", "pretrain", "org/m0", "000000000000", "bert", "2", "3.25"]


def test_the_quality_of_features_stands_beside_what_is_known_of_checkpoints(zoo: Path) -> None:
    quality = pd.DataFrame({column: [0.5, 2.25] for column in QUALITY_COLUMNS})
    quality["checkpoint"] = ["text-2", "text-0"]
    table = with_quality(checkpoint_table(write_text_cards(zoo)), quality)
    assert table["checkpoint"].tolist() == ["text-0", "text-1", "text-2"]
    assert list(table.columns)[-4:] == QUALITY_COLUMNS[1:]
    assert table["rankme"].tolist() == [2.25, pytest.approx(np.nan, nan_ok=True), 0.5]


def test_cards_that_are_none_are_named(zoo: Path) -> None:
    with pytest.raises(UserError, match=r"none\.json: there is no such card"):
        checkpoint_table([zoo / "none.json"])
    for text in ("no json", "[]", '{"kind": "hub"}', '{"checkpoint": "ant"}'):
        (zoo / "wrong.json").write_text(text)
        with pytest.raises(UserError, match=r"wrong\.json: this is no card of a checkpoint"):
            checkpoint_table([zoo / "wrong.json"])


def found_of(scores: pd.DataFrame, random: str | None = "random") -> list[str]:
    picks = pick_table(some_selections(), "random")
    table = gains(name_singles(scores, ["single"]), random)
    return findings({"picks": picks, "scores": table}, "mmi")


def test_findings_of_mixed_metrics_do_not_speak_of_accuracy() -> None:
    scores = with_metrics(some_scores())
    scores["test_score"] = 0.75
    scores.loc[scores["method"] != "random", "test_score"] = 0.76
    found = found_of(scores)
    assert any("+0.010 at k = 2" in sentence for sentence in found)
    assert any(
        sentence.startswith(
            "peek has a score 0.010 above the mean of random sets on average over k"
        )
        for sentence in found
    )
    assert not any("accuracy" in sentence for sentence in found)


def test_findings_name_single_checkpoints_at_their_size() -> None:
    scores = with_singles(some_scores())
    scores.loc[scores["method"] == "random", "test_score"] = 0.7
    found = found_of(scores)
    assert any(
        sentence.startswith(
            "single: cat is 10.00 accuracy points below the mean of random sets at k = 1."
        )
        for sentence in found
    )


def test_findings_without_random_sets_give_the_mean_score() -> None:
    scores = some_scores()
    scores = scores[scores["method"] != "random"]
    scores.loc[(scores["method"] == "mmi") & (scores["k"] == 2), "test_score"] = 0.875
    assert "mmi has a mean test accuracy of 87.50% over 3 tasks at k = 2." in found_of(scores, None)
    found = found_of(with_metrics(scores), None)
    assert "mmi has a mean test score of 0.875 over 3 tasks at k = 2." in found


def with_all(scores: pd.DataFrame) -> pd.DataFrame:
    """All four checkpoints together score 0.3, 0.4 and 0.5 on tasks 0, 1, 2."""
    rows = [
        ("z", f"t{task}", "accuracy", ALL, 0, 4, "+".join(NAMES), 0.3 + 0.1 * task)
        for task in range(3)
    ]
    return pd.concat([scores, pd.DataFrame(rows, columns=scores.columns)], ignore_index=True)


def level_lines(axes: Axes) -> list[float]:
    return [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]


def test_all_checkpoints_are_a_level_line_that_stretches_no_axis(zoo: Path, axes: Axes) -> None:
    scores = with_all(with_singles(some_scores()))
    for figure, shown in ((FIGURES[4], True), (FIGURES[2], True), (FIGURES[5], False)):
        found = drawn_texts(zoo, scores, figure, [*RANDOM, "--singles", "single"]).split()
        assert (ALL in found) == shown
        assert "2" in found and "4" not in found
    of_task = name_singles(scores[scores["task"] == "t1"], ["single"])
    assert "all checkpoints" in draw_task(axes, of_task, "random")
    assert level_lines(axes) == pytest.approx([0.4])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]


def test_all_checkpoints_are_in_the_table_and_in_no_finding(zoo: Path) -> None:
    scores = with_all(some_scores())
    table = score_table(scores, "random").set_index(["method", "k"])
    row = table.loc[(ALL, 4)]
    assert row["mean_score"] == pytest.approx(0.4)
    assert row[["gain", "low", "wins", "percentile"]].isna().all()
    assert found_of(scores) == found_of(some_scores())
    # Where random sets of that size are asked for too, there is but one, and nothing to compare.
    same = scores[scores["method"] == ALL].assign(method="random")
    assert found_of(pd.concat([scores, same])) == found_of(some_scores())


def test_all_checkpoints_have_no_place_among_picks_that_tell_of_the_rest(zoo: Path) -> None:
    picks = some_selections()
    whole = picks[:1].assign(method=ALL, k=4)
    whole = pd.concat(
        [whole.assign(rank=rank, checkpoint=one) for rank, one in enumerate(NAMES, 1)]
    )
    assert ALL not in informed_texts(zoo, whole).split()
