"""Tables of labels become tasks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import Task, read_task
from workflow_scripts.common.units_file import Units, write_units
from workflow_scripts.tables import read_table_task
from workflow_scripts.tables.labelled_table import read_labelled_table, table_task

FRACTIONS = {"dev": 0.2, "test": 0.2}
HERE = Path("labels.csv")


def task_of(table: pd.DataFrame, target: str = "y", **others: str | None) -> Task:
    given_ = {"split": None, "group": None} | others
    return table_task(
        table, HERE, "corpus", np.arange(len(table)), target, fractions=FRACTIONS, seed=0, **given_
    )


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["b", "a", "b", "a", "b", "a"], ["a", "b"]),
        ([True, False, True, False, True, False], ["False", "True"]),
        ([10, 9, 10, 9, 2, 2], ["2", "9", "10"]),
        ([10.0, np.nan, 9.0, 9.0, 10.0, 9.0], ["9", "10"]),
        ([0.5, 1.0, 2.0, 1.5, 0.1, 3.0], []),
    ],
)
def test_the_kind_of_target_is_read_off_its_values(values: list[object], labels: list[str]) -> None:
    task = task_of(pd.DataFrame({"y": values}))
    assert task.labels == labels
    assert task.metric == ("accuracy" if labels else "pearson")
    kept = [str(value) for value in values if value == value]
    if labels and not isinstance(values[0], float):
        read = [labels[number] for number in task.target]
        assert read == [str(values[unit]) for unit in task.unit]
    assert len(task.unit) == len(kept)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=8, max_size=60), st.integers(0, 5))
def test_no_group_is_torn_apart(groups: list[int], seed: int) -> None:
    if len(set(groups)) < 3:
        return
    table = pd.DataFrame({"y": np.arange(len(groups)) % 2, "g": groups})
    pairs = np.arange(len(groups)) // 2
    task = table_task(table, HERE, "corpus", pairs, "y", None, "g", FRACTIONS, seed)
    of_group = np.array(groups)[task.unit]
    assert all(len(set(task.split[of_group == group])) == 1 for group in set(groups))
    assert {*task.split} == {"train", "dev", "test"}
    # The units of a group of the corpus stand together.
    assert task.group.tolist() == pairs[task.unit].tolist() == sorted(task.group.tolist())


def test_splits_may_be_a_column() -> None:
    split = ["train", "Validation", "test", "train", "unused", " TEST "]
    task = task_of(pd.DataFrame({"y": list("abacab"), "fold": split}), split="fold")
    assert dict(zip(task.unit.tolist(), task.split.tolist(), strict=True)) == {
        0: "train",
        1: "dev",
        2: "test",
        3: "train",
        5: "test",
    }


@pytest.mark.parametrize(
    ("table", "others", "sentence"),
    [
        ({"label": list("ab")}, {}, "no column 'y'; it has label"),
        ({"yy": list("ab")}, {}, "did you mean 'yy'"),
        ({"y": [None, None]}, {}, "no row has a value of 'y'"),
        ({"y": list("aaaa")}, {}, "has one class only"),
        ({"y": ["a", 1, "b", 2]}, {}, "mixes values of several types"),
        ({"y": [0.5, np.inf, 1.5, 2.5]}, {}, "row 1: 'y' is not finite"),
        ({"y": list("ab"), "s": list("xy")}, {"split": "s"}, "no row has the split train"),
        ({"y": list("abab")}, {"metric": "pearson"}, "the metric pearson does not fit"),
    ],
)
def test_what_is_wrong_with_a_table_is_a_sentence(
    table: dict[str, list[object]], others: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        task_of(pd.DataFrame(table), **others)


def test_tables_of_all_forms_are_read(tmp_path: Path) -> None:
    table = pd.DataFrame({"y": ["a", "b", "c"], "n": [1, 2, 3]})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_csv(tmp_path / "t.csv.gz", index=False)
    table.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    table.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    table.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.csv.gz", "t.tsv", "t.jsonl", "t.parquet"):
        assert read_labelled_table(tmp_path / name).to_dict("list") == table.to_dict("list"), name


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", b"\xff\xfe\xfa,b\n", "no text in UTF-8"),
        ("t.csv", b"y\n", "the table has no rows"),
        ("t.csv", b"", "no table that can be read"),
        ("t.parquet", b"nothing", "no table that can be read"),
        ("t.txt", b"y\n1\n", "expected a table: .csv"),
    ],
)
def test_files_that_are_no_tables_are_refused(
    name: str, content: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        read_labelled_table(tmp_path / name)
    with pytest.raises(UserError, match="there is no such table"):
        read_labelled_table(tmp_path / f"missing-{name.replace('.txt', '.csv')}")


def test_the_script_writes_the_task_of_a_corpus(tmp_path: Path) -> None:
    pd.DataFrame({"y": list("ab") * 6}).to_csv(tmp_path / "t.csv", index=False)
    units = tmp_path / "slides.units.parquet"
    write_units(units, Units(np.arange(12), "digest", "units", "groups"))
    flags = ["--table", str(tmp_path / "t.csv"), "--units", str(units), "--target", "y"]
    read_table_task.main([*flags, "--output", str(tmp_path / "task.parquet")])
    task = read_task(tmp_path / "task.parquet")
    assert (task.corpus, task.labels, len(task.unit)) == ("slides", ["a", "b"], 12)
    write_units(units, Units(np.arange(11), "digest", "units", "groups"))
    with pytest.raises(UserError, match="has 12 rows, the corpus slides has 11 units"):
        read_table_task.main([*flags, "--output", str(tmp_path / "task.parquet")])
