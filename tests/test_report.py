"""Statistics against their definitions; figures and page by what is in them."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.script import UserError
from workflow_scripts.report import (
    page,
    plot_covariance,
    plot_gain,
    plot_mutual_information,
    plot_scores,
    score_table,
    tables,
)
from workflow_scripts.report.statistics import gains, mean_scores, quantile_bands
from workflow_scripts.report.style import PALETTE
from workflow_scripts.report.tables import pick_table

NAMES = ["ant", "bee", "cat", "dog"]


def some_scores(tasks: int = 3) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = [
        ("z", f"t{task}", "accuracy", method, draw, k, generator.uniform(0.5, 1))
        for task in range(tasks)
        for k in (1, 2)
        for method, draws in (("mmi", 1), ("random", 6), ("peek", 1))
        for draw in range(draws)
    ]
    columns = ["zoo", "task", "metric", "method", "draw", "k", "test_score"]
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
        (method, draw, "", len(picks), rank, name, 0.1 * rank)
        for method, draw, picks in sets
        for rank, name in enumerate(picks, 1)
    ]
    columns = ["method", "draw", "task", "k", "rank", "checkpoint", "objective"]
    return pd.DataFrame(rows, columns=columns)


def some_kappa() -> np.ndarray:
    return np.array(
        [[1, 0.5, 0.2, 0.1], [0.5, 1, 0.3, 0.2], [0.2, 0.3, 1, 0.6], [0.1, 0.2, 0.6, 1.0]]
    )


def texts(svg: Path) -> str:
    """The comments in which matplotlib keeps the texts of a drawing."""
    ET.parse(svg)
    return " ".join(re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8")))


def test_gains_are_paired_over_tasks_with_students_interval() -> None:
    scores = some_scores()
    table = gains(scores, "random").set_index(["method", "k"])
    differences = []
    for task in ("t0", "t1", "t2"):
        of_task = scores[(scores["task"] == task) & (scores["k"] == 2)]
        random = of_task[of_task["method"] == "random"]["test_score"].mean()
        differences.append(of_task[of_task["method"] == "mmi"]["test_score"].item() - random)
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    row = table.loc[("mmi", 2)]
    assert row["gain"] == pytest.approx(np.mean(differences))
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))
    assert row["tasks"] == 3
    assert np.isnan(table.loc[("random", 1), "gain"])


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


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A folder of results with all that stage 7 reads."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    some_scores().to_csv(folder / "scores.csv", index=False)
    some_selections().to_csv(folder / "picks.csv", index=False)
    write_covariance(folder / "probe.npz", Covariance(NAMES, some_kappa(), 99, "biased"))
    for name in NAMES:
        card = {
            "checkpoint": name,
            "network": "convnet",
            "labels": ["0", "1"],
            "train_images": 80,
            "dev_images": 20,
            "dev_accuracy": [0.5, 0.95],
        }
        (folder / f"{name}.json").write_text(json.dumps(card))
    return folder


def draw_all(zoo: Path) -> list[Path]:
    scores, covariance = str(zoo / "scores.csv"), str(zoo / "probe.npz")
    drawn = zoo / "figures"
    figures = [drawn / f"{name}.svg" for name in page.FIGURES]
    outputs = {path.stem: ["--output", str(path)] for path in figures}
    plot_covariance.main(["--covariance", covariance, *outputs["covariance"]])
    plot_mutual_information.main(
        ["--covariance", covariance, "--selections", str(zoo / "picks.csv"), "--main", "mmi"]
        + ["--random", "random", *outputs["mutual-information"]]
    )
    plot_scores.main(["--scores", scores, "--random", "random", *outputs["scores"]])
    plot_gain.main(["--scores", scores, "--random", "random", *outputs["gain"]])
    return figures


def make_tables(zoo: Path, random: list[str]) -> list[Path]:
    made = [zoo / "tables" / f"{name}.csv" for name in page.TABLES]
    picks, scores, checkpoints = map(str, made)
    cards = [str(zoo / f"{name}.json") for name in NAMES]
    tables.main(
        ["--cards", *cards, "--selections", str(zoo / "picks.csv"), *random]
        + ["--checkpoint-table", checkpoints, "--pick-table", picks]
    )
    score_table.main(["--scores", str(zoo / "scores.csv"), *random, "--output", scores])
    return made


def test_figures_are_svg_and_png_and_name_what_they_show(zoo: Path) -> None:
    covariance, information, scores, gain = draw_all(zoo)
    for path in (covariance, information, scores, gain):
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    for name in NAMES:
        assert name in texts(covariance)
    assert "cat" in texts(information)
    assert "nats" in texts(information)
    for method in ("mmi", "peek", "random"):
        assert method in texts(information)
        assert method in texts(scores)
        assert method in texts(gain)


def test_equal_data_give_equal_figures(zoo: Path) -> None:
    before = [path.read_bytes() for path in draw_all(zoo)]
    assert [path.read_bytes() for path in draw_all(zoo)] == before


def test_figures_do_without_random_sets(zoo: Path) -> None:
    scores = some_scores()
    scores[scores["method"] != "random"].to_csv(zoo / "scores.csv", index=False)
    plot_scores.main(["--scores", str(zoo / "scores.csv"), "--output", str(zoo / "s.svg")])
    assert "mmi" in texts(zoo / "s.svg")
    assert "random" not in texts(zoo / "s.svg")


def test_the_information_of_every_set_is_that_of_its_definition() -> None:
    covariance = Covariance(NAMES, some_kappa(), 99, "biased")
    table = plot_mutual_information.information_table(covariance, some_selections(), jitter=0.0)
    row = table[(table["method"] == "peek") & (table["k"] == 2) & (table["size"] == 2)]

    def log_det(indices: list[int]) -> float:
        return float(np.linalg.slogdet(some_kappa()[np.ix_(indices, indices)])[1])

    expected = (log_det([1, 3]) + log_det([0, 2]) - log_det([0, 1, 2, 3])) / 2
    assert row["information"].item() == pytest.approx(expected)
    assert row["checkpoint"].item() == "dog"


def test_tables_hold_picks_in_order_and_what_checkpoints_know(zoo: Path) -> None:
    picks, scores, checkpoints = map(pd.read_csv, make_tables(zoo, ["--random", "random"]))
    assert set(picks["method"]) == {"mmi", "peek"}
    chosen = picks[(picks["method"] == "mmi") & (picks["k"] == 2)]
    assert chosen["picks"].item() == "cat ant"
    assert chosen["objective"].item() == pytest.approx(0.2)
    assert checkpoints["dev_accuracy"].tolist() == [0.95] * 4
    assert set(scores["method"]) == {"mmi", "peek", "random"}


def write_page(zoo: Path, figures: list[Path], made: list[Path]) -> str:
    output = zoo.parent / "report.html"
    page.main(
        ["--figures", *map(str, figures), "--tables", *map(str, made)]
        + ["--headline", zoo.name, "mmi", "--output", str(output)]
    )
    return output.read_text(encoding="utf-8")


def test_the_page_holds_everything_itself(zoo: Path) -> None:
    html = write_page(zoo, draw_all(zoo), make_tables(zoo, ["--random", "random"]))
    assert html.count("<svg ") == 4
    assert html.count("<table>") == 3
    assert "mmi picks, in this order: cat, ant." in html
    assert "mean dev accuracy of 95.0%" in html
    for attribute in ("src=", "<script", "<link", "@import", "url(http"):
        assert attribute not in html


def test_findings_say_so_when_a_method_does_not_win(zoo: Path) -> None:
    scores = some_scores()
    scores["test_score"] = 0.75
    scores.loc[scores["method"] == "peek", "test_score"] = 0.65 + 0.01 * np.arange(6)
    scores.to_csv(zoo / "scores.csv", index=False)
    html = write_page(zoo, draw_all(zoo), make_tables(zoo, ["--random", "random"]))
    assert re.search(r"peek is 7\.50 accuracy points below .* below zero at k = 1, 2\.", html)
    assert re.search(r"mmi is 0\.00 accuracy points .* above zero at k = none", html)


def test_gains_of_zero_count_in_the_average_over_sizes() -> None:
    scores = some_scores()
    scores["test_score"] = 0.75
    scores.loc[(scores["method"] == "mmi") & (scores["k"] == 1), "test_score"] = 0.85
    found = page.findings(
        {"picks": pick_table(some_selections(), "random"), "scores": gains(scores, "random")}, "mmi"
    )
    assert any("mmi is 5.00 accuracy points above" in sentence for sentence in found)


def test_a_single_task_is_not_said_to_have_an_interval() -> None:
    picks = pick_table(some_selections(), "random")
    found = page.findings({"picks": picks, "scores": gains(some_scores(1), "random")}, "mmi")
    assert any(sentence.endswith("on average over k.") for sentence in found)
    assert not any("interval" in sentence for sentence in found)


def test_files_that_are_no_tables_are_named(zoo: Path) -> None:
    (zoo / "text.csv").write_text("")
    cases = [("none.csv", "there is no such table"), ("text.csv", "no table in CSV")]
    cases.append(("picks.csv", "no column test_score"))
    for name, message in cases:
        flags = ["--scores", str(zoo / name), "--random", "random"]
        with pytest.raises(UserError, match=message):
            plot_gain.main([*flags, "--output", str(zoo / "g.svg")])


def test_a_method_has_one_colour_in_all_figures(zoo: Path) -> None:
    scores = some_scores().replace({"method": {"random": "zrand", "peek": "xpeek"}})
    scores.to_csv(zoo / "scores.csv", index=False)
    for script in (plot_scores, plot_gain):
        path = zoo / f"{script.__name__}.svg"
        script.main(
            ["--scores", str(zoo / "scores.csv"), "--random", "zrand", "--output", str(path)]
        )
        assert PALETTE[4].lower() in path.read_text(encoding="utf-8")


def test_a_zoo_without_tasks_has_a_page_too(zoo: Path) -> None:
    figures = draw_all(zoo)[:2]
    picks, _, checkpoints = make_tables(zoo, [])
    html = write_page(zoo, figures, [picks, checkpoints])
    assert html.count("<svg ") == 2
    assert "Gain over random" not in html


def test_a_missing_part_of_the_report_is_named(zoo: Path) -> None:
    figures = draw_all(zoo)
    made = make_tables(zoo, [])
    figures[1].unlink()
    with pytest.raises(UserError, match=r"mutual-information\.svg: this part of the report"):
        write_page(zoo, figures, made)
