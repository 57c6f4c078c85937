"""The commands that measure, on sizes that take a second, and what gathers what they found."""

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import fingerprints, greedy_selection, kernel_alignment, low_rank_selection
from benchmarks.percentiles import summarise
from docs.gather_measured import lines_of_jobs, wall_time
from docs.write_tables import with_rows

LOW_RANK = ["--counts", "30", "--rank", "5", "--picks", "3", "--repeats", "1"]
KERNEL_ALIGNMENT = ["--only", "3", "100", "--dim", "16", "--repeats", "1"]
FINGERPRINTS = ["--zoos", "--lengths", "64", "--seeds", "1", "--merged", "2"]
FINGERPRINTS += ["--synthetic-units", "300"]


@pytest.mark.parametrize(
    ("main", "flags", "written", "rows"),
    [
        (greedy_selection.main, ["--counts", "8", "10"], "greedy", 2),
        (low_rank_selection.main, LOW_RANK, "low_rank", 2),
        (kernel_alignment.main, KERNEL_ALIGNMENT, "kernel_alignment", 1),
        (fingerprints.main, FINGERPRINTS, "fingerprints", 2),
    ],
)
def test_benchmarks_write_a_table_and_a_figure(
    main: Callable[[list[str]], None], flags: list[str], written: str, rows: int, tmp_path: Path
) -> None:
    main([*flags, "--output", str(tmp_path)])
    assert len(pd.read_csv(tmp_path / f"{written}.csv")) == rows
    assert (tmp_path / f"{written}.svg").stat().st_size > 1000


def percentiles_of(seeds: int) -> pd.DataFrame:
    rows = [("mmi", k, 0.2 + seed / 10, 0.1, 0.6, seed) for k in (2, 3) for seed in range(seeds)]
    columns = ["method", "k", "percentile", "percentile_low", "percentile_high", "seed"]
    return pd.DataFrame(rows, columns=columns)


def test_a_single_seed_has_the_interval_of_its_random_sets_at_each_size_only() -> None:
    summary = summarise(percentiles_of(1), 30).set_index(["method", "k"])
    assert summary.loc[("mmi", 2), ["low", "high"]].tolist() == [0.1, 0.6]
    assert summary.loc[("mmi", "all"), ["low", "high"]].isna().all()


def test_several_seeds_have_students_interval_and_random_sets_beat_half() -> None:
    summary = summarise(percentiles_of(3), 30).set_index(["method", "k"])
    # Percentiles of 0.2, 0.3 and 0.4; 4.303 is Student's for two degrees of freedom.
    half = 4.303 * 0.1 / math.sqrt(3)
    assert summary.loc[("mmi", "all"), "percentile"] == pytest.approx(0.3)
    assert summary.loc[("mmi", "all"), "high"] == pytest.approx(0.3 + half, abs=1e-3)
    assert summary.loc[("random", 2), "percentile"] == 0.5
    assert set(summary["random_sets"]) == {30}


def test_of_the_terminal_only_finished_jobs_and_the_last_words_are_kept() -> None:
    kept = [
        "1/2  one",
        "2/2  two",
        "",
        "digits: keep agent-1",
        "Done: 2 jobs in 9 minutes. Open it.",
    ]
    terminal = "\n".join(["Run directory: /home/me", *kept, "real 8m40"])
    assert lines_of_jobs(terminal) == "\n".join(kept) + "\n"


def test_the_wall_time_is_that_of_the_newest_run_of_so_many_jobs(tmp_path: Path) -> None:
    for name, steps, elapsed in (
        ("1", 3, "0:01:00.5"),
        ("2", 3, "1:00:02.0"),
        ("3", 2, "0:00:01.0"),
    ):
        log = f"Provided cores: 2\n{steps} of {steps} steps (100%) done\nElapsed time: {elapsed}\n"
        (tmp_path / f"{name}.snakemake.log").write_text(log, encoding="utf-8")
    assert wall_time(tmp_path, 2) == (3602.0, 2)
    with pytest.raises(SystemExit, match="no run of 209 jobs"):
        wall_time(tmp_path, 209)


def test_only_the_rows_of_one_table_are_written_anew() -> None:
    text = "a\n\n| m | s |\n|---|---|\n| 1 | 2 |\n\n| other |\n|---|\n| 3 |\n"
    changed = with_rows(text, "| m | s |", [["7", ""], ["8", "9"]])
    assert changed == text.replace("| 1 | 2 |", "| 7 | |\n| 8 | 9 |")
