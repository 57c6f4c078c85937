"""Task files: what is written is read again, and other files are refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import Task, read_task, write_task

ARRAYS = ("unit", "group", "split", "target")


def some_task(**changes: object) -> Task:
    """Four words; the first two sentences have the same text, and so the same unit."""
    parts: dict[str, object] = {
        "corpus": "words",
        "metric": "f1",
        "kind": "classification",
        "labels": ["c", "i"],
        "unit": np.array([5, 5, 2, 3]),
        "group": np.array([0, 1, 2, 2]),
        "split": np.array(["train", "train", "dev", "test"]),
        "target": np.array([1, 0, 0, 1]),
        "positive": "i",
    }
    return Task(**parts | changes)  # type: ignore[arg-type]


def assert_reads_back(task: Task, path: Path) -> None:
    write_task(path, task)
    again = read_task(path)
    for name in ("corpus", "metric", "kind", "labels", "positive"):
        assert getattr(again, name) == getattr(task, name)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(task, name))
        assert getattr(again, name).dtype.kind == getattr(task, name).dtype.kind


def test_a_classification_reads_back_as_it_was(tmp_path: Path) -> None:
    assert_reads_back(some_task(), tmp_path / "t.parquet")
    strange = some_task(labels=["", "1", "ja, männlich", "nobody has it"], positive="")
    assert_reads_back(strange, tmp_path / "t.parquet")


@given(values=st.lists(st.floats(allow_nan=False), min_size=4, max_size=4))
def test_values_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    task = some_task(
        metric="pearson", kind="regression", labels=[], target=np.array(values), positive=""
    )
    assert_reads_back(task, tmp_path_factory.getbasetemp() / "values.parquet")


def test_the_columns_are_what_other_programs_expect(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_task(path, some_task())
    assert pq.read_table(path).to_pydict() == {
        "unit": [5, 5, 2, 3],
        "group": [0, 1, 2, 2],
        "split": ["train", "train", "dev", "test"],
        "target": ["i", "c", "c", "i"],
    }
    write_task(path, some_task(kind="regression", labels=[], target=np.array([0.5, -3, 0, 1])))
    assert pq.read_table(path)["target"].to_pylist() == [0.5, -3, 0, 1]


def test_equal_tasks_give_equal_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in paths:
        write_task(path, some_task())
    assert paths[0].read_bytes() == paths[1].read_bytes()


def rewrite(path: Path, table: pa.Table, metadata: dict[str, str]) -> None:
    pq.write_table(table.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize(
    "damage", ["column", "metadata", "label", "json", "kind of target", "gap", "text", "folder"]
)
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "t.parquet"
    write_task(path, some_task())
    table = pq.read_table(path)
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert read_task(path)
    match damage:
        case "column":
            rewrite(path, table.drop_columns(["group"]), metadata)
        case "metadata":
            rewrite(path, table, {"corpus": "words"})
        case "label":
            rewrite(path, table, metadata | {"labels": '["c"]'})
        case "json":
            rewrite(path, table, metadata | {"labels": "c, i"})
        case "kind of target":
            rewrite(path, table, metadata | {"kind": "regression"})
        case "gap":
            gap = pa.array([0, None, 1, 2])
            rewrite(path, table.set_column(0, "unit", gap), metadata)
        case "text":
            path.write_text("unit,target\n1,c\n")
        case "folder":
            path.unlink()
            path.mkdir()
    with pytest.raises(UserError, match=r"t\.parquet: this is no task file \(parquet with unit"):
        read_task(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.parquet: there is no such task file"):
        read_task(tmp_path / "none.parquet")


def test_reading_imports_no_pandas(tmp_path: Path) -> None:
    """It would be the longest part of a short job."""
    path = tmp_path / "t.parquet"
    write_task(path, some_task())
    code = (
        "import sys; from pathlib import Path;"
        "from workflow_scripts.common.task_file import read_task;"
        f"read_task(Path({str(path)!r})); print('pandas' in sys.modules)"
    )
    root = Path(__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
