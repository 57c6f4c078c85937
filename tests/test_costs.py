"""What a run took and warned of, by the files that its jobs left."""

import json
from pathlib import Path

from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.planning.stages import STAGES, stage_of_rule
from workflow_scripts.report.costs import (
    ALL_STAGES,
    COLUMNS,
    SPEED_COLUMNS,
    cost_table,
    speed_table,
)
from workflow_scripts.report.results import run_warnings

ROOT = Path(__file__).parents[1]


def benchmark(path: Path, *rows: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("s\th:m:s\tmax_rss\n" + "".join(f"{row}\n" for row in rows))


def test_costs_are_sums_and_maxima_by_rule_in_the_order_of_stages(tmp_path: Path) -> None:
    odd = "google/bert (2)"
    benchmark(tmp_path / "evaluate/pos/k2.tsv", "3.5\t0:00:03\t150.5")
    benchmark(tmp_path / "evaluate/pos/k3.tsv", "1.5\t0:00:01\t-")
    benchmark(tmp_path / f"pretrain/{file_name(odd)}.tsv", "20\t0:00:20\t900")
    benchmark(tmp_path / "pretrain/gone.tsv", "99\t0:01:39\t9999")
    benchmark(tmp_path / f"extract_word_features/probe/{file_name(odd)}.tsv", "2\t0:00:02\t300")
    benchmark(tmp_path / "write_stdlib.tsv", "0.4\t0:00:00\t-")
    benchmark(tmp_path / "new_rule.tsv", "1\t0:00:01\t10")
    (tmp_path / "select").mkdir()
    (tmp_path / "select/mmi.tsv").write_text("another\tfile\n1\t2\n")
    table = cost_table(tmp_path, [odd], stage_of_rule())
    assert list(table.columns) == COLUMNS
    assert table["rule"].tolist() == [
        *("write_stdlib", "pretrain", "extract_word_features", "evaluate", "new_rule")
    ]
    rows = table.set_index("rule")
    assert rows.loc["evaluate"].tolist() == ["evaluation", 2, 5.0, 3.5, 150.5]
    assert rows.loc["pretrain", "seconds"] == 20
    assert rows.loc["new_rule", "stage"] == "other"
    assert rows["megabytes"].isna().tolist() == [True, False, False, False, False]


def test_a_run_without_benchmarks_has_no_costs(tmp_path: Path) -> None:
    assert cost_table(tmp_path / "none", [], {}).empty


def write_facts(path: Path, **facts: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"found": [], "warnings": [], "seconds_per_thousand": {}} | facts
    path.with_name(f"{path.name}.facts.json").write_text(json.dumps(whole), encoding="utf-8")


def test_how_long_checkpoints_took_is_what_their_last_jobs_said(tmp_path: Path) -> None:
    odd = "google/bert (2)"
    for name, seconds in ((odd, 0.5), ("fast", 0.0125), ("gone", 1.0)):
        path = tmp_path / f"{file_name(name)}.safetensors"
        write_facts(path, seconds_per_thousand={name: seconds})
    table = speed_table(tmp_path, ["fast", odd, "none"])
    assert list(table.columns) == SPEED_COLUMNS
    assert table.to_numpy().tolist() == [[odd, 0.5], ["fast", 0.0125]]
    assert speed_table(tmp_path / "none", [odd]).empty


def test_the_stages_of_costs_are_those_of_the_planner() -> None:
    assert ALL_STAGES[:-1] == STAGES[:-1]
    assert set(stage_of_rule().values()) == set(ALL_STAGES[:-1])


def test_every_rule_with_a_benchmark_has_its_stage() -> None:
    stages = stage_of_rule()
    for path in (ROOT / "rules").glob("*.smk"):
        for rule in path.read_text(encoding="utf-8").split("\nrule ")[1:]:
            if "benchmark:" in rule:
                assert benchmark_of(rule) in stages, path


def benchmark_of(rule: str) -> str:
    """The name under which its benchmarks stand."""
    path = rule.split("benchmark:")[1].split('"')[1]
    return path.split("/benchmarks/")[1].split("/")[0].removesuffix(".tsv")


def test_warnings_are_said_once_with_their_results(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_facts(tmp_path / f"selections/{name}.csv", warnings=["κ is rough", "κ is rough"])
    write_facts(tmp_path / "corpora/x", warnings=["2 words lost"], found=["much"])
    (tmp_path / "broken.facts.json").write_text("{", encoding="utf-8")
    assert run_warnings(tmp_path) == [
        "corpora/x: 2 words lost",
        "selections/a.csv and 1 more: κ is rough",
    ]
    assert run_warnings(tmp_path / "none") == []
