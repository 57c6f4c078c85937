"""Kernel alignment against the direct formulas on whole matrices."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from tests.small_probe import write_probe
from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.script import UserError
from workflow_scripts.covariance import estimate
from workflow_scripts.covariance.cross_products import (
    pairs_with,
    plan_cross_products,
    sums_of_cross_products,
)
from workflow_scripts.covariance.feature_blocks import (
    NUMPY,
    Arrays,
    NumpyArrays,
    TorchArrays,
    choose_arrays,
)
from workflow_scripts.covariance.gram_sums import gram_sums
from workflow_scripts.covariance.gram_tiles import plan_gram_tiles, sums_of_gram_tiles
from workflow_scripts.covariance.kernel_alignment import (
    ConstantFeaturesError,
    Estimator,
    GramSums,
    hsic_of,
    kernel_alignment,
)

MATRICES = list[NDArray[np.float64]]
# What products in single precision leave, in κ.
SINGLE = 5e-7
TORCH = TorchArrays(torch.device("cpu"))
THREADS = NumpyArrays(ThreadPoolExecutor(3), workers=3)
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


def sums_of(
    matrices: MATRICES,
    form: object = gram_sums,
    memory_bytes: int = 1 << 30,
    fresh: list[int] | None = None,
    arrays: Arrays = NUMPY,
) -> GramSums:
    assert callable(form)
    (sums,) = form(
        lambda i, rows: matrices[i][rows],
        [matrix.shape[1] for matrix in matrices],
        [len(matrices[0])],
        memory_bytes,
        fresh,
        arrays,
    )
    assert isinstance(sums, GramSums)
    return sums


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("memory_bytes", [1, 1 << 30])
@pytest.mark.parametrize("arrays", [NUMPY, THREADS, TORCH])
def test_both_forms_equal_the_direct_formula(
    estimator: Estimator, form: object, memory_bytes: int, arrays: Arrays
) -> None:
    """With one byte of memory the rows come in the smallest blocks, here four of them."""
    matrices = random_features(200, [3, 17, 8, 30], seed=0)
    kappa = kernel_alignment(sums_of(matrices, form, memory_bytes, arrays=arrays), estimator)
    for i, x in enumerate(matrices):
        for j, y in enumerate(matrices):
            assert kappa[i, j] == pytest.approx(DIRECT[estimator](x, y), abs=SINGLE)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dims", [[1, 3], [9, 40], [300, 64]])
def test_long_sums_keep_their_digits(form: object, dims: list[int]) -> None:
    """Features with two strong directions, whose products have nothing to average over."""
    for seed in range(3):
        generator = np.random.default_rng(seed)
        shared = generator.normal(size=(4_000, 2))
        matrices = [
            (3 * shared @ generator.normal(size=(2, dim)) + generator.normal(size=(4_000, dim)))
            .astype(np.float32)
            .astype(np.float64)
            for dim in dims
        ]
        kappa = kernel_alignment(sums_of(matrices, form), "biased")
        assert kappa[0, 1] == pytest.approx(direct_biased(*matrices), abs=SINGLE)


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [1e-12, 1, 1e12])
@pytest.mark.parametrize("common", [0, 1e4])
def test_neither_scale_nor_a_common_value_costs_digits(
    estimator: Estimator, form: object, scale: float, common: float
) -> None:
    """Features as they are stored, in float32; the direct formula in float64."""
    matrices = [
        (scale * (matrix + common)).astype(np.float32)
        for matrix in random_features(700, [40, 100, 9], seed=1)
    ]
    doubles = [matrix.astype(np.float64) / scale for matrix in matrices]
    doubles = [matrix - matrix.mean(axis=0) for matrix in doubles]
    kappa = kernel_alignment(sums_of(matrices, form), estimator)
    expected = [[DIRECT[estimator](x, y) for y in doubles] for x in doubles]
    np.testing.assert_allclose(kappa, expected, rtol=0, atol=SINGLE)


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
@pytest.mark.parametrize("form", FORMS)
def test_copies_are_alike(estimator: Estimator, form: object) -> None:
    x, y = random_features(120, [40, 9], seed=1)
    kappa = kernel_alignment(sums_of([x, y, x, x], form), estimator)
    np.testing.assert_allclose(kappa[[0, 0, 2], [2, 3, 3]], 1, rtol=0, atol=1e-7)
    assert abs(np.linalg.eigvalsh(kappa)[:2]).max() < 1e-7


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fresh", [[3], [0], [1, 3], [0, 1, 2, 3]])
@pytest.mark.parametrize("memory_bytes", [1, 1 << 30])
@pytest.mark.parametrize("arrays", [NUMPY, THREADS, TORCH])
def test_only_pairs_with_a_fresh_checkpoint_are_computed(
    form: object, fresh: list[int], memory_bytes: int, arrays: Arrays
) -> None:
    matrices = random_features(150, [3, 17, 8, 30], seed=0)
    whole = sums_of(matrices, form)
    part = sums_of(matrices, form, memory_bytes, fresh, arrays)
    wanted = np.isin(np.arange(4)[:, None], fresh) | np.isin(np.arange(4), fresh)
    for name in ("inner", "rows", "rows_diagonals", "diagonals"):
        expected = np.where(wanted, getattr(whole, name), 0)
        atol = 1e-6 * whole.inner.max()
        np.testing.assert_allclose(getattr(part, name), expected, rtol=0, atol=atol)
    for name in ("row_totals", "diagonal_totals"):
        expected = np.where(np.isin(np.arange(4), fresh), getattr(whole, name), 0)
        atol = 1e-6 * whole.diagonal_totals.max()
        np.testing.assert_allclose(getattr(part, name), expected, rtol=0, atol=atol)


def test_pairs_are_named_once_and_in_one_order() -> None:
    assert pairs_with([2, 0], 4) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 2), (2, 2), (2, 3)]


def test_products_that_do_not_fit_are_made_in_several_passes() -> None:
    """The paper's 34 checkpoints: 4 D² bytes and a little for the norms."""
    dims, units = [768] * 30 + [1_024] * 8, 2_000_000
    everything = range(len(dims))
    enough = plan_cross_products(dims, units, 6 << 30, everything)
    assert len(enough.passes) == 1
    less = plan_cross_products(dims, units, 1_500 << 20, everything)
    assert 3 < len(less.passes) < 9
    assert sorted(chain(*less.passes)) == pairs_with(everything, len(dims))
    for pairs in less.passes:
        assert sum(8 * dims[i] * dims[j] for i, j in pairs) < 1_500 << 20
    assert less.operations == enough.operations
    assert less.operations == pytest.approx(units * sum(dims) ** 2, rel=0.05)
    one = plan_cross_products(dims, units, 1_500 << 20, [7])
    assert len(one.passes) == 1
    assert one.operations < enough.operations / 15


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
        # What few units leave after all that cancels is less exact.
        lost = np.diag(sums[0].inner + sums[0].diagonals) / np.diag(hsic_of(sums[0], estimator))
        tolerance = 2 * SINGLE * max(1, lost.max())
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)
        assert (one == one.T).all()
        assert (np.diag(one) == 1).all()
        # U-centred Gram matrices have an inner product too, so this holds for both.
        assert np.linalg.eigvalsh(one)[0] > -5 * tolerance
        assert (np.abs(one) < 1 + tolerance).all()


