"""Fingerprints against the debiased κ; selection from low rank against the full matrix."""

import logging
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.fingerprint_file import (
    Fingerprint,
    read_fingerprint,
    write_fingerprint,
)
from workflow_scripts.common.low_rank_file import read_low_rank
from workflow_scripts.common.script import UserError
from workflow_scripts.covariance import fingerprint, merge_fingerprints
from workflow_scripts.covariance.gram_entries import centred_entries, draw_pairs
from workflow_scripts.covariance.gram_sums import gram_sums
from workflow_scripts.covariance.kernel_alignment import kernel_alignment
from workflow_scripts.covariance.low_rank import low_rank
from workflow_scripts.selection import select
from workflow_scripts.selection.low_rank_selection import (
    DiagonalAndProduct,
    greedy_low_rank,
    low_rank_hub,
)
from workflow_scripts.selection.mutual_information import (
    greedy_entropy,
    greedy_mutual_information,
    hub,
)

DIMS = [3, 8, 5, 6]
NAMES = ["ant", "bee", "cat", "dog"]


def features_of(units: int, seed: int = 0) -> list[NDArray[np.float64]]:
    """Of four checkpoints that have something in common, far from the origin."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(units, 4))
    return [
        common @ generator.normal(size=(4, dim)) + generator.normal(size=(units, dim)) + 20
        for dim in DIMS
    ]


def debiased(features: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    sums = gram_sums(lambda i, rows: features[i][rows], DIMS, [len(features[0])], 1 << 28)
    return kernel_alignment(sums[-1], "debiased")


def cosines(entries: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = entries.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


def entries_of(
    features: list[NDArray[np.float64]], pairs: NDArray[np.int64]
) -> NDArray[np.float32]:
    everywhere = np.ones(len(features[0]), bool)
    return np.stack([centred_entries(one, everywhere, pairs) for one in features])


def test_all_pairs_give_the_debiased_covariance() -> None:
    features = features_of(40)
    pairs = draw_pairs(40, 0, 0, 10**6)
    assert len(pairs) == comb(40, 2) == len({tuple(sorted(pair)) for pair in pairs.tolist()})
    np.testing.assert_allclose(cosines(entries_of(features, pairs)), debiased(features), atol=1e-6)


def test_entries_are_those_of_the_u_centred_matrix() -> None:
    rows = features_of(12)[1]
    gram = (rows - 3) @ (rows - 3).T
    np.fill_diagonal(gram, 0)
    sums = gram.sum(axis=1)
    pairs = draw_pairs(12, 0, 0, 20)
    left, right = pairs.T
    expected = gram[left, right] - (sums[left] + sums[right]) / 10 + sums.sum() / 110
    found = centred_entries(rows, np.ones(12, bool), pairs)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_products_of_entries_are_unbiased() -> None:
    """Over seeds, their mean is that over all pairs, within four standard errors."""
    features = features_of(60)
    every = entries_of(features, draw_pairs(60, 0, 0, 10**6))
    truth = every @ every.T / every.shape[1]
    found = []
    for seed in range(150):
        entries = entries_of(features, draw_pairs(60, seed, 0, 64))
        found.append(entries @ entries.T / 64)
    error = np.std(found, axis=0) / np.sqrt(150)
    assert (np.abs(np.mean(found, axis=0) - truth) < 4 * error).all()


def test_pairs_are_different_units_and_a_shorter_sequence_is_a_prefix() -> None:
    pairs = draw_pairs(50, 3, 0, 501)
    assert pairs.shape == (501, 2)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert pairs.min() == 0 and pairs.max() == 49
    assert np.array_equal(draw_pairs(50, 3, 0, 100), pairs[:100])
    assert np.array_equal(draw_pairs(50, 3, 100, 401), pairs[100:])
    assert not np.array_equal(draw_pairs(50, 4, 0, 501), pairs)
    counts = np.bincount(draw_pairs(4, 0, 0, 5).ravel(), minlength=4)
    assert counts.sum() == 10


def test_pairs_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(ValueError, match="need at least 4 units, there are 3"):
        draw_pairs(3, 0, 0, 1)
    with pytest.raises(ValueError, match="must have an even number"):
        draw_pairs(9, 0, 3, 1)


def test_absent_units_have_no_entries_and_do_not_count() -> None:
    rows = features_of(30)[0]
    present = np.arange(30) % 5 != 0
    pairs = draw_pairs(30, 0, 0, 80)
    found = centred_entries(np.where(present[:, None], rows, 1e6), present, pairs)
    number = np.cumsum(present) - 1
    both = present[pairs].all(axis=1)
    alone = centred_entries(rows[present], np.ones(24, bool), number[pairs[both]])
    np.testing.assert_allclose(found[both], alone, rtol=1e-5)
    assert np.isnan(found[~both]).all()


def test_features_that_tell_nothing_are_refused() -> None:
    pairs = draw_pairs(9, 0, 0, 8)
    with pytest.raises(ValueError, match="do not vary"):
        centred_entries(np.full((9, 2), 7.0), np.ones(9, bool), pairs)
    with pytest.raises(ValueError, match="only 3 units have features"):
        centred_entries(np.eye(9), np.arange(9) < 3, pairs)


def write_features(folder: Path, units: int = 40) -> Path:
    (folder / "prints").mkdir(parents=True)
    for name, rows in zip(NAMES, features_of(units), strict=True):
        metadata = {"checkpoint": name, "corpus_sha256": "4f"}
        path = folder / f"{name}.safetensors"
        with FeatureWriter(path, units, rows.shape[1], "float32", metadata) as writer:
            writer.write(slice(0, units), rows)
    return folder


def make_prints(folder: Path, *flags: str, suffix: str = "") -> None:
    for name in NAMES:
        output = folder / f"prints/{name}{suffix}.npz"
        fingerprint.main(
            ["--features", str(folder / f"{name}.safetensors"), "--output", str(output), *flags]
        )


def merge(folder: Path, *flags: str) -> None:
    merge_fingerprints.main(
        ["--fingerprints", str(folder / "prints"), "--output", str(folder / "zoo.npz"), *flags]
    )


def test_a_zoo_of_fingerprints_is_selected_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_features(tmp_path)
    with caplog.at_level(logging.INFO):
        make_prints(folder, "--pairs", "5000")
        merge(folder)
    assert "ant: 780 pairs of 40 units" in caplog.text
    assert "4 checkpoints, 780 of 780 pairs in all, rank 4" in caplog.text
    found = read_low_rank(folder / "zoo.npz")
    assert found.names == NAMES
    kappa = found.factor @ found.factor.T + np.diag(found.nugget)
    np.testing.assert_allclose(kappa, debiased(features_of(40)), atol=1e-5)
    flags = ["--covariance", str(folder / "zoo.npz"), "--k", "3", "--output", "-", "--method"]
    for method, order in (
        (["mmi"], greedy_mutual_information(kappa, 3).order),
        (["mmi", "--start", "hub"], greedy_mutual_information(kappa, 3, hub(kappa)).order),
        (["entropy"], greedy_entropy(kappa, 3, hub(kappa)).order),
    ):
        select.main([*flags, *method])
        picked = [line.split(",")[5] for line in capsys.readouterr().out.splitlines()[1:]]
        assert picked == [NAMES[i] for i in order]
    with pytest.raises(UserError, match="the others need the full matrix"):
        select.main([*flags, "k_medoids"])


def test_fingerprints_of_successive_pairs_are_joined(tmp_path: Path) -> None:
    parts, whole = write_features(tmp_path / "parts"), write_features(tmp_path / "whole")
    make_prints(parts, "--pairs", "30")
    make_prints(parts, "--pairs", "50", "--first", "30", suffix="-more")
    make_prints(whole, "--pairs", "80")
    merge(parts)
    merge(whole)
    one, other = read_low_rank(parts / "zoo.npz"), read_low_rank(whole / "zoo.npz")
    np.testing.assert_array_equal(one.factor, other.factor)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"corpus": "5a"}, "ant and bee differ in their corpus"),
        ({"seed": 1}, "differ in their seed"),
        ({"units": 41}, "differ in their units"),
        ({"first": 2}, "differ in their first"),
        ({"values": np.ones(3, np.float32)}, "of bee has 3 pairs, that of ant 80"),
        ({"values": np.zeros(80, np.float32)}, "of bee is zero at the common pairs"),
        ({"values": np.full(80, np.nan, np.float32)}, "no pair of units is in all fingerprints"),
    ],
)
def test_fingerprints_that_cannot_be_compared_are_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = write_features(tmp_path)
    make_prints(folder, "--pairs", "80")
    path = folder / "prints/bee.npz"
    write_fingerprint(path, Fingerprint(**(vars(read_fingerprint(path)) | change)))
    with pytest.raises(UserError, match=message):
        merge(folder)


def test_what_is_missing_or_no_fingerprint_is_refused(tmp_path: Path) -> None:
    folder = write_features(tmp_path)
    with pytest.raises(UserError, match="there are no two fingerprints"):
        merge(folder)
    make_prints(folder, "--pairs", "80")
    make_prints(folder, "--pairs", "80", "--first", "100", suffix="-more")
    with pytest.raises(UserError, match="after the pairs 0 to 79 come those from 100 on"):
        merge(folder)
    (folder / "prints/ant.npz").write_text("text")
    with pytest.raises(UserError, match="this is no fingerprint"):
        merge(folder)
    with pytest.raises(UserError, match="there is no such fingerprint"):
        read_fingerprint(folder / "absent.npz")
    with pytest.raises(UserError, match="must have an even number"):
        make_prints(folder, "--first", "1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nugget": np.zeros(4)}, "the nugget above zero"),
        ({"nugget": np.ones(3)}, "not of the same checkpoints"),
        ({"nugget": np.array(["a"] * 4)}, "is missing or no number"),
    ],
)
def test_broken_low_rank_files_are_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    parts = {"names": np.array(NAMES), "factor": np.eye(4), "nugget": np.ones(4)}
    np.savez(tmp_path / "zoo.npz", **(parts | change))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=message):
        read_low_rank(tmp_path / "zoo.npz")


def some_low_rank(size: int, rank: int, seed: int) -> tuple[NDArray, NDArray]:
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=(size, rank)) / np.sqrt(1 + np.arange(rank))
    nugget = generator.uniform(0.02, 0.5, size)
    factor *= np.sqrt((1 - nugget) / np.square(factor).sum(axis=1))[:, None]
    return factor, nugget


@settings(deadline=None, max_examples=40)
@given(st.integers(3, 700), st.integers(1, 20), st.integers(0, 10**6))
def test_low_rank_picks_are_those_of_the_full_matrix(size: int, rank: int, seed: int) -> None:
    factor, nugget = some_low_rank(size, rank, seed)
    kappa = factor @ factor.T + np.diag(nugget)
    picks = min(size, 12)
    full, low = greedy_mutual_information(kappa, picks), greedy_low_rank(factor, nugget, picks)
    assert low.order == full.order
    np.testing.assert_allclose(low.objective, full.objective, atol=1e-8)
    first = hub(kappa)
    assert low_rank_hub(factor, nugget) == first
    entropy = greedy_low_rank(factor, nugget, picks, first, with_inverse=False)
    assert entropy.order == greedy_entropy(kappa, picks, first).order


def test_the_inverse_is_the_inverse() -> None:
    factor, nugget = some_low_rank(30, 5, 0)
    inverse = DiagonalAndProduct.inverse_of(factor, nugget)
    expected = np.linalg.inv(factor @ factor.T + np.diag(nugget))
    everything = list(range(30))
    np.testing.assert_allclose(inverse.block(everything, everything), expected, atol=1e-8)
    np.testing.assert_allclose(inverse.variances(), np.diag(expected), atol=1e-8)


def test_equal_gains_go_to_the_smaller_index() -> None:
    factor = np.zeros((2000, 1))
    assert greedy_low_rank(factor, np.ones(2000), 3).order == [0, 1, 2]


@pytest.mark.parametrize("width", [15, 400])
def test_the_factor_is_the_best_of_its_rank(width: int) -> None:
    """Against the singular value decomposition; the rows come in blocks."""
    generator = np.random.default_rng(0)
    decay = 0.5 ** np.arange(width)
    table = generator.normal(size=(90, width)) * np.sqrt(decay)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    factor, nugget = low_rank(lambda: iter([table[:50], table[50:]]), width, 8)
    left, values, _ = np.linalg.svd(table)
    best = (left[:, :8] * values[:8] ** 2) @ left[:, :8].T
    np.testing.assert_allclose(factor @ factor.T, best, atol=1e-3)
    np.testing.assert_allclose(np.square(factor).sum(axis=1) + nugget, 1, atol=1e-5)
