"""The page of the report: what is in it, and that its charts can be drawn."""

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import vl_convert
from small_results import (
    NAMES,
    TABLES,
    build_results,
    draw_all,
    make_tables,
    some_scores,
    write_page,
)

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.score_text import gain_text
from workflow_scripts.common.script import UserError
from workflow_scripts.report.charts.chart import signs_of
from workflow_scripts.report.charts.picks import stability_chart
from workflow_scripts.report.charts.task_space import MOST_ROWS, heat_chart, mean_blocks
from workflow_scripts.report.sections import chart_captions
from workflow_scripts.report.shown_table import shown_table
from workflow_scripts.report.style import ON_DARK, PALETTE
from workflow_scripts.report.tables.task_space import branches, ward_tree
from workflow_scripts.report.write_report import for_script

CHARTS = ["map", "heat-map", "information", "represented", "inclusion", "divergence", "cosine"]
CHARTS += ["mean-scores", "gain", "percentile", "task-scores", "objective", "time", "memory"]
WITHOUT_TASKS = [name for name in TABLES if name not in ("scores", "tasks", "objective", "sets")]
WITHOUT_RANDOM = [name for name in TABLES if name not in ("objective", "sets")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "zoo"
    build_results(folder)
    return folder


@pytest.fixture
def zoo(built: Path, tmp_path: Path) -> Path:
    """Results that a test may change."""
    shutil.copytree(built, tmp_path / "zoo")
    return tmp_path / "zoo"


def charts_of(html: str) -> dict[str, dict[str, Any]]:
    """The charts by name."""
    found = re.findall(
        r'<figure id="zoo-([\w-]+)">.*?<script type="application/json">(.*?)</script>', html, re.S
    )
    return {name: json.loads(spec) for name, spec in found}


def drawing(spec: dict[str, Any]) -> str:
    """A chart as Vega draws it."""
    svg = vl_convert.vegalite_to_svg(spec)
    assert isinstance(svg, str)
    return svg


def rows_of(heat_map: dict[str, Any]) -> list[str]:
    """The names beside the rows."""
    parameters = heat_map.get("params", []) + heat_map["hconcat"][1].get("params", [])
    [names] = [one["value"] for one in parameters if one["name"] == "shown_names"]
    return list(names)


def test_every_chart_is_drawn_with_marks(zoo: Path) -> None:
    charts = charts_of(write_page(zoo))
    assert list(charts) == CHARTS
    for name, spec in charts.items():
        svg = drawing(spec)
        assert svg.count("<path") > 8, name
        assert "undefined" not in svg and "NaN" not in svg, name


def test_every_caption_is_of_a_chart_or_table() -> None:
    assert set(chart_captions()) == {*CHARTS, "no-convergence", "costs", "speeds"}


def test_charts_name_what_they_show(zoo: Path) -> None:
    charts = {name: drawing(spec) for name, spec in charts_of(write_page(zoo)).items()}
    for name in NAMES:
        assert f">{name}<" in charts["heat-map"]
    assert ">1 cat<" in charts["map"] and ">2 ant<" in charts["map"]
    assert ">bee<" in charts["represented"] and ">dog<" in charts["represented"]
    for name in ("information", "mean-scores", "task-scores", "objective"):
        for method in ("mmi", "peek", "random"):
            assert f">{method}<" in charts[name], name
    assert "k = 2, the same set: 75%" in charts["inclusion"]
    for task in ("t0", "t1", "t2"):
        assert f">{task}, accuracy<" in charts["task-scores"]
    assert "no probe" in charts["divergence"]


def test_the_page_holds_everything_itself(zoo: Path) -> None:
    html = write_page(zoo)
    assert html.count("<table>") == 9
    assert len(html) < 2e6
    assert re.search("The picks leave \\d+% of the variance of the median checkpoint open;", html)
    assert "mmi picks the same set in 100% of cases at k = 1 and 75% at k = 2." in html
    assert "Keep these two: cat and ant." in html
    assert "mean dev accuracy of 95.0%" in html
    # What the covariance and the jobs warn of.
    assert "<li>ant and bee are alike.</li>" in html
    assert "<li>selections/mmi.csv: ant has no tail</li>" in html
    # Where it comes from.
    assert "<dt>seed</dt><dd>5</dd>" in html
    assert "modality: agents" in html
    # All but the library, whose licences have addresses, and the name of the charts' language.
    ours = "".join(re.split(r"<script>.*?</script>", html, maxsplit=1, flags=re.S))
    ours = ours.replace('"https://vega.github.io/schema/', "")
    for attribute in ("src=", '<link rel="style', "@import", "url(http", "http:", "https:"):
        assert attribute not in ours


def test_equal_results_give_an_equal_page(zoo: Path) -> None:
    assert write_page(zoo) == write_page(zoo)


def test_a_zoo_without_tasks_has_a_page_too(zoo: Path) -> None:
    html = write_page(zoo, tables=WITHOUT_TASKS)
    assert list(charts_of(html)) == [*CHARTS[:7], "time", "memory"]
    assert "Gain over random" not in html
    assert "unseen task" not in html


def test_a_size_at_which_mmi_stops_is_shown_and_has_no_score(zoo: Path) -> None:
    """Sizes 1 and 2 are scored, and it stops at 3."""
    path = zoo / "selections/mmi.csv"
    names = ["cat", "ant", "dog"]
    rows = [("mmi", 0, "", 3, rank, name, 0.3) for rank, name in enumerate(names, 1)]
    columns = ["method", "draw", "task", "k", "rank", "checkpoint", "objective"]
    found = pd.DataFrame(rows, columns=columns)
    found.loc[2, ["bound", "gap"]] = [0.35, 0.05]
    pd.concat([pd.read_csv(path), found]).to_csv(path, index=False)
    stable = zoo / "stability/mmi.csv"
    with stable.open("a", encoding="utf-8") as file:
        file.writelines(f"mmi,3,{name},True,0.5,0.5\n" for name in names)
    make_tables(zoo)
    draw_all(zoo)
    html = write_page(zoo, limit=9)
    assert "Keep these three: cat, ant and dog." in html
    assert "mmi stops at k = 3, before 9: one more pick tells too little." in html
    assert "Sets of three are not among those scored on unseen tasks." in html
    assert "The same three came out in 50% of resampled probes." in html
    picks = pd.read_csv(zoo / "tables/picks.csv").set_index(["method", "k"])
    assert picks.loc[("mmi", 3), "gap"] == 0.05
    assert picks.index.get_level_values("k").max() == 3
    charts = charts_of(html)
    for name in ("information", "inclusion", "mean-scores"):
        assert "<path" in drawing(charts[name]), name


def test_without_random_sets_there_are_scores_and_no_gains(zoo: Path) -> None:
    scores = some_scores()
    scores[scores["method"] != "random"].to_csv(zoo / "scores.csv", index=False)
    make_tables(zoo, compared=[])
    charts = charts_of(write_page(zoo, tables=WITHOUT_RANDOM, random=None))
    assert not {"gain", "percentile", "objective"} & set(charts)
    assert drawing(charts["mean-scores"]).count("<path") > 8


def test_the_page_says_where_date_commit_and_machine_are(zoo: Path) -> None:
    html = write_page(zoo)
    assert (
        "the machine of the last run that made something of this zoo are not on this page" in html
    )
    assert "<code>zoo/provenance.json</code> beside this file" in html


def test_what_is_not_known_has_no_place(zoo: Path) -> None:
    """A covariance from elsewhere: no probe, no features, no cards, no costs."""
    shutil.rmtree(zoo / "benchmarks")
    (zoo / "selections/mmi.csv.facts.json").unlink()
    tables = ["information", "picks", "space"]
    html = write_page(zoo, tables=tables, stability=False, convergence=[])
    assert list(charts_of(html)) == ["map", "heat-map", "information"]
    assert "How much they depend on this very probe was not measured." in html


def test_where_nothing_is_recommended_nothing_is_ringed(zoo: Path) -> None:
    space = pd.read_csv(zoo / "tables/space.csv").assign(pick=np.nan)
    space.to_csv(zoo / "tables/space.csv", index=False)
    tables = ["information", "picks", "space"]
    html = write_page(zoo, tables=tables, headline="random", stability=False)
    assert "No set is recommended: random chooses none." in html
    assert drawing(charts_of(html)["map"]).count("<path") > 4


def test_names_are_texts_and_nothing_else(zoo: Path) -> None:
    """Of HTML, of Vega's expressions and of JavaScript."""
    odd = "</script><b>'\"+alert(1)+datum.x"
    for path in (zoo / "tables").glob("*.csv"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table.replace({"cat": odd}).to_csv(path, index=False)
    names = [name if name != "cat" else odd for name in NAMES]
    write_covariance(zoo / "covariance/probe.npz", Covariance(names, np.eye(4), 9, "biased"))
    html = write_page(zoo)
    assert odd not in html
    assert html.count("</script>") == html.count("<script")
    assert unescape(re.findall(r'class="answer">(.*?)</p>', html)[0]).startswith("Keep these two")
    heat_map = charts_of(html)["heat-map"]
    assert odd in rows_of(heat_map)
    assert "&lt;/script&gt;&lt;b" in drawing(heat_map)


def test_data_pass_unchanged_through_a_script_element() -> None:
    data = {"name": "</script><!-- & \u2028 \u2029", "number": 0.1}
    text = str(for_script(data))
    assert json.loads(text) == data
    assert not set("<>&\u2028\u2029") & set(text)


def test_a_missing_part_of_the_report_is_named(zoo: Path) -> None:
    (zoo / "tables/space.csv").unlink()
    with pytest.raises(UserError, match=r"space\.csv: there is no such table"):
        write_page(zoo)
    (zoo / "tables/space.csv").write_text("")
    with pytest.raises(UserError, match=r"space\.csv: this is no table in CSV"):
        write_page(zoo)


def test_tables_show_rounded_numbers_and_keep_them_whole() -> None:
    table = pd.DataFrame(
        {
            "checkpoint": ["1e3", None],
            "k": [1.0, np.nan],
            "weight_1": [-0.123456, 0.5],
            "seconds": [1.25, 2.0],
            "low": [0.25, 0.5],
        }
    )
    shown = shown_table("tasks", "Title", "Caption", table)
    assert [[cell.text for cell in row] for row in shown.rows] == [
        ["1e3", "1", "−0.12", "1.2", "0.250"],
        ["–", "–", "0.50", "2.0", "0.500"],
    ]
    assert [cell.value for cell in shown.rows[0]] == ["1e3", "1.0", "-0.123456", "1.25", "0.25"]
    assert shown.rows[1][0].value == ""
    assert shown.columns[-1] == "5% quantile"
    assert shown_table("scores", "", "", table).columns[-1] == "95% from"
    assert shown.numeric == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("metric", "heads", "texts"),
    [
        (
            "accuracy",
            ["mean test accuracy", "standard error, accuracy points", "accuracy points"],
            ["accuracy", "91.00%", "1.20", "+0.46", "−0.30", "25.0%"],
        ),
        (
            "span_f1",
            ["mean test span F1", "standard error, span F1", "span F1"],
            ["span F1", "0.910", "0.012", "+0.005", "−0.003", "25.0%"],
        ),
    ],
)
def test_tables_have_the_units_of_the_charts(
    metric: str, heads: list[str], texts: list[str]
) -> None:
    row = {"metric": metric, "mean_score": 0.91, "standard_error": 0.012, "gain": 0.0046}
    shown = shown_table("scores", "", "", pd.DataFrame([row | {"low": -0.003, "percentile": 0.25}]))
    assert shown.columns[1:4] == [*heads[:2], f"gain over random, {heads[2]}"]
    assert [cell.text for cell in shown.rows[0]] == texts
    assert [cell.value for cell in shown.rows[0]] == [
        *(metric, "0.91", "0.012", "0.0046", "-0.003", "0.25")
    ]


def test_a_gain_that_rounds_to_nothing_is_not_below_it() -> None:
    assert (gain_text(-0.00001, "accuracy"), gain_text(-0.1, "accuracy")) == ("+0.00", "−10.00")


def test_the_share_of_random_sets_beaten_is_drawn_about_a_half(zoo: Path) -> None:
    chart = charts_of(write_page(zoo))["percentile"]
    level, intervals, points = chart["layer"]
    assert level["encoding"]["y"]["datum"] == 0.5
    assert intervals["encoding"]["y2"]["field"] == "percentile_high"
    table = pd.read_csv(zoo / "tables/scores.csv").dropna(subset="percentile")
    drawn = {(row["method"], row["k"]): row["percentile"] for row in points["data"]["values"]}
    assert drawn == pytest.approx(table.set_index(["method", "k"])["percentile"].to_dict(), 1e-5)
    assert ">100%<" in drawing(chart)


def test_costs_are_told_by_stage(zoo: Path) -> None:
    (zoo / "benchmarks/evaluate").mkdir()
    for k, seconds in ((1, 20), (2, 30.4)):
        path = zoo / f"benchmarks/evaluate/k{k}.tsv"
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:20\t{100 * k}\n")
    charts = charts_of(write_page(zoo))
    for name, heads in (
        ("time", ["selection: 2 s", "evaluation: 50 s"]),
        ("memory", ["selection: 120 MB", "evaluation: 200 MB"]),
    ):
        svg = drawing(charts[name])
        assert all(f">{head}<" in svg for head in heads), name


def test_what_is_not_measured_of_a_zoo_is_said(zoo: Path) -> None:
    said = "How fast κ converges as the probe grows was not measured"
    assert said not in write_page(zoo)
    html = write_page(zoo, convergence=[])
    assert html.index("How sure they are</h3>") < html.index(said)
    assert not {"divergence", "cosine"} & set(charts_of(html))


def test_a_large_zoo_has_a_heat_map_of_groups() -> None:
    count = MOST_ROWS + 30
    kappa = np.full((count, count), 0.25)
    kappa[:31, :31] = 1
    np.fill_diagonal(kappa, 1)
    spec = heat_chart([f"c{number}" for number in range(count)], kappa)
    heat = spec["hconcat"][1]
    assert len(heat["data"]["values"]) == MOST_ROWS**2
    assert any(name.endswith("and 30 more") for name in rows_of(spec))
    groups = branches(ward_tree(kappa), MOST_ROWS).leaves
    means = mean_blocks(kappa, groups)
    for a in range(0, MOST_ROWS, 17):
        for b in range(0, MOST_ROWS, 13):
            assert means[a, b] == pytest.approx(kappa[np.ix_(groups[a], groups[b])].mean())


def test_many_sizes_have_few_panels_and_the_largest_is_among_them() -> None:
    rows = [("mmi", k, "ant", True, 1.0, 1.0) for k in range(1, 21)]
    columns = ["method", "k", "checkpoint", "picked", "share", "set_share"]
    spec = stability_chart(pd.DataFrame(rows, columns=columns), PALETTE[0])
    panels = {row["panel"] for row in spec["data"]["values"]}
    assert len(panels) <= 8
    assert "k = 20, the same set: 100%" in panels


def test_methods_have_the_colours_of_the_figures_and_all_have_others_on_dark() -> None:
    signs = signs_of(["mmi", "entropy", "random", "single: ant"], "random")
    assert signs.methods == ["entropy", "mmi", "single: ant", "random"]
    assert signs.among(["mmi", "random"]).methods == ["mmi", "random"]
    assert set(PALETTE) | set(signs.colours) <= set(ON_DARK)
