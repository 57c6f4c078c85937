"""What a run took and warned of, by the files that its jobs left."""

from pathlib import Path

from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.report.costs import COLUMNS, SPEED_COLUMNS, STAGES, cost_table, speed_table
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
    table = cost_table(tmp_path, [odd])
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
    assert cost_table(tmp_path / "none", []).empty


def test_how_long_checkpoints_took_is_what_their_last_jobs_said(tmp_path: Path) -> None:
    odd = "google/bert (2)"
    logs = {
        f"extract_word_features/probe/{file_name(odd)}": f"{odd}: 0.5",
        "extract_word_features/news/fast": "fast: 9",
        "extract_image_features/probe/fast": "fast: 0.0125",
        "extract_image_features/probe/gone": "gone: 1",
    }
    for name, text in logs.items():
        path = tmp_path / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"12:00:00 {text} seconds per thousand units\n")
    table = speed_table(tmp_path, ["fast", odd, "none"], "probe")
    assert list(table.columns) == SPEED_COLUMNS
    assert table.to_numpy().tolist() == [[odd, 0.5], ["fast", 0.0125]]
    assert speed_table(tmp_path / "none", [odd], "probe").empty


def test_every_rule_with_a_benchmark_has_its_stage() -> None:
    for path in (ROOT / "rules").glob("*.smk"):
        rules = path.read_text(encoding="utf-8").split("\nrule ")[1:]
        for rule in rules:
            if "benchmark:" in rule:
                assert path.stem == STAGES[benchmark_of(rule)], path


def benchmark_of(rule: str) -> str:
    """The name under which its benchmarks stand."""
    path = rule.split("benchmark:")[1].split('"')[1]
    return path.split("/benchmarks/")[1].split("/")[0].removesuffix(".tsv")


def test_warnings_are_said_once_with_their_jobs(tmp_path: Path) -> None:
    (tmp_path / "select").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"select/{name}.log").write_text(
            "12:00:00 found: nothing\n12:00:01 warning: κ is rough\n12:00:02 warning: κ is rough\n"
        )
    (tmp_path / "read.log").write_text("Warning: of a library\n01:02:03 warning: 2 words lost\n")
    assert run_warnings(tmp_path) == [
        "read: 2 words lost",
        "select/a and 1 more: κ is rough",
    ]
    assert run_warnings(tmp_path / "none") == []
