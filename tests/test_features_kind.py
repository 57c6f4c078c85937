"""Zoos of features brought along: files of any framework, checked and used in place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.script import UserError
from workflow_scripts.common.units_file import read_units
from workflow_scripts.config.config import ConfigError, read_config
from workflow_scripts.kinds.features import describe_features, import_features, write_units
from workflow_scripts.kinds.features.feature_source import open_source
from workflow_scripts.kinds.features.pattern import checkpoints_by_corpus, pattern_problem

UNITS, DIMS = 12, 5


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(UNITS, DIMS)).astype(np.float32)


def as_parquet(path: Path, matrix: np.ndarray) -> None:
    column = pa.array([row.tolist() for row in matrix], pa.list_(pa.float32()))
    pq.write_table(pa.table({"embedding": column, "id": list(range(len(matrix)))}), path)


WRITERS: dict[str, tuple[str, Callable[[Path, Any], Any], float]] = {
    "npy float32": ("a.npy", lambda path, m: np.save(path, m), 0),
    "npy float64": ("a.npy", lambda path, m: np.save(path, m.astype(np.float64)), 0),
    "npy float16": ("a.npy", lambda path, m: np.save(path, m.astype(np.float16)), 1e-3),
    "npy by columns": ("a.npy", lambda path, m: np.save(path, np.asfortranarray(m)), 0),
    "npy big endian": ("a.npy", lambda path, m: np.save(path, m.astype(">f4")), 0),
    "npz": ("a.npz", lambda path, m: np.savez(path, features=m, other=np.zeros(3)), 0),
    "npz compressed": ("a.npz", lambda path, m: np.savez_compressed(path, m), 0),
    "safetensors": ("a.safetensors", lambda path, m: save_file({"x": torch.tensor(m)}, path), 0),
    "safetensors bfloat16": (
        "a.safetensors",
        lambda path, m: save_file({"x": torch.tensor(m).bfloat16()}, path),
        2e-2,
    ),
    "parquet": ("a.parquet", as_parquet, 0),
    "pt": ("a.pt", lambda path, m: torch.save(torch.tensor(m), path), 0),
    "pt dictionary": ("a.pt", lambda path, m: torch.save({"x": torch.tensor(m), "n": 3}, path), 0),
}
IN_PLACE = {"npy float32", "npy float64", "npy float16", "safetensors"}


def imported(folder: Path, source: Path, checkpoint: str = "ours") -> Path:
    units, output = folder / "probe.units.parquet", folder / "ours.safetensors"
    if not units.exists():
        write_units.main(["--corpus", "probe", "--source", str(source), "--output", str(units)])
    card = folder / "card.json"
    describe_features.main(
        ["--checkpoint", checkpoint, "--source", str(source), "--card", str(card)]
    )
    flags = ["--source", str(source), "--card", str(card), "--units", str(units)]
    import_features.main([*flags, "--output", str(output)])
    return output


@pytest.mark.parametrize("form", WRITERS)
def test_features_are_those_of_the_file_whatever_wrote_it(
    form: str, tmp_path: Path, matrix: np.ndarray
) -> None:
    name, write, tolerance = WRITERS[form]
    write(tmp_path / name, matrix)
    features = open_features(imported(tmp_path, tmp_path / name))
    rows = np.array([3, 0, 11])
    assert np.allclose(features.read(rows), matrix[rows], atol=tolerance)
    assert features.present.all() and len(features.present) == UNITS
    assert (
        features.metadata["corpus_sha256"]
        == read_units(tmp_path / "probe.units.parquet").corpus_sha256
    )
    assert len(features.digest) == 64


@pytest.mark.parametrize("form", WRITERS)
def test_matrices_that_can_be_mapped_are_not_copied(
    form: str, tmp_path: Path, matrix: np.ndarray
) -> None:
    name, write, _ = WRITERS[form]
    big = np.tile(matrix, (200, 20))
    write(tmp_path / name, big)
    size = imported(tmp_path, tmp_path / name).stat().st_size
    assert (size < big.nbytes / 10) == (form in IN_PLACE)


def test_features_that_changed_in_place_are_noticed(tmp_path: Path, matrix: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", matrix)
    output = imported(tmp_path, tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", matrix + 1)
    with pytest.raises(UserError, match="not those that were written there"):
        _ = open_features(output).digest
    (tmp_path / "a.npy").unlink()
    with pytest.raises(UserError, match=r"a\.npy: there is no such feature file"):
        open_features(output)


def with_row(matrix: np.ndarray, row: int, value: float) -> np.ndarray:
    spoilt = matrix.copy()
    spoilt[row] = value
    return spoilt


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda m: with_row(m, 7, np.nan), r"a\.npy, row 7: the features are not finite"),
        (lambda m: np.ones_like(m), "all 12 rows are the same"),
        (lambda m: m[:10], "has 10 rows, the other checkpoints have 12 on probe"),
        (lambda m: m[:, :, None], "the array is 12×5×1; features are one matrix"),
        (lambda m: (m > 0).astype(np.int64), "the array holds int64; features are floats"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_a_sentence(
    spoil: Callable[[np.ndarray], np.ndarray], sentence: str, tmp_path: Path, matrix: np.ndarray
) -> None:
    np.save(tmp_path / "good.npy", matrix)
    imported(tmp_path, tmp_path / "good.npy")
    np.save(tmp_path / "a.npy", spoil(matrix))
    with pytest.raises(UserError, match=sentence):
        imported(tmp_path, tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("name", "write", "sentence"),
    [
        ("a.npy", lambda path: path.write_bytes(b"no array"), "cannot be read as features"),
        ("a.npy", lambda path: np.save(path, np.array([{}])), "cannot be read as features"),
        ("a.npz", lambda path: np.savez(path, a=np.eye(3), b=np.eye(3)), "holds a, b; name"),
        ("a.pt", lambda path: torch.save([1, 2], path), "expected a tensor"),
        ("a.pt", lambda path: torch.save({"n": 1}, path), "holds no array"),
        ("a.parquet", lambda path: pq.write_table(pa.table({"x": [1.0]}), path), "holds no array"),
    ],
)
def test_files_that_hold_no_matrix_are_refused(
    name: str, write: Callable[[Path], Any], sentence: str, tmp_path: Path
) -> None:
    write(tmp_path / name)
    with pytest.raises(UserError, match=sentence):
        open_source(tmp_path / name)
    with pytest.raises(UserError, match="there is no such feature file"):
        open_source(tmp_path / f"missing{Path(name).suffix}")


def test_groups_are_those_of_the_table(tmp_path: Path, matrix: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", matrix)
    patients = ["p1", "p2", "p1", "p3"] * 3
    (tmp_path / "groups.csv").write_text("patient\n" + "\n".join(patients) + "\n")
    flags = ["--corpus", "probe", "--source", str(tmp_path / "a.npy")]
    flags += ["--groups", str(tmp_path / "groups.csv"), "--group", "patient"]
    output = tmp_path / "units.parquet"
    write_units.main([*flags, "--output", str(output)])
    groups = read_units(output).group
    assert sorted(set(groups.tolist())) == [0, 1, 2]
    same = np.array(patients)[:, None] == np.array(patients)
    assert ((groups[:, None] == groups) == same).all()
    (tmp_path / "groups.csv").write_text("patient\np1\n")
    with pytest.raises(UserError, match=r"has 1 rows, .* has 12; row i of both"):
        write_units.main([*flags, "--output", str(output)])


def test_a_card_says_what_is_known(tmp_path: Path, matrix: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", matrix)
    flags = ["--checkpoint", "a b", "--source", str(tmp_path / "a.npy")]
    describe_features.main([*flags, "--card", str(tmp_path / "card.json")])
    assert '"checkpoint": "a b"' in (tmp_path / "card.json").read_text()
    assert '"dims": 5' in (tmp_path / "card.json").read_text()


def test_checkpoints_are_found_by_the_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in (
        "e/a/probe.npy",
        "e/a.b/probe.npy",
        "e/a/task.npy",
        "e/a/probe.npz",
        "e/c/x/y.npy",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    expected = {"probe": ["a", "a.b"], "task": ["a"]}
    assert checkpoints_by_corpus("e/{checkpoint}/{corpus}.npy") == expected
    assert checkpoints_by_corpus("./e/{checkpoint}/{corpus}.npy") == expected
    absolute = f"{tmp_path.as_posix()}/e/{{checkpoint}}/{{corpus}}.npy"
    assert checkpoints_by_corpus(absolute) == expected
    assert checkpoints_by_corpus("e/{corpus}/{checkpoint}.npy")["a"] == ["probe", "task"]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("e/{checkpoint}/{corpus}.npy", None),
        ("e/{checkpoint}.npy", "must hold {corpus} once"),
        ("e/{checkpoint}/{checkpoint}/{corpus}.npy", "must hold {checkpoint} once"),
        ("{x}/{checkpoint}/{corpus}.npy", "no other braces"),
        ("e/{checkpoint}/{corpus}.csv", "must end in one of .npy"),
    ],
)
def test_patterns_are_checked(pattern: str, problem: str | None) -> None:
    found = pattern_problem(pattern)
    assert found is None if problem is None else problem in str(found)


def test_a_folder_without_features_is_a_config_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    zoo = {
        "modality": "features",
        "features": "e/{checkpoint}/{corpus}.npy",
        "probe": {},
        "selection": {"sizes": [1], "methods": {"mmi": {}}},
    }
    with pytest.raises(ConfigError, match=r"0 files match e/\*/probe\.npy"):
        read_config({"zoos": {"mine": zoo}})
