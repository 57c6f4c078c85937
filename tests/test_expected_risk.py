"""Expected risk against the formula with whole kernels, and the probe units it looks at."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.small_probe import write_probe
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.script import UserError
from workflow_scripts.common.units_file import Units, write_units
from workflow_scripts.selection import select as script
from workflow_scripts.selection.expected_risk import (
    greedy_expected_risk,
    in_pooled_space,
    standardised,
)
from workflow_scripts.selection.probe_features import read_probe_features, sampled_units

Matrix = NDArray[np.float64]
NAMES = ["ant", "bee", "cat", "dog"]


def some_features(units: int, dims: list[int], seed: int) -> list[Matrix]:
    """Features that share something, of very different scales and means."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=(units, 4))
    return [
        (shared @ generator.normal(size=(4, dim)) + generator.normal(size=(units, dim)))
        * np.exp(generator.normal(size=dim))
        + 100 * generator.normal(size=dim)
        for dim in dims
    ]


def kernel(features: Matrix) -> Matrix:
    """The centred Gram matrix of standardised features, scaled to trace n."""
    n = len(features)
    scaled = features / features.std(axis=0)
    centring = np.eye(n) - np.ones((n, n)) / n
    gram = centring @ scaled @ scaled.T @ centring
    return np.asarray(gram * n / np.trace(gram))


def direct_risk(kernels: list[Matrix], picks: list[int], ridge: float) -> float:
    """λ² tr[(K_A + λI)⁻¹ K̄ (K_A + λI)⁻¹] / n with n×n inverses."""
    n = len(kernels[0])
    pooled = sum(kernels[one] for one in picks) / len(picks)
    inverse = np.linalg.inv(pooled + ridge * np.eye(n))
    return float(ridge**2 * np.trace(inverse @ (sum(kernels) / len(kernels)) @ inverse) / n)


@settings(deadline=None, max_examples=40)
@given(
    units=st.integers(3, 40),
    dims=st.lists(st.integers(1, 15), min_size=2, max_size=6),
    ridge=st.floats(0.01, 10),
    seed=st.integers(0, 10_000),
)
def test_greedy_picks_and_values_equal_the_direct_ones(
    units: int, dims: list[int], ridge: float, seed: int
) -> None:
    """With fewer and with more dimensions than units."""
    features = some_features(units, dims, seed)
    kernels = [kernel(one) for one in features]
    found = greedy_expected_risk([standardised(one) for one in features], len(dims), ridge)
    assert sorted(found.order) == list(range(len(dims)))
    for count, value in enumerate(found.objective, start=1):
        before, chosen = found.order[: count - 1], found.order[:count]
        assert value == pytest.approx(-direct_risk(kernels, chosen, ridge), abs=1e-8)
        for other in set(range(len(dims))) - set(chosen):
            assert -value <= direct_risk(kernels, [*before, other], ridge) + 1e-8
        assert -1 <= value <= 0


def test_the_expected_risk_is_the_mean_residual_of_ridge_regression_on_drawn_targets() -> None:
    """The meaning of the formula: targets drawn from the consensus, fitted by kernel ridge."""
    ridge, n = 0.5, 30
    features = some_features(n, [3, 5, 4], seed=1)
    kernels = [kernel(one) for one in features]
    consensus = sum(kernels) / 3
    values, vectors = np.linalg.eigh(consensus)
    root = vectors * np.sqrt(np.maximum(values, 0))
    targets = root @ np.random.default_rng(0).normal(size=(n, 20_000))
    fitted = kernels[1] @ np.linalg.solve(kernels[1] + ridge * np.eye(n), targets)
    drawn = ((targets - fitted) ** 2).sum(axis=0) / n
    expected = direct_risk(kernels, [1], ridge)
    assert drawn.mean() == pytest.approx(expected, abs=5 * drawn.std() / np.sqrt(20_000))


def test_the_kernel_of_standardised_features_does_not_see_shift_scale_or_constant_columns() -> None:
    [features] = some_features(12, [5], seed=2)
    factor = standardised(features)
    np.testing.assert_allclose(factor @ factor.T, kernel(features), atol=1e-10)
    assert np.trace(factor @ factor.T) == pytest.approx(12)
    wider = np.column_stack([features * 7 - 3, np.full(12, 1e6), np.zeros(12)])
    again = standardised(wider.astype(np.float32))
    np.testing.assert_allclose(again @ again.T, factor @ factor.T, atol=1e-3)
    with pytest.raises(ValueError, match="do not vary"):
        standardised(np.full((12, 3), 0.1))


@pytest.mark.parametrize("dims", [[2, 3], [2, 3, 3], [30, 2], [20]])
def test_the_pooled_space_keeps_all_products(dims: list[int]) -> None:
    factors = some_features(20, dims, seed=0)
    if len(dims) == 3:
        factors[2] = factors[1]
    small = in_pooled_space(factors)
    assert len(small[0]) == min(20, sum(dims))
    for one, other in zip(factors, small, strict=True):
        for first, second in zip(factors, small, strict=True):
            np.testing.assert_allclose(other.T @ second, one.T @ first, rtol=1e-9)


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    units=st.integers(0, 100),
    seed=st.integers(0, 99),
)
def test_sampled_units_are_whole_groups_and_not_too_many(
    lengths: list[int], units: int, seed: int
) -> None:
    groups = np.repeat(np.arange(len(lengths)), lengths)
    rows = sampled_units(groups, units, seed)
    assert (np.diff(rows) > 0).all()
    assert len(rows) <= units
    taken = set(groups[rows].tolist())
    assert len(rows) == sum(lengths[group] for group in taken)
    # The next group of the same order would have been too many.
    more = sampled_units(groups, units + 9, seed)
    assert set(rows.tolist()) <= set(more.tolist())
    if len(rows) < len(groups) and sum(lengths) > units:
        assert len(rows) + max(lengths) > units