@pytest.mark.parametrize("form", FORMS)
def test_features_are_read_once_where_memory_allows(form: object) -> None:
    """But for the first 256 units, which give what is taken off."""
    matrices = random_features(900, [3, 17, 8], seed=0)
    rows_read = [0, 0, 0]

    def counting(index: int, rows: slice) -> NDArray[np.float64]:
        rows_read[index] += rows.stop - rows.start
        return matrices[index][rows]

    assert callable(form)
    form(counting, [3, 17, 8], [900], 1 << 30)
    assert rows_read == [900 + 256] * 3


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
def test_rotations_shifts_and_scales_of_features_change_nothing(estimator: Estimator) -> None:
    x, y = random_features(100, [6, 9], seed=1)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(9, 9)))[0]
    before = kernel_alignment(sums_of([x, y]), estimator)
    after = kernel_alignment(sums_of([x, 7.5 * y @ rotation + 100]), estimator)
    np.testing.assert_allclose(before, after, rtol=0, atol=SINGLE)


def test_debiased_alignment_of_independent_features_is_near_zero_where_biased_is_large() -> None:
    """Figures of the estimators' bias: 0.92 biased at n = 64, d = 768."""
    generator = np.random.default_rng(0)
    matrices = [generator.normal(size=(64, 768)) for _ in range(6)]
    upper = np.triu_indices(6, 1)
    biased = kernel_alignment(sums_of(matrices), "biased")[upper]
    debiased = kernel_alignment(sums_of(matrices), "debiased")[upper]
    assert biased.mean() == pytest.approx(0.92, abs=0.01)
    assert abs(debiased.mean()) < 0.02


