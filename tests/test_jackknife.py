"""Half-samples of the probe against direct estimates, and their spread against the truth's."""

import logging
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from test_kernel_alignment import random_features, run_estimate

from tests.small_probe import write_probe
from workflow_scripts.common.covariance_file import Covariance, read_covariance, write_covariance
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.replicates_file import read_replicates
from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.covariance import resample
from workflow_scripts.covariance.gram_sums import gram_sums
from workflow_scripts.covariance.jackknife import (
    draw_blocks,
    draw_halves,
    half_samples,
    half_sums,
    spread_about,
)
from workflow_scripts.covariance.kernel_alignment import Estimator, kernel_alignment

ESTIMATORS: list[Estimator] = ["biased", "debiased"]
DIMS = [3, 7, 5]

Features = list[NDArray[np.float64]]


def features_of(units: int, seed: int) -> Features:
    """Of three checkpoints that have something in common, far from the origin."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(units, 4))
    return [
        common @ generator.normal(size=(4, dim)) + generator.normal(size=(units, dim)) + 20
        for dim in DIMS
    ]


def direct(features: Features, units: NDArray[np.int64], estimator: Estimator) -> NDArray:
    sums = gram_sums(lambda i, rows: features[i][units[rows]], DIMS, [len(units)], 1 << 28)
    return kernel_alignment(sums[-1], estimator)


def halves_of(
    features: Features,
    blocks: list[NDArray[np.int64]],
    estimator: Estimator,
    count: int,
    seed: int,
    memory_bytes: int = 1 << 28,
) -> NDArray[np.float64]:
    units = np.concatenate(blocks)
    sums = half_sums(
        lambda i, rows: features[i][units[rows]],
        [one.shape[1] for one in features],
        [len(block) for block in blocks],
        draw_halves(len(blocks), count, seed),
        memory_bytes,
    )
    return half_samples(sums, estimator)


@pytest.mark.parametrize("memory_bytes", [1, 20_000, 1 << 28])
@pytest.mark.parametrize("units", [90, 330])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_half_sample_is_the_estimate_from_its_units(
    estimator: Estimator, units: int, memory_bytes: int
) -> None:
    """Blocks are of 9 units or of 33, where pieces of them are of 16 or more."""
    features = features_of(units, 0)
    blocks = draw_blocks(np.arange(units) // 3, 10, units, seed=1)
    halves = halves_of(features, blocks, estimator, 5, seed=2, memory_bytes=memory_bytes)
    for number, half in enumerate(halves):
        chosen = seeded_order(range(10), 2, "half", number)[:5]
        kept = np.concatenate([blocks[block] for block in sorted(chosen)])
        np.testing.assert_allclose(half, direct(features, kept, estimator), atol=2e-5)


def test_features_far_from_one_in_size_are_scaled() -> None:
    """The squares of their products are beyond single precision."""
    features = features_of(90, 0)
    blocks = draw_blocks(np.arange(90) // 3, 10, 90, seed=1)
    huge = [1e12 * (one - 20) for one in features]
    halves = halves_of(huge, blocks, "debiased", 5, seed=2)
    np.testing.assert_allclose(halves, halves_of(features, blocks, "debiased", 5, 2), atol=2e-5)


def test_memory_stays_within_what_is_given() -> None:
    """Beside the sums themselves; all features together take 30 MB."""
    features = [one.astype(np.float32) for one in random_features(7_500, [300, 400, 300], seed=0)]
    blocks = draw_blocks(np.arange(7_500), 40, 7_500, seed=0)
    kept = 4 * 3 * 7_500 * (40 + 1) + 8 * 3 * 3 * 10
    tracemalloc.start()
    units = np.concatenate(blocks)
    half_sums(
        lambda i, rows: features[i][units[rows]],
        [300, 400, 300],
        [len(block) for block in blocks],
        draw_halves(40, 10, 0),
        5 << 20,
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * (5 << 20) + kept


def test_groups_stay_together_and_units_are_bounded() -> None:
    groups = np.repeat(np.arange(30), np.arange(30) % 4 + 1)
    blocks = draw_blocks(groups, 9, 40, seed=0)
    assert len(blocks) == 8
    kept = np.concatenate(blocks)
    assert len(set(kept)) == len(kept)
    assert 40 <= len(kept) < 45
    for group in set(groups[kept]):
        holders = [block for block in blocks if group in groups[block]]
        assert len(holders) == 1
        assert (groups[holders[0]] == group).sum() == (groups == group).sum()
    assert len(np.concatenate(draw_blocks(groups, 9, 10**6, seed=0))) == len(groups)
    other = draw_blocks(groups, 9, 40, seed=1)
    assert any(not np.array_equal(a, b) for a, b in zip(blocks, other, strict=True))


def test_few_groups_are_refused() -> None:
    assert len(draw_blocks(np.arange(4), 40, 100, seed=0)) == 4
    with pytest.raises(ValueError, match="has 3 sentences or images; resampling needs at least 4"):
        draw_blocks(np.arange(3), 40, 100, seed=0)


@pytest.mark.parametrize("copies", [1, 4])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_spread_is_that_of_estimates_from_fresh_probes(
    estimator: Estimator, copies: int
) -> None:
    """Also where every unit has copies, which tell nothing new."""
    mixing = np.random.default_rng(1)
    maps = [mixing.normal(size=(4, dim)) for dim in DIMS]
    estimates, errors = [], []
    for seed in range(150):
        generator = np.random.default_rng(seed)
        common = generator.normal(size=(120, 4))
        features = [
            np.repeat(common @ one + generator.normal(size=(120, one.shape[1])), copies, axis=0)
            for one in maps
        ]
        groups = np.repeat(np.arange(120), copies)
        kappa = direct(features, np.arange(len(groups)), estimator)
        estimates.append(kappa)
        if seed < 20:
            blocks = draw_blocks(groups, 40, len(groups), seed)
            halves = halves_of(features, blocks, estimator, 60, seed)
            errors.append(spread_about(kappa, halves, 1.0).std(axis=0, ddof=1))
    above = np.triu_indices(3, 1)
    truth = np.std(estimates, axis=0, ddof=1)[above]
    found = np.mean(errors, axis=0)[above]
    np.testing.assert_allclose(found, truth, rtol=0.25)


def test_errors_shrink_with_the_share_of_the_probe() -> None:
    halves = np.random.default_rng(0).normal(size=(50, 2, 2))
    kappa = np.eye(2)
    some = spread_about(kappa, halves, 0.25)
    np.testing.assert_allclose(some.mean(axis=0), kappa, atol=1e-12)
    np.testing.assert_allclose(some.std(axis=0), halves.std(axis=0) / 2)


def write_zoo(folder: Path, lengths: list[int], estimator: str = "debiased") -> list[str]:
    """Features of a probe, and their covariance; gives the flags of the script."""
    write_probe(folder, lengths)
    names = ["ant", "bee", "cat"]
    for name, rows in zip(names, features_of(sum(lengths), 0), strict=True):
        with FeatureWriter(
            folder / f"{name}.safetensors", *rows.shape, "float32", {"corpus_sha256": "c"}
        ) as writer:
            writer.write(slice(0, len(rows)), rows)
            writer.present[2] = name != "bee"
    run_estimate(folder, names, "--estimator", estimator)
    return [
        *("--covariance", str(folder / "probe.npz"), "--features-folder", str(folder)),
        *(
            "--probe",
            str(folder / "probe.units.parquet"),
            "--output",
            str(folder / "replicates.npz"),
        ),
        *("--replicates", "30", "--blocks", "10"),
    ]


def test_the_script_writes_replicates_about_the_covariance(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flags = write_zoo(tmp_path, [3] * 40)
    with caplog.at_level(logging.INFO):
        resample.main(flags)
    covariance = read_covariance(tmp_path / "probe.npz")
    written = read_replicates(tmp_path / "replicates.npz")
    assert (written.names, written.units, written.blocks) == (covariance.names, 119, 10)
    assert written.values.shape == (30, 3, 3)
    np.testing.assert_allclose(written.values.mean(axis=0), covariance.values, atol=1e-12)
    assert "30 replicates from 119 units in 10 blocks; standard errors" in caplog.text
    assert (written.standard_errors[np.triu_indices(3, 1)] > 0).all()
    first = (tmp_path / "replicates.npz").read_bytes()
    resample.main(flags)
    assert (tmp_path / "replicates.npz").read_bytes() == first
    resample.main([*flags, "--memory-mb", "1"])
    again = read_replicates(tmp_path / "replicates.npz")
    np.testing.assert_allclose(again.values, written.values, atol=1e-6)


def test_the_script_refuses_what_does_not_belong_together(tmp_path: Path) -> None:
    flags = write_zoo(tmp_path, [3] * 40)
    write_probe(tmp_path, [1] * 40)
    with pytest.raises(
        UserError, match=r"probe\.units\.parquet do not belong together; estimate the cov"
    ):
        resample.main(flags)
    write_covariance(tmp_path / "probe.npz", Covariance(["ant"], np.eye(1), 0, "precomputed"))
    with pytest.raises(UserError, match="it was brought along, with no probe to resample"):
        resample.main(flags)


def test_a_tiny_probe_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has 3 sentences .* or stability: {replicates: 0}"):
        resample.main(write_zoo(tmp_path, [6, 6, 6]))


def test_no_replicates_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file of replicates"):
        read_replicates(tmp_path / "absent.npz")
    (tmp_path / "other.npz").write_text("text")
    with pytest.raises(UserError, match="this is no file of replicates"):
        read_replicates(tmp_path / "other.npz")
