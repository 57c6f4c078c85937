"""Spectral scores of features against those of a singular value decomposition, and selections
that are weighted by them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_expected_risk import NAMES, save
from test_mutual_information import random_correlation
from test_selection import save_npz

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import QUALITY_COLUMNS
from workflow_scripts.covariance import score_quality
from workflow_scripts.covariance.score_quality import (
    alpha_req,
    decay_exponent,
    rankme,
    spectrum,
    stable_rank,
)
from workflow_scripts.selection import select as script
from workflow_scripts.selection.methods import select
from workflow_scripts.selection.pool import Pool
from workflow_scripts.selection.settings import EntropySettings, QualityEntropySettings

Matrix = NDArray[np.float64]


def spectrum_of(features: Matrix, block_rows: int = 7) -> Matrix:
    units, dim = features.shape
    return spectrum(lambda rows: features[rows], units, dim, block_rows)


@settings(deadline=None, max_examples=60)
@given(
    units=st.integers(2, 40),
    dim=st.integers(1, 40),
    block_rows=st.integers(1, 50),
    seed=st.integers(0, 10_000),
)
def test_the_spectrum_is_that_of_the_centred_features(
    units: int, dim: int, block_rows: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(units, dim)) * np.exp(generator.normal(size=dim)) + 50
    singular = np.linalg.svd(features - features.mean(axis=0), compute_uv=False)
    values = spectrum_of(features, block_rows)
    np.testing.assert_allclose(values, singular[: len(values)] ** 2, rtol=1e-6)
    assert (singular[len(values) :] ** 2 <= 2e-9 * singular[0] ** 2).all()
    share = np.sqrt(values) / np.sqrt(values).sum()
    assert rankme(values) == pytest.approx(np.exp(-sum(p * np.log(p) for p in share)))
    norm = np.linalg.norm(features - features.mean(axis=0))
    assert stable_rank(values) == pytest.approx((norm / singular[0]) ** 2, rel=1e-6)
    assert 1 <= stable_rank(values) <= len(values) + 1e-9
    assert 1 - 1e-9 <= rankme(values) <= len(values) + 1e-9
    assert 0 <= alpha_req(values) <= 1


@pytest.mark.parametrize("alpha", [0.25, 1.0, 1.7, 4.0])
def test_a_power_law_has_its_exponent_and_is_best_at_one(alpha: float) -> None:
    values = 3.0 * np.arange(1, 31) ** -alpha
    assert decay_exponent(values) == pytest.approx(alpha)
    assert alpha_req(values) == pytest.approx(min(alpha, 1 / alpha))


def test_the_fit_is_the_weighted_least_squares_of_the_logarithms() -> None:
    values = np.sort(np.exp(np.random.default_rng(0).normal(size=25)))[::-1]
    rank = np.arange(1, 26)
    slope = np.polyfit(np.log(rank), np.log(values), 1, w=np.sqrt(1 / rank))[0]
    assert decay_exponent(values) == pytest.approx(-slope)
    assert np.isnan(decay_exponent(values[:1]))
    assert alpha_req(values[:1]) == 0


def test_equal_directions_count_fully() -> None:
    values = np.full(12, 0.3)
    assert rankme(values) == pytest.approx(12)
    assert stable_rank(values) == pytest.approx(12)
    assert decay_exponent(values) == pytest.approx(0)


@pytest.mark.parametrize("shape", [(20, 5), (5, 20), (1, 3), (0, 3)])
def test_features_that_do_not_vary_have_no_spectrum(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="do not vary"):
        spectrum_of(np.full(shape, 1e3) + 0.1)


def test_the_script_scores_every_checkpoint_on_the_units_that_all_have(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    features = [generator.normal(size=(30, dim)) + 5 for dim in (3, 40, 6, 4)]
    for name, one in zip(NAMES, features, strict=True):
        save(tmp_path, name, one, absent=[2, 9] if name == "bee" else [])
    output = tmp_path / "quality.csv"
    flags = ["--features-folder", str(tmp_path), "--checkpoints", *NAMES[::-1]]
    score_quality.main([*flags, "--output", str(output)])
    table = pd.read_csv(output)
    assert list(table.columns) == QUALITY_COLUMNS
    assert table["checkpoint"].tolist() == NAMES
    there = np.setdiff1d(np.arange(30), [2, 9])
    for row, one in zip(table.itertuples(), features, strict=True):
        values = spectrum_of(one[there])
        assert row.rankme == pytest.approx(rankme(values), rel=1e-5)
        assert row.stable_rank == pytest.approx(stable_rank(values), rel=1e-5)
        assert row.alpha_req == pytest.approx(min(row.alpha, 1 / row.alpha))
    save(tmp_path, "dog", np.full((30, 4), 3.0), absent=[])
    with pytest.raises(UserError, match="dog: the features do not vary over the 28 units"):
        score_quality.main([*flags, "--output", str(output)])


# Selections.


def quality_pool(kappa: Matrix, quality: list[float]) -> Pool:
    names = [f"n{number}" for number in range(len(kappa))]
    scores = {"rankme": dict(zip(names, quality, strict=True))}
    return Pool(names, covariance=NamedMatrix(names, kappa), quality=scores)


@pytest.mark.parametrize("seed", range(8))
def test_quality_entropy_maximises_the_weighted_determinant_at_each_step(seed: int) -> None:
    kappa = random_correlation(7, seed)
    quality = np.exp(np.random.default_rng(seed).normal(size=7))
    pool = quality_pool(kappa, quality.tolist())
    [whole] = select(QualityEntropySettings(), [7], pool)
    weighted = np.diag(quality / np.median(quality)) @ kappa @ np.diag(quality / np.median(quality))
    chosen: list[int] = []
    assert whole.objective is not None
    for value in whole.objective:
        left = [index for index in range(7) if index not in chosen]
        values = [
            np.log(np.linalg.det(weighted[np.ix_([*chosen, y], [*chosen, y])])) / 2 for y in left
        ]
        chosen.append(left[int(np.argmax(values))])
        assert value == pytest.approx(max(values), abs=1e-9)
    assert whole.picks == [pool.names[one] for one in chosen]
    assert chosen[0] == int(np.argmax(quality))


def test_without_quality_it_is_entropy_and_scale_does_not_matter() -> None:
    kappa = random_correlation(6, seed=0)
    pool = quality_pool(kappa, [3.0, 1.0, 2.0, 5.0, 4.0, 2.5])
    plain = select(EntropySettings(), [1, 4], pool)
    assert select(QualityEntropySettings(quality="none"), [1, 4], pool) == plain
    larger = quality_pool(kappa, [300.0, 100.0, 200.0, 500.0, 400.0, 250.0])
    picks = [select(QualityEntropySettings(), [4], one)[0].picks for one in (pool, larger)]
    assert picks[0] == picks[1]


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_quality_that_is_not_above_zero_is_refused(bad: float) -> None:
    pool = quality_pool(random_correlation(3, seed=0), [1.0, bad, 2.0])
    with pytest.raises(UserError, match=r"rankme of n1 is .*, not a number above zero"):
        select(QualityEntropySettings(), [1], pool)


def test_the_script_reads_the_quality_from_its_table(tmp_path: Path) -> None:
    names = [*NAMES, "emu"]
    kappa = save_npz(tmp_path / "k.npz", random_correlation(5, seed=1), names)
    quality = tmp_path / "quality.csv"
    table = pd.DataFrame({column: np.arange(1.0, 6) for column in QUALITY_COLUMNS})
    table.assign(checkpoint=names[::-1]).to_csv(quality, index=False)
    flags = ["--covariance", str(kappa), "--method", "quality_entropy", "--k", "2"]
    output = tmp_path / "picks.csv"
    script.main([*flags, "--quality-file", str(quality), "--output", str(output)])
    assert pd.read_csv(output)["checkpoint"][0] == "ant"
    with pytest.raises(UserError, match="method quality_entropy needs --quality-file"):
        script.main([*flags, "--output", "-"])
    table[:4].assign(checkpoint=names[:4]).to_csv(quality, index=False)
    with pytest.raises(UserError, match=r"quality\.csv: the table has no row for emu"):
        script.main([*flags, "--quality-file", str(quality), "--output", "-"])