@pytest.mark.parametrize(
    ("dims", "units", "fresh", "form"),
    [
        ([50] * 4, 10_000, None, "sums_of_cross_products"),
        ([2_048] * 100, 7_000, None, "sums_of_gram_tiles"),
        # Millions of words: passes over the features, not the square of their number.
        ([768] * 41, 2_000_000, None, "sums_of_cross_products"),
        # One more checkpoint needs the products of one row, but the tiles of all.
        ([768] * 40, 4_000, None, "sums_of_gram_tiles"),
        ([768] * 40, 4_000, [7], "sums_of_cross_products"),
        ([768] * 40, 500, [7], "sums_of_gram_tiles"),
    ],
)
def test_the_cheaper_form_is_chosen(
    monkeypatch: pytest.MonkeyPatch, dims: list[int], units: int, fresh: list[int], form: str
) -> None:
    called: list[str] = []
    for one in FORMS:
        monkeypatch.setattr(
            f"workflow_scripts.covariance.gram_sums.{one.__name__}",
            lambda *_, name=one.__name__: called.append(name),
        )
    read = random_features(10, [2], 0)
    gram_sums(lambda i, rows: read[i][rows], dims, [units], 1 << 30, fresh)
    assert called == [form]


def test_tiles_that_do_not_fit_are_smaller_and_features_are_then_read_again() -> None:
    dims, units = [768] * 40, 4_000
    everything = range(40)
    plenty = plan_gram_tiles(dims, units, 1_500 << 20, everything)
    assert (plenty.held, plenty.values_read) == (True, 40 * 768 * 4_000)
    little = plan_gram_tiles(dims, units, 200 << 20, everything)
    assert not little.held
    assert 4 * 40 * little.block_rows**2 + 4 * 40 * 768 * little.block_rows < 200 << 20
    assert little.values_read > plenty.values_read


def test_torch_is_asked_only_where_there_may_be_a_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    driver = tmp_path / "nvidia0"
    monkeypatch.setattr("workflow_scripts.common.device._DRIVER_FILES", (driver,))
    monkeypatch.setattr(
        "workflow_scripts.covariance.feature_blocks.choose_device", asked := Asked()
    )

    def chosen(name: str) -> type:
        with choose_arrays(name) as arrays:
            return type(arrays)

    assert chosen("cpu") is chosen("auto") is NumpyArrays
    assert asked.names == []
    driver.touch()
    assert chosen("auto") is NumpyArrays
    assert asked.names == ["auto"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert chosen("auto") is NumpyArrays
    assert asked.names == ["auto"]
    asked.answer = torch.device("meta")
    assert chosen("cuda:1") is TorchArrays
    assert asked.names == ["auto", "cuda:1"]


def test_threads_of_blas_become_workers_with_products_of_their_own() -> None:
    with threadpool_limits(1, user_api="blas"), choose_arrays("cpu") as arrays:
        assert arrays.workers == 1
    with threadpool_limits(2, user_api="blas"):
        with choose_arrays("cpu") as arrays:
            assert arrays.workers == 2
            inside = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
            assert set(inside) == {1}
            assert arrays.each(str, range(5)) == ["0", "1", "2", "3", "4"]
        assert 2 in [one["num_threads"] for one in threadpool_info()]


class Asked:
    """In place of ``choose_device``: notes what it was asked."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.answer = torch.device("cpu")

    def __call__(self, name: str) -> torch.device:
        self.names.append(name)
        return self.answer


def test_the_script_does_without_torch_on_the_cpu() -> None:
    code = (
        "import sys; from workflow_scripts.covariance import estimate; "
        "from workflow_scripts.covariance.feature_blocks import choose_arrays; "
        "choose_arrays('cpu').__enter__(); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    names = write_features(tmp_path, random_features(60, [5, 5], seed=5))
    with pytest.raises(UserError, match="--device cuda:77: torch cannot use it"):
        run_estimate(tmp_path, names, "--device", "cuda:77")


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
    write_probe(folder, [1] * len(matrices[0]))
    return names


def run_estimate(folder: Path, names: list[str], *flags: str) -> Path:
    output = folder / "probe.npz"
    estimate.main(
        ["--features-folder", str(folder), "--checkpoints", *names, "--output", str(output)]
        + ["--probe", str(folder / "probe.units.parquet")]
        + ["--convergence", str(folder / "c.csv"), *flags]
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
