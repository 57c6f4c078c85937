"""Fingerprints against the debiased κ; selection from low rank against the full matrix."""

import logging
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.fingerprint_file import (
    Fingerprint,
    read_fingerprint,
    write_fingerprint,
)
from workflow_scripts.common.low_rank_file import LowRank, read_low_rank
from workflow_scripts.common.script import UserError
from workflow_scripts.covariance import fingerprint, merge_fingerprints
from workflow_scripts.covariance.fingerprint import (
    TERMS,
    CentredGram,
    draw_pairs,
    draw_signs,
    fingerprint_numbers,
)
from workflow_scripts.covariance.gram_sums import gram_sums
from workflow_scripts.covariance.kernel_alignment import kernel_alignment
from workflow_scripts.covariance.merge_fingerprints import cosines, fingerprint_alignment, low_rank
from workflow_scripts.selection import select
from workflow_scripts.selection.low_rank import greedy_low_rank, low_rank_hub
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


def numbers_of(
    features: list[NDArray[np.float64]], count: int, seed: int = 0, first: int = 0
) -> NDArray[np.float32]:
    everywhere = np.ones(len(features[0]), bool)
    return np.stack([fingerprint_numbers(one, everywhere, seed, first, count) for one in features])


@pytest.mark.parametrize("units", [40, 41])
@pytest.mark.parametrize("estimate", [fingerprint_alignment, cosines])
def test_all_pairs_give_the_debiased_covariance(units: int, estimate: object) -> None:
    assert callable(estimate)
    features = features_of(units)
    numbers = numbers_of(features, 10**6)
    assert numbers.shape == (4, comb(units, 2))
    np.testing.assert_allclose(estimate(numbers), debiased(features), atol=1e-6)


@pytest.mark.parametrize("units", [5, 12])
def test_entries_are_those_of_the_u_centred_matrix(units: int) -> None:
    """With more units than dimensions, and with fewer."""
    rows = features_of(units)[1]
    gram = (rows - 3) @ (rows - 3).T
    np.fill_diagonal(gram, 0)
    sums = gram.sum(axis=1)
    centred = gram - np.add.outer(sums, sums) / (units - 2)
    centred += sums.sum() / ((units - 1) * (units - 2))
    pairs = draw_pairs(units, 0, 0, comb(units, 2))
    found = CentredGram(rows, np.ones(units, bool))
    np.testing.assert_allclose(found.entries(pairs), centred[*pairs.T], rtol=1e-7)
    expected = np.square(centred[*pairs.T]).mean()
    assert found.mean_square() == pytest.approx(expected, rel=1e-7)


def test_products_of_numbers_are_unbiased() -> None:
    """Over seeds, their mean is κ off the diagonal and one on it, within four standard errors."""
    features = features_of(60)
    truth = debiased(features)
    found = []
    for seed in range(200):
        numbers = numbers_of(features, 64, seed)
        found.append(numbers.astype(np.float64) @ numbers.T / 64)
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert error.max() < 0.03
    assert (np.abs(np.mean(found, axis=0) - truth) < 4 * error).all()


def test_the_estimate_is_more_exact_than_cosines() -> None:
    features = features_of(400)
    truth = debiased(features)
    errors = [
        [
            np.square(estimate(numbers) - truth).sum()
            for estimate in (fingerprint_alignment, cosines)
        ]
        for numbers in (numbers_of(features, 1000, seed) for seed in range(40))
    ]
    ours, theirs = np.mean(errors, axis=0)
    assert ours < theirs
    assert np.sqrt(ours / 12) < 1 / np.sqrt(1000)


