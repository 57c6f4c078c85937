"""Covariances from the beginning of a probe against estimates from so many units alone."""

import csv
import logging
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from test_kernel_alignment import DIRECT, FORMS, SINGLE, random_features, run_estimate

from tests.small_probe import write_probe
from workflow_scripts.common.covariance_file import Covariance, read_covariance, write_covariance
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.script import UserError
from workflow_scripts.covariance import import_covariance
from workflow_scripts.covariance.convergence import Prefix, kl_divergence, prefixes_of
from workflow_scripts.covariance.gram_sums import gram_sums
from workflow_scripts.covariance.kernel_alignment import Estimator, kernel_alignment

Matrix = NDArray[np.float64]
ESTIMATORS: list[Estimator] = ["biased", "debiased"]


def direct_kappa(matrices: list[Matrix], estimator: Estimator) -> Matrix:
    return np.array([[DIRECT[estimator](x, y) for y in matrices] for x in matrices])


def direct_kl(true: Matrix, model: Matrix) -> float:
    """The same by an inverse and determinants."""
    inverse = np.linalg.inv(model)
    ratio = np.linalg.det(model) / np.linalg.det(true)
    return float((np.trace(inverse @ true) - len(true) + math.log(ratio)) / 2)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("memory_bytes", [1, 1 << 30])
def test_every_prefix_equals_the_direct_formula_on_its_units(
    estimator: Estimator, form: object, memory_bytes: int
) -> None:
    """Prefixes lie before, on and beyond the borders of the smallest blocks of 64 units."""
    matrices = random_features(230, [3, 17, 8], seed=0)
    prefixes = [5, 64, 65, 150, 150, 230]
    assert callable(form)
    sums = form(lambda i, rows: matrices[i][rows], [3, 17, 8], prefixes, memory_bytes)
    assert [one.units for one in sums] == prefixes
    for units, one in zip(prefixes, sums, strict=True):
        expected = direct_kappa([matrix[:units] for matrix in matrices], estimator)
        kappa = kernel_alignment(one, estimator)
        np.testing.assert_allclose(kappa, expected, rtol=0, atol=SINGLE)


@pytest.mark.parametrize("form", FORMS)
def test_all_units_give_the_same_with_and_without_prefixes(form: object) -> None:
    matrices = random_features(500, [6, 9, 4], seed=1)
    assert callable(form)
    for estimator in ESTIMATORS:
        with_prefixes, without = (
            kernel_alignment(
                form(lambda i, rows: matrices[i][rows], [6, 9, 4], prefixes, 1 << 30)[-1], estimator
            )
            for prefixes in ([7, 100, 500], [500])
        )
        np.testing.assert_allclose(with_prefixes, without, rtol=0, atol=SINGLE)


