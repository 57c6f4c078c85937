"""Sums kept from one estimate to the next: what is taken, what is computed anew."""

import logging
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from test_kernel_alignment import SINGLE, random_features, run_estimate

from tests.small_probe import write_probe
from workflow_scripts.common.covariance_file import Covariance, read_covariance
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.script import UserError
from workflow_scripts.covariance.gram_sums import NOTHING_KNOWN, read_sums

Matrix = NDArray[np.float64]
SENTENCES = 300


@pytest.fixture
def folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Path:
    """A corpus and features of five checkpoints on it: of so many units that cross products of
    features are cheaper, in which no pair depends on another."""
    caplog.set_level(logging.INFO)
    write_probe(tmp_path, [4] * SENTENCES)
    for number, matrix in enumerate(random_features(4 * SENTENCES, [5, 9, 4, 30, 7], seed=3)):
        write(tmp_path, f"net-{number}", matrix)
    return tmp_path


def write(folder: Path, name: str, matrix: Matrix, absent: int = 0) -> None:
    with FeatureWriter(
        folder / f"{name}.safetensors", *matrix.shape, "float32", {"corpus_sha256": "c"}
    ) as writer:
        writer.write(slice(absent, None), matrix[absent:])


def estimated(folder: Path, numbers: list[int], *flags: str, fresh: bool = False) -> Covariance:
    kept = [] if fresh else ["--sums", str(folder / "probe.sums.npz"), "--code", "digest"]
    names = [f"net-{number}" for number in numbers]
    return read_covariance(run_estimate(folder, names, "--device", "cpu", *kept, *flags))


def same_as_fresh(folder: Path, numbers: list[int], *flags: str) -> bool:
    kept, fresh = (estimated(folder, numbers, *flags, fresh=one) for one in (False, True))
    return kept.names == fresh.names and bool((kept.values == fresh.values).all())


def said(caplog: pytest.LogCaptureFixture, computed: int, taken: int) -> bool:
    found = f"{computed} pairs computed, {taken} taken from before" in caplog.text
    caplog.clear()
    return found


def test_one_checkpoint_more_costs_one_row(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Wherever its name stands among the others."""
    estimated(folder, [0, 2, 4])
    assert said(caplog, 6, 0)
    assert same_as_fresh(folder, [0, 1, 2, 4])
    assert said(caplog, 4, 6)
    assert same_as_fresh(folder, [4, 3, 2, 1, 0])
    assert said(caplog, 5, 10)


def test_one_checkpoint_fewer_costs_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    estimated(folder, [0, 1, 2, 3])
    caplog.clear()
    assert same_as_fresh(folder, [0, 1, 3])
    assert said(caplog, 0, 6)
    # What was left out is forgotten.
    estimated(folder, [0, 1, 2, 3])
    assert said(caplog, 4, 6)


def test_the_estimator_is_no_matter(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    estimated(folder, [0, 1, 2])
    caplog.clear()
    assert same_as_fresh(folder, [0, 1, 2], "--estimator", "biased")
    assert said(caplog, 0, 6)


def test_a_feature_file_that_changed_costs_its_row(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    estimated(folder, [0, 1, 2])
    write(folder, "net-1", random_features(4 * SENTENCES, [9], seed=8)[0])
    caplog.clear()
    assert same_as_fresh(folder, [0, 1, 2])
    assert said(caplog, 3, 3)


def test_other_units_cost_everything(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    estimated(folder, [0, 1, 2])
    write(folder, "net-1", random_features(4 * SENTENCES, [9], seed=8)[0], absent=5)
    caplog.clear()
    assert same_as_fresh(folder, [0, 1, 2])
    assert "probe.sums.npz: other units, prefixes or code; all pairs" in caplog.text
    assert said(caplog, 6, 0)


def test_other_code_costs_everything(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    estimated(folder, [0, 1, 2])
    caplog.clear()
    estimated(folder, [0, 1, 2], "--code", "other")
    assert said(caplog, 6, 0)


def test_sums_are_kept_only_where_their_code_is_known(folder: Path) -> None:
    with pytest.raises(UserError, match="--sums needs --code"):
        estimated(folder, [0, 1, 2], "--code", "")


def test_beginnings_of_the_probe_are_kept_too(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = folder / "c.csv"
    estimated(folder, [0, 1, 3], "--prefixes", "50", "150")
    caplog.clear()
    estimated(folder, [0, 1, 2, 3], "--prefixes", "50", "150")
    assert said(caplog, 4, 6)
    kept = table.read_bytes()
    estimated(folder, [0, 1, 2, 3], "--prefixes", "50", "150", fresh=True)
    assert table.read_bytes() == kept
    caplog.clear()
    estimated(folder, [0, 1, 2, 3], "--prefixes", "50", "151")
    assert said(caplog, 10, 0)


def test_copies_of_a_checkpoint_share_their_sums(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    estimated(folder, [0, 1])
    (folder / "net-9.safetensors").write_bytes((folder / "net-0.safetensors").read_bytes())
    caplog.clear()
    assert estimated(folder, [0, 1, 9]).values[0, 2] == pytest.approx(1, abs=1e-12)
    assert said(caplog, 0, 6)


def test_tiles_round_otherwise_with_another_number_of_checkpoints(folder: Path) -> None:
    """With few units tiles are cheaper, which are made for all checkpoints at once."""
    write_probe(folder, [30])
    for number, matrix in enumerate(random_features(30, [80, 90, 70], seed=3)):
        write(folder, f"net-{number}", matrix)
    estimated(folder, [0, 1])
    kept, fresh = (estimated(folder, [0, 1, 2], fresh=one) for one in (False, True))
    np.testing.assert_allclose(kept.values, fresh.values, rtol=0, atol=SINGLE)


@pytest.mark.parametrize("what", ["text", "empty", "cut", "foreign", "shapes", "nan"])
def test_a_file_that_is_none_of_ours_is_replaced(
    folder: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    estimated(folder, [0, 1, 2])
    path = folder / "probe.sums.npz"
    good = path.read_bytes()
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    match what:
        case "text":
            path.write_text("no numbers")
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(good[: len(good) // 2])
        case "foreign":
            np.savez(path, values=np.eye(3))
        case "shapes":
            np.savez(path, **(arrays | {"inner": np.zeros((1, 2, 2))}))  # type: ignore[arg-type]
        case "nan":
            np.savez(path, **(arrays | {"rows": arrays["rows"] * np.nan}))  # type: ignore[arg-type]
    caplog.clear()
    assert same_as_fresh(folder, [0, 1, 2])
    assert "probe.sums.npz: these are no sums of this workflow" in caplog.text
    assert said(caplog, 6, 0)
    estimated(folder, [0, 1, 2])
    assert said(caplog, 0, 6)


def test_nothing_is_known_where_no_file_is(tmp_path: Path) -> None:
    assert read_sums(tmp_path / "none.npz", "key") is NOTHING_KNOWN