# The script.


def save(folder: Path, name: str, features: Matrix, absent: list[int], corpus: str = "c") -> None:
    units, dim = features.shape
    metadata = {"corpus_sha256": corpus}
    with FeatureWriter(folder / f"{name}.safetensors", units, dim, "float32", metadata) as writer:
        rows = np.setdiff1d(np.arange(units), absent)
        writer.write(rows, features[rows])


def run_select(folder: Path, probe: Path, *flags: str) -> pd.DataFrame:
    script.main(
        ["--method", "expected_risk", "--features-folder", str(folder), "--probe", str(probe)]
        + ["--checkpoints", *NAMES, "--output", str(folder / "picks.csv"), *flags]
    )
    return pd.read_csv(folder / "picks.csv")


def test_the_script_picks_from_the_features_on_a_probe(tmp_path: Path) -> None:
    """Units that a checkpoint lacks count for none."""
    features = some_features(60, [4, 6, 3, 5], seed=5)
    for number, name in enumerate(NAMES):
        save(tmp_path, name, features[number], absent=[7] if name == "cat" else [])
    probe = write_probe(tmp_path, [6] * 10)
    table = run_select(tmp_path, probe, "--k", "1", "3", "--ridge", "0.2")
    there = np.setdiff1d(np.arange(60), [7])
    kernels = [kernel(one.astype(np.float32)[there].astype(float)) for one in features]
    order = [NAMES.index(name) for name in table[table["k"] == 3]["checkpoint"]]
    risks = [direct_risk(kernels, order[:count], 0.2) for count in (1, 2, 3)]
    np.testing.assert_allclose(table[table["k"] == 3]["objective"], -np.array(risks), atol=1e-6)
    assert order[0] == int(np.argmin([direct_risk(kernels, [one], 0.2) for one in range(4)]))
    part = run_select(tmp_path, probe, "--k", "3", "--units", "20", "--seed", "1")
    again = run_select(tmp_path, probe, "--k", "3", "--units", "20", "--seed", "1")
    pd.testing.assert_frame_equal(part, again)


def test_units_of_a_group_stay_together(tmp_path: Path) -> None:
    features = some_features(40, [4, 6, 3, 5], seed=6)
    for number, name in enumerate(NAMES):
        save(tmp_path, name, features[number], absent=[])
    group = np.tile(np.arange(10), 4)
    probe = tmp_path / "probe.units.parquet"
    write_units(probe, Units(group, "c", "images", "source images"))
    taken = read_probe_features(tmp_path, NAMES, probe).sample(10, seed=0)[0]
    rows = [
        int(np.flatnonzero((features[0].astype(np.float32) == row).all(axis=1))[0]) for row in taken
    ]
    assert len(rows) == 8
    assert len(set(group[rows])) == 2
    assert len(run_select(tmp_path, probe, "--k", "2", "--units", "12")) == 2


def test_what_the_script_cannot_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    features = some_features(12, [4, 6, 3, 5], seed=7)
    features[3][:] = 2.5
    for number, name in enumerate(NAMES):
        save(tmp_path, name, features[number], absent=[])
    probe = write_probe(tmp_path, [6, 6])
    with pytest.raises(UserError, match="dog: the features do not vary over 12 units"):
        run_select(tmp_path, probe, "--k", "1")
    with pytest.raises(UserError, match="0 units of the probe are left at units = 5"):
        run_select(tmp_path, probe, "--k", "1", "--units", "5")
    (tmp_path / "other").mkdir()
    other = write_probe(tmp_path / "other", [6])
    with pytest.raises(UserError, match=r"units\.parquet has 6 units, the features in .* have 12"):
        run_select(tmp_path, other, "--k", "1")
    save(tmp_path, "dog", features[0], absent=[], corpus="another")
    with pytest.raises(UserError, match="the features of dog are of another corpus"):
        run_select(tmp_path, probe, "--k", "1")
    bare = ["--method", "expected_risk", "--k", "1", "--output", "-", "--checkpoints", *NAMES]
    with pytest.raises(UserError, match="method expected_risk needs --probe"):
        script.main(bare)
    with pytest.raises(UserError, match="method expected_risk needs --features-folder"):
        script.main([*bare, "--probe", str(probe)])


def test_a_zoo_of_usual_size_takes_seconds() -> None:
    """18 checkpoints on 700 images; the bound is loose, for slow machines."""
    import time

    factors = [standardised(one) for one in some_features(700, [64] * 18, seed=0)]
    started = time.monotonic()
    greedy_expected_risk(factors, 5, 0.1)
    assert time.monotonic() - started < 30