@pytest.mark.parametrize("units", [10, 2_000])
def test_one_pass_reads_every_unit_once_whatever_the_form(units: int) -> None:
    """Few units go through Gram tiles, many through cross products; the first 256 are read once
    more, for what is taken off."""
    matrices = random_features(units, [30, 20], seed=2)
    rows_read: list[int] = []

    def counting(index: int, rows: slice) -> Matrix:
        rows_read.extend(range(rows.start, rows.stop))
        return matrices[index][rows]

    for prefixes in ([units], [units // 2, units]):
        rows_read.clear()
        gram_sums(counting, [30, 20], prefixes, 1 << 30)
        first = min(prefixes[0], 256)
        assert sorted(rows_read) == sorted([*range(units), *range(first)] * 2)


@pytest.mark.parametrize("form", FORMS)
def test_memory_stays_within_what_is_given(form: object) -> None:
    matrices = random_features(4_000, [300, 400, 300], seed=2)
    memory_bytes = 30 << 20
    assert callable(form)
    tracemalloc.start()
    form(lambda i, rows: matrices[i][rows], [300, 400, 300], [100, 4_000], memory_bytes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * memory_bytes


def test_the_divergence_is_that_of_the_definition() -> None:
    rho, other = 0.6, -0.3
    true, model = np.array([[1, rho], [rho, 1]]), np.array([[1, other], [other, 1]])
    assert kl_divergence(true, np.eye(2)) == pytest.approx(-math.log(1 - rho**2) / 2)
    trace = 2 * (1 - rho * other) / (1 - other**2)
    by_hand = (trace - 2 + math.log((1 - other**2) / (1 - rho**2))) / 2
    assert kl_divergence(true, model) == pytest.approx(by_hand)
    assert kl_divergence(true, true) == 0
    assert math.isnan(kl_divergence(true, np.ones((2, 2))))
    assert math.isnan(kl_divergence(np.array([[1, 1.5], [1.5, 1]]), true))


def test_prefixes_count_groups_and_the_units_that_all_checkpoints_have() -> None:
    """Half of the groups are always among them."""
    units = np.array([0, 1, 4, 5, 6, 8])
    groups = np.repeat([7, 8, 9], [2, 3, 4])
    assert prefixes_of(groups, [2, 1, 2, 3, 99], units) == [
        Prefix(1, 2),
        Prefix(2, 3),
        Prefix(3, 6),
    ]
    assert prefixes_of(np.zeros(9, np.int64), [1], units) == [Prefix(1, 6)]
    four = np.repeat([2, 5, 6, 9], [2, 1, 2, 4])
    assert prefixes_of(four, [], units) == [Prefix(2, 2), Prefix(4, 6)]


@pytest.fixture
def probe(tmp_path: Path) -> tuple[Path, list[Matrix]]:
    """A corpus of 40 groups of 1 to 7 units, and features of three checkpoints on it; the
    second has none for every third unit."""
    lengths = [1 + number % 7 for number in range(40)]
    write_probe(tmp_path, lengths)
    matrices = random_features(sum(lengths), [5, 9, 4], seed=3)
    for number, matrix in enumerate(matrices):
        write(tmp_path, f"net-{number}", matrix, np.arange(len(matrix)) % 3 != number + 1)
    return tmp_path, [matrix.astype(np.float32).astype(float) for matrix in matrices]


def write(folder: Path, name: str, matrix: Matrix, present: NDArray[np.bool_]) -> None:
    with FeatureWriter(
        folder / f"{name}.safetensors", *matrix.shape, "float32", {"corpus_sha256": "c"}
    ) as writer:
        writer.write(np.flatnonzero(present), matrix[present])


def run(folder: Path, *flags: str) -> list[dict[str, str]]:
    """Rows of the convergence."""
    names = sorted(path.stem for path in folder.glob("*.safetensors"))
    run_estimate(folder, names, *flags)
    with (folder / "c.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("memory", ["1", "1500"])
def test_the_script_writes_every_prefix_then_all(
    probe: tuple[Path, list[Matrix]], estimator: Estimator, memory: str
) -> None:
    folder, matrices = probe
    flags = ["--estimator", estimator, "--memory-mb", memory]
    rows = run(folder, *flags, "--prefixes", "30", "4096", "12", "12", "40")
    assert list(rows[0]) == ["groups", "units", "kl", "cosine", "smallest_eigenvalue"]
    assert [row["groups"] for row in rows] == ["0", "12", "20", "30", "40"]
    # Net-0 has no unit 1, 4, 7 …, net-1 no unit 2, 5, 8 …: units 0, 3, 6 … are left.
    common = np.arange(len(matrices[0])) % 3 == 0
    ends = [0, *np.cumsum([1 + number % 7 for number in range(40)])]
    counts = [int(common[: ends[int(row["groups"])]].sum()) for row in rows]
    assert [int(row["units"]) for row in rows] == counts
    used = [matrix[common] for matrix in matrices]
    whole = direct_kappa(used, estimator)
    for row, count in zip(rows, counts, strict=True):
        part = direct_kappa([m[:count] for m in used], estimator) if count else np.eye(3)
        cosine = (whole * part).sum() / math.sqrt((whole**2).sum() * (part**2).sum())
        assert float(row["kl"]) == pytest.approx(direct_kl(whole, part), abs=1e-6)
        assert float(row["cosine"]) == pytest.approx(cosine, abs=1e-6)
        least = np.linalg.eigvalsh(part)[0]
        assert float(row["smallest_eigenvalue"]) == pytest.approx(least, abs=1e-6)
    assert float(rows[-1]["kl"]) == pytest.approx(0, abs=1e-12)
    assert float(rows[-1]["cosine"]) == pytest.approx(1)


def test_the_covariance_does_not_depend_on_prefixes(probe: tuple[Path, list[Matrix]]) -> None:
    folder, _ = probe
    run(folder, "--prefixes", "5", "20")
    one = read_covariance(folder / "probe.npz")
    assert len(run(folder)) == 3
    other = read_covariance(folder / "probe.npz")
    assert (one.names, one.rows, one.estimator) == (other.names, other.rows, other.estimator)
    np.testing.assert_allclose(one.values, other.values, rtol=0, atol=SINGLE)


def test_beginnings_too_short_for_a_covariance_are_left_empty_and_said(
    probe: tuple[Path, list[Matrix]], caplog: pytest.LogCaptureFixture
) -> None:
    """Two groups have one unit that all have, twenty have enough."""
    folder, _ = probe
    with caplog.at_level(logging.INFO):
        rows = run(folder, "--prefixes", "2", "20")
    assert [rows[1][column] for column in ("units", "kl", "cosine")] == ["1", "", ""]
    assert float(rows[2]["kl"]) > 0
    assert "2 groups (1 units): no covariance, debiased kernel alignment needs at" in caplog.text


def test_a_part_that_is_not_positive_definite_has_a_cosine_and_no_divergence(
    probe: tuple[Path, list[Matrix]], caplog: pytest.LogCaptureFixture
) -> None:
    """Two checkpoints that differ only in the second half of the probe."""
    folder, matrices = probe
    twin = matrices[2].copy()
    twin[80:] = random_features(len(twin) - 80, [4], seed=9)[0]
    write(folder, "twin", twin, np.ones(len(twin), bool))
    with caplog.at_level(logging.INFO):
        rows = run(folder, "--prefixes", "15", "30")
    assert [row["groups"] for row in rows] == ["0", "15", "20", "30", "40"]
    assert rows[1]["kl"] == ""
    assert 0 < float(rows[1]["cosine"]) < 1
    assert float(rows[1]["smallest_eigenvalue"]) == pytest.approx(0, abs=1e-7)
    assert float(rows[3]["kl"]) > 0
    assert "the first 15 groups (19 units): no divergence" in caplog.text


def test_a_probe_that_cannot_be_begun_is_told(probe: tuple[Path, list[Matrix]]) -> None:
    folder, _ = probe
    with pytest.raises(SystemExit):
        run(folder, "--prefixes", "0")
    with pytest.raises(SystemExit):
        run(folder, "--probe", str(folder / "none.parquet"))
    with pytest.raises(UserError, match=r"net-0\.safetensors: this is no file of units"):
        run(folder, "--probe", str(folder / "net-0.safetensors"))
    write_probe(folder, [1, 2], "another")
    with pytest.raises(UserError, match=r"probe\.units\.parquet: the features are of another"):
        run(folder)


NAMES = ["bert-base-cased", "bert-base-uncased", "gpt2", "t5-base"]


def brought(folder: Path, values: Matrix) -> Path:
    write_covariance(folder / "brought.npz", Covariance(NAMES, values, rows=9, estimator="biased"))
    return folder / "brought.npz"


def some_kappa() -> Matrix:
    factor = np.random.default_rng(0).normal(size=(4, 9))
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    return factor @ factor.T


def run_import(file: Path, names: list[str], *flags: str) -> Covariance:
    output = file.parent / "zoo" / "probe.npz"
    import_covariance.main(
        ["--covariance", str(file), "--checkpoints", *names, "--output", str(output), *flags]
    )
    return read_covariance(output)


def test_an_imported_covariance_is_the_part_for_the_zoo(tmp_path: Path) -> None:
    kappa = some_kappa()
    covariance = run_import(brought(tmp_path, kappa), ["t5-base", "bert-base-cased", "gpt2"])
    assert covariance.names == ["bert-base-cased", "gpt2", "t5-base"]
    np.testing.assert_allclose(covariance.values, kappa[np.ix_([0, 2, 3], [0, 2, 3])], atol=1e-15)
    assert (covariance.rows, covariance.estimator) == (0, "precomputed")
    assert (np.diag(covariance.values) == 1).all()


def test_a_bare_array_is_imported_with_its_names(tmp_path: Path) -> None:
    kappa = some_kappa().astype(np.float32)
    np.save(tmp_path / "k.npy", kappa)
    (tmp_path / "names.txt").write_text("\n".join(NAMES[::-1]))
    flags = ["--names", str(tmp_path / "names.txt")]
    covariance = run_import(tmp_path / "k.npy", ["gpt2", "t5-base"], *flags)
    assert covariance.values[0, 1] == pytest.approx(kappa[0, 1])
    with pytest.raises(UserError, match="give them with --names FILE"):
        run_import(tmp_path / "k.npy", ["gpt2"])


def test_checkpoints_without_a_row_are_listed_with_names_like_theirs(tmp_path: Path) -> None:
    path = brought(tmp_path, some_kappa())
    message = (
        r"brought\.npz: the covariance has no row for bert-base "
        r"\(did you mean t5-base or bert-base-cased or bert-base-uncased\?\), wholly-other"
    )
    with pytest.raises(UserError, match=message):
        run_import(path, ["gpt2", "wholly-other", "bert-base"])
    assert not (tmp_path / "zoo").exists()


def test_only_the_rows_of_the_zoo_need_be_right(tmp_path: Path) -> None:
    kappa = some_kappa()
    kappa[0, 1] = kappa[1, 0] = np.nan
    path = brought(tmp_path, kappa)
    assert run_import(path, NAMES[1:]).names == NAMES[1:]
    with pytest.raises(UserError, match="not finite, at bert-base-cased and bert-base-uncased"):
        run_import(path, NAMES)
    kappa = some_kappa()
    kappa[2, 3] += 0.1
    with pytest.raises(UserError, match=r"brought\.npz: .* not symmetric, at gpt2 and t5-base"):
        run_import(brought(tmp_path, kappa), NAMES)


def test_duplicates_are_imported_for_a_selection_with_jitter(tmp_path: Path) -> None:
    kappa = some_kappa()
    kappa[3], kappa[:, 3] = kappa[2], kappa[:, 2]
    kappa[3, 3] = 1
    values = run_import(brought(tmp_path, kappa), NAMES).values
    assert values[2, 3] == pytest.approx(1)