@given(st.integers(4, 40), st.integers(0, 3))
def test_every_pair_comes_once_before_any_comes_again(units: int, seed: int) -> None:
    every = comb(units, 2)
    pairs = draw_pairs(units, seed, 0, 2 * every)
    for turn in (pairs[:every], pairs[every:]):
        assert len({tuple(sorted(pair)) for pair in turn.tolist()}) == every
        assert (turn[:, 0] != turn[:, 1]).all()
        for start in range(0, every, units // 2):
            assert np.bincount(turn[start : start + units // 2].ravel()).max() == 1


@given(st.integers(4, 30), st.integers(0, 900), st.integers(0, 300), st.integers(0, 300))
def test_a_stretch_of_the_sequence_is_that_of_a_longer_one(
    units: int, first: int, count: int, more: int
) -> None:
    longer = draw_pairs(units, 3, first, count + more)
    assert np.array_equal(draw_pairs(units, 3, first, count), longer[:count])
    assert np.array_equal(draw_pairs(units, 3, first + count, more), longer[count:])
    signs = draw_signs(3, first, count + more)
    assert np.array_equal(draw_signs(3, first + count, more), signs[count:])


def test_another_seed_gives_other_pairs_and_signs() -> None:
    assert not np.array_equal(draw_pairs(50, 3, 0, 501), draw_pairs(50, 4, 0, 501))
    signs = draw_signs(3, 0, 10_000)
    assert set(signs) == {-1.0, 1.0}
    assert abs(signs.mean()) < 0.04
    assert abs((signs * draw_signs(4, 0, 10_000)).mean()) < 0.04


def test_a_shorter_fingerprint_begins_a_longer_one_and_parts_join_to_it() -> None:
    features = features_of(50)
    whole = numbers_of(features, 90)
    assert np.array_equal(numbers_of(features, 30), whole[:, :30])
    assert np.array_equal(numbers_of(features, 60, first=30), whole[:, 30:])


def test_too_few_units_are_refused() -> None:
    with pytest.raises(ValueError, match="need at least 4 units, there are 3"):
        draw_pairs(3, 0, 0, 1)


def test_absent_units_make_no_numbers_and_do_not_count() -> None:
    rows = features_of(60)[0]
    present = np.arange(60) % 30 != 0
    pairs = draw_pairs(60, 0, 0, 80)
    garbled = np.where(present[:, None], rows, 1e6)
    found = CentredGram(garbled, present).entries(pairs)
    number = np.cumsum(present) - 1
    both = present[pairs].all(axis=1)
    alone = CentredGram(rows[present], np.ones(58, bool))
    np.testing.assert_allclose(found[both], alone.entries(number[pairs[both]]), rtol=1e-7)
    assert np.isnan(found[~both]).all()
    numbers = fingerprint_numbers(garbled, present, 0, 0, 80)
    used = draw_pairs(60, 0, 0, 80 * TERMS).reshape(80, 2 * TERMS)
    assert np.array_equal(np.isnan(numbers), ~present[used].all(axis=1))
    assert 0 < np.isnan(numbers).sum() < 80


def test_features_that_tell_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="do not vary"):
        CentredGram(np.full((9, 2), 7.0), np.ones(9, bool))
    with pytest.raises(ValueError, match="only 3 units have features"):
        CentredGram(np.eye(9), np.arange(9) < 3)
    # All units equally far from each other: nothing is left of the Gram matrix.
    with pytest.raises(ValueError, match="do not vary"):
        CentredGram(np.eye(9), np.ones(9, bool)).mean_square()


def write_features(folder: Path, units: int = 40, seed: int = 0) -> Path:
    (folder / "prints").mkdir(parents=True)
    for name, rows in zip(NAMES, features_of(units, seed), strict=True):
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
    assert "ant: 780 numbers from 780 pairs of 40 units; 0 lack a unit" in caplog.text
    assert "4 checkpoints, 780 of 780 numbers in all, rank 4" in caplog.text
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
        ({"terms": 1}, "differ in their terms"),
        ({"estimator": "biased"}, "differ in their estimator"),
        ({"first": 2}, "differ in their first"),
        ({"values": np.ones(3, np.float32)}, "of bee has 3 numbers, that of ant 80"),
        ({"values": np.zeros(80, np.float32)}, "of bee is zero where all have one"),
        ({"values": np.full(80, np.nan, np.float32)}, "no number is in all fingerprints"),
        ({"values": np.full(80, -np.inf, np.float32)}, "bee.npz: a number .* is infinite; make"),
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
    with pytest.raises(UserError, match="after the numbers 0 to 79 come those from 100 on"):
        merge(folder)
    (folder / "prints/ant.npz").write_text("text")
    with pytest.raises(UserError, match="this is no fingerprint"):
        merge(folder)
    with pytest.raises(UserError, match="there is no such fingerprint"):
        read_fingerprint(folder / "absent.npz")
    with pytest.raises(UserError, match="numbers are counted from 0"):
        make_prints(folder, "--first", "-1")


def test_parts_of_different_kinds_are_not_joined(tmp_path: Path) -> None:
    folder = write_features(tmp_path)
    make_prints(folder, "--pairs", "80")
    make_prints(folder, "--pairs", "80", "--first", "80", "--seed", "1", suffix="-more")
    with pytest.raises(UserError, match="ant and ant differ in their seed"):
        merge(folder)


def test_parts_of_different_features_are_not_joined(tmp_path: Path) -> None:
    folder = write_features(tmp_path)
    make_prints(folder, "--pairs", "80")
    write_features(tmp_path / "later", seed=1)
    (folder / "bee.safetensors").write_bytes((folder / "later/bee.safetensors").read_bytes())
    make_prints(folder, "--pairs", "80", "--first", "80", suffix="-more")
    with pytest.raises(UserError, match="fingerprints of bee are of different features; make all"):
        merge(folder)


def test_features_that_no_fingerprint_can_be_made_of_are_refused(tmp_path: Path) -> None:
    for name, metadata, rows, message in (
        ("nowhere", {}, features_of(9)[0], "does not say of which corpus"),
        ("still", {"corpus_sha256": "4f"}, np.ones((9, 3)), "do not vary"),
    ):
        path = tmp_path / f"{name}.safetensors"
        with FeatureWriter(path, 9, 3, "float32", metadata) as writer:
            writer.write(slice(0, 9), rows)
        with pytest.raises(UserError, match=message):
            fingerprint.main(["--features", str(path), "--output", str(tmp_path / "print.npz")])


def test_a_small_zoo_gives_the_whole_matrix(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_features(tmp_path)
    make_prints(folder, "--pairs", "700")
    merge(folder, "--full")
    found = read_covariance(folder / "zoo.npz")
    assert (found.names, found.rows, found.estimator) == (NAMES, 40, "debiased")
    np.testing.assert_allclose(found.values, debiased(features_of(40)), atol=0.1)
    assert not found.notes
    # Of fewer numbers than checkpoints.
    make_prints(folder, "--pairs", "2")
    merge(folder, "--full")
    assert "was not positive definite" in caplog.text
    assert len(read_covariance(folder / "zoo.npz").notes) == 1


def test_absent_units_unlike_the_others_leave_the_matrix_without_bias(tmp_path: Path) -> None:
    """Where a third checkpoint lacks units, two have features four times as long, so that their
    numbers of the other units are too small."""
    units, absent = 600, 18
    zoo = features_of(units)
    for rows in zoo[::2]:
        rows -= 20
        rows[-absent:] *= 4
    present = np.arange(units) < units - absent
    (tmp_path / "prints").mkdir()
    for number, (name, rows) in enumerate(zip(NAMES, zoo, strict=True)):
        metadata = {"checkpoint": name, "corpus_sha256": "4f"}
        path = tmp_path / f"{name}.safetensors"
        with FeatureWriter(path, units, rows.shape[1], "float32", metadata) as writer:
            here = present if number == 1 else np.ones(units, bool)
            writer.write(np.flatnonzero(here), rows[here])
    make_prints(tmp_path, "--pairs", "32768")
    merge(tmp_path, "--full")
    truth = debiased([rows[present] for rows in zoo])
    error = read_covariance(tmp_path / "zoo.npz").values - truth
    numbers = np.stack([read_fingerprint(tmp_path / f"prints/{one}.npz").values for one in NAMES])
    biased = fingerprint_alignment(numbers[:, ~np.isnan(numbers).any(axis=0)]) - truth
    assert np.sqrt(np.square(error).mean()) < 0.01
    assert np.sqrt(np.square(biased).mean()) > 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nugget": np.zeros(4)}, "the nugget above zero"),
        ({"names": np.array(["ant"] * 4)}, "stand for several rows"),
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


def test_picks_among_thousands_are_those_of_the_full_matrix() -> None:
    factor, nugget = some_low_rank(2000, 128, 0)
    kappa = factor @ factor.T + np.diag(nugget)
    for first in (None, hub(kappa)):
        full = greedy_mutual_information(kappa, 50, first)
        low = greedy_low_rank(factor, nugget, 50, first)
        assert low.order == full.order
        np.testing.assert_allclose(low.objective, full.objective, atol=1e-8)


def test_a_factor_in_single_precision_is_computed_with_in_double() -> None:
    factor, nugget = some_low_rank(300, 9, 0)
    single = factor.astype(np.float32)
    low = greedy_low_rank(single, nugget, 20)
    assert low == greedy_low_rank(single.astype(np.float64), nugget, 20)


def test_jitter_is_added_to_the_diagonal_and_scaled_back() -> None:
    factor, nugget = some_low_rank(6, 2, 0)
    found = LowRank([*"abcdef"], factor, nugget).with_jitter(0.5)
    kappa = factor @ factor.T + np.diag(nugget)
    expected = (kappa + 0.5 * np.eye(6)) / 1.5
    values = found.factor @ found.factor.T + np.diag(found.nugget)
    np.testing.assert_allclose(values, expected, atol=1e-12)


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
