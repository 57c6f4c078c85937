"""Kernel alignment against the direct formulas on whole matrices."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.script import UserError
from workflow_scripts.covariance import estimate
from workflow_scripts.covariance.kernel_alignment import (
    ConstantFeaturesError,
    Estimator,
    GramSums,
    gram_sums,
    kernel_alignment,
    sums_of_cross_products,
    sums_of_gram_tiles,
)

MATRICES = list[NDArray[np.float64]]
FORMS = [sums_of_cross_products, sums_of_gram_tiles]


def direct_biased(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Huang, Qiu and Church (2021), equation 2, as it is printed."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return float(np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


def direct_debiased(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Song et al. (2012), equation 4, on Gram matrices without their diagonals."""

    def hsic(k: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        n = len(k)
        k, other = k - np.diag(np.diag(k)), other - np.diag(np.diag(other))
        one = np.ones(n)
        first = np.trace(k @ other)
        second = (one @ k @ one) * (one @ other @ one) / ((n - 1) * (n - 2))
        third = 2 / (n - 2) * (one @ k @ other @ one)
        return float((first + second - third) / (n * (n - 3)))

    k, other = x @ x.T, y @ y.T
    return hsic(k, other) / np.sqrt(hsic(k, k) * hsic(other, other))


DIRECT = {"biased": direct_biased, "debiased": direct_debiased}


def random_features(units: int, dims: list[int], seed: int) -> MATRICES:
    """Features that share something, with means far from zero."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=(units, 5))
    return [
        shared @ generator.normal(size=(5, dim))
        + generator.normal(size=(units, dim))
        + 10 * generator.normal(size=dim)
        for dim in dims
    ]


def sums_of(matrices: MATRICES, form: object = gram_sums, memory_bytes: int = 1 << 30) -> GramSums:
    assert callable(form)
    (sums,) = form(
        lambda i, rows: matrices[i][rows],
        [matrix.shape[1] for matrix in matrices],
        [len(matrices[0])],
        memory_bytes,
    )
    assert isinstance(sums, GramSums)
    return sums


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("memory_bytes", [1, 1 << 30])
def test_both_forms_equal_the_direct_formula(
    estimator: Estimator, form: object, memory_bytes: int
) -> None:
    """With one byte of memory the rows come in the smallest blocks, here four of them."""
    matrices = random_features(200, [3, 17, 8, 30], seed=0)
    kappa = kernel_alignment(sums_of(matrices, form, memory_bytes), estimator)
    for i, x in enumerate(matrices):
        for j, y in enumerate(matrices):
            assert kappa[i, j] == pytest.approx(DIRECT[estimator](x, y), abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(
    units=st.integers(4, 150),
    dims=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    seed=st.integers(0, 10_000),
)
def test_forms_agree_and_kappa_is_a_correlation_matrix(
    units: int, dims: list[int], seed: int
) -> None:
    matrices = random_features(units, dims, seed)
    sums = [sums_of(matrices, form, 1) for form in FORMS]
    for estimator in ("biased", "debiased"):
        try:
            one, other = (kernel_alignment(s, estimator) for s in sums)
        except ConstantFeaturesError:
            # Four units and few dimensions can leave the debiased estimate of a norm negative.
            assert estimator == "debiased"
            continue
        np.testing.assert_allclose(one, other, atol=1e-7)
        assert (one == one.T).all()
        assert (np.diag(one) == 1).all()
        assert np.linalg.eigvalsh(one)[0] > -1e-7
        assert (np.abs(one) < 1 + 1e-7).all()


@pytest.mark.parametrize("form", FORMS)
def test_features_are_read_once_where_memory_allows(form: object) -> None:
    matrices = random_features(200, [3, 17, 8], seed=0)
    rows_read = [0, 0, 0]

    def counting(index: int, rows: slice) -> NDArray[np.float64]:
        rows_read[index] += rows.stop - rows.start
        return matrices[index][rows]

    assert callable(form)
    form(counting, [3, 17, 8], [200], 1 << 30)
    assert rows_read == [200, 200, 200]


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
def test_rotations_shifts_and_scales_of_features_change_nothing(estimator: Estimator) -> None:
    x, y = random_features(100, [6, 9], seed=1)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(9, 9)))[0]
    before = kernel_alignment(sums_of([x, y]), estimator)
    after = kernel_alignment(sums_of([x, 7.5 * y @ rotation + 100]), estimator)
    np.testing.assert_allclose(before, after, atol=1e-9)


def test_debiased_alignment_of_independent_features_is_near_zero_where_biased_is_large() -> None:
    """Figures of the estimators' bias: 0.92 biased at n = 64, d = 768."""
    generator = np.random.default_rng(0)
    matrices = [generator.normal(size=(64, 768)) for _ in range(6)]
    upper = np.triu_indices(6, 1)
    biased = kernel_alignment(sums_of(matrices), "biased")[upper]
    debiased = kernel_alignment(sums_of(matrices), "debiased")[upper]
    assert biased.mean() == pytest.approx(0.92, abs=0.01)
    assert abs(debiased.mean()) < 0.02


def test_the_cheaper_form_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for form in FORMS:
        monkeypatch.setattr(
            f"workflow_scripts.covariance.kernel_alignment.{form.__name__}",
            lambda *_, name=form.__name__: called.append(name),
        )
    read = random_features(10, [2], 0)
    gram_sums(lambda i, rows: read[i][rows], [50] * 4, [10_000], 1 << 30)
    gram_sums(lambda i, rows: read[i][rows], [2_048] * 100, [7_000], 1 << 30)
    assert called == ["sums_of_cross_products", "sums_of_gram_tiles"]


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
def test_constant_features_are_named(estimator: Estimator) -> None:
    x, y = random_features(50, [4, 4], seed=3)
    with pytest.raises(ConstantFeaturesError) as caught:
        kernel_alignment(sums_of([x, np.full_like(y, 3.3)]), estimator)
    assert caught.value.indices == [1]


@pytest.mark.parametrize(("estimator", "least"), [("biased", 2), ("debiased", 4)])
def test_too_few_units_are_refused_with_the_number(estimator: Estimator, least: int) -> None:
    matrices = random_features(least - 1, [4, 4], seed=3)
    with pytest.raises(ValueError, match=f"at least {least} units, there are {least - 1}"):
        kernel_alignment(sums_of(matrices), estimator)


def write_features(folder: Path, matrices: MATRICES, corpus: str = "c") -> list[str]:
    names = [f"net-{number}" for number in range(len(matrices))]
    for name, matrix in zip(names, matrices, strict=True):
        with FeatureWriter(
            folder / f"{name}.safetensors",
            *matrix.shape,
            "float32",
            {"corpus_sha256": corpus},
        ) as writer:
            writer.write(slice(0, len(matrix)), matrix)
    return names


def run_estimate(folder: Path, names: list[str], *flags: str) -> Path:
    output = folder / "probe.npz"
    estimate.main(
        ["--features-folder", str(folder), "--checkpoints", *names, "--output", str(output), *flags]
    )
    return output


def test_the_script_equals_the_direct_formula_whatever_the_order_of_names(tmp_path: Path) -> None:
    matrices = random_features(300, [5, 9, 14], seed=4)
    names = write_features(tmp_path, matrices)
    covariance = read_covariance(run_estimate(tmp_path, names[::-1], "--memory-mb", "1"))
    assert covariance.names == names
    assert covariance.rows == 300
    assert covariance.estimator == "debiased"
    expected = direct_debiased(*(matrices[i].astype(np.float32).astype(float) for i in (0, 2)))
    assert covariance.values[0, 2] == pytest.approx(expected, abs=1e-6)


def test_a_unit_counts_only_if_every_checkpoint_has_it(tmp_path: Path) -> None:
    matrices = random_features(60, [5, 9], seed=5)
    names = write_features(tmp_path, matrices)
    with FeatureWriter(
        tmp_path / "net-1.safetensors", 60, 9, "float32", {"corpus_sha256": "c"}
    ) as writer:
        writer.write(np.arange(0, 60, 2), matrices[1][::2])
    covariance = read_covariance(run_estimate(tmp_path, names, "--estimator", "biased"))
    assert covariance.rows == 30
    expected = direct_biased(*(m[::2].astype(np.float32).astype(float) for m in matrices))
    assert covariance.values[0, 1] == pytest.approx(expected, abs=1e-6)


def test_constant_features_are_refused_with_the_checkpoint(tmp_path: Path) -> None:
    names = write_features(tmp_path, [*random_features(60, [5], seed=5), np.ones((60, 4))])
    with pytest.raises(UserError, match="net-1 do not vary"):
        run_estimate(tmp_path, names)


def test_features_of_different_corpora_are_refused(tmp_path: Path) -> None:
    matrices = random_features(60, [5, 5], seed=5)
    names = write_features(tmp_path, matrices)
    write_features(tmp_path, matrices[:1], corpus="another")
    with pytest.raises(UserError, match="net-1 are of another corpus than those of net-0"):
        run_estimate(tmp_path, names)


def test_a_probe_of_three_images_is_refused(tmp_path: Path) -> None:
    names = write_features(tmp_path, random_features(3, [5, 5], seed=5))
    with pytest.raises(UserError, match="at least 4 units, there are 3; use a larger probe"):
        run_estimate(tmp_path, names)
