"""Who represents whom, against the formulae of Gaussian regression and by what must hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.script import UserError
from workflow_scripts.report import representatives
from workflow_scripts.report.findings import what_picks_leave

NAMES = ["ant", "bee", "cat", "dog", "eel"]


def some_covariance(seed: int = 0) -> Covariance:
    features = np.random.default_rng(seed).normal(size=(5, 9)) + 0.7
    values = features @ features.T
    scale = np.sqrt(np.diag(values))
    return Covariance(NAMES, values / np.outer(scale, scale), 100, "biased")


def test_weights_and_residuals_are_those_of_gaussian_regression() -> None:
    covariance = some_covariance()
    table = representatives.representatives(covariance, ["dog", "ant"], jitter=0.1)
    kappa = covariance.values + 0.1 * np.eye(5)
    picks, inverse = [3, 0], np.linalg.inv(kappa[np.ix_([3, 0], [3, 0])])
    assert set(table["checkpoint"]) == {"bee", "cat", "eel"}
    for row in table.itertuples():
        j = NAMES.index(row.checkpoint)
        weights = inverse @ kappa[picks, j]
        by_size = sorted(zip(abs(weights), weights, ["dog", "ant"], strict=True), reverse=True)
        assert (row.pick_1, row.pick_2) == (by_size[0][2], by_size[1][2])
        np.testing.assert_allclose([row.weight_1, row.weight_2], [one[1] for one in by_size])
        left = kappa[j, j] - kappa[j, picks] @ weights
        assert row.residual_variance == pytest.approx(left / kappa[j, j])
    assert table["residual_variance"].is_monotonic_decreasing


def test_the_twin_of_a_pick_is_left_no_variance() -> None:
    values = np.array([[1, 1, 0.2], [1, 1, 0.2], [0.2, 0.2, 1]])
    covariance = Covariance(NAMES[:3], values, 100, "biased")
    table = representatives.representatives(covariance, ["ant"], jitter=0)
    assert table["checkpoint"].tolist() == ["cat", "bee"]
    np.testing.assert_allclose(table["residual_variance"], [1 - 0.2**2, 0], atol=1e-12)
    np.testing.assert_allclose(table["weight_1"], [0.2, 1])
    assert table[["pick_2", "weight_3"]].isna().all(axis=None)


def test_when_all_are_picked_nobody_is_left(tmp_path: Path) -> None:
    assert representatives.representatives(some_covariance(), NAMES, jitter=0).empty
    assert what_picks_leave(pd.DataFrame({"residual_variance": []})) == []


def test_picks_that_are_twins_or_unknown_are_told() -> None:
    twins = Covariance(NAMES[:2], np.ones((2, 2)), 100, "biased")
    with pytest.raises(UserError, match="two of them have the same features"):
        representatives.representatives(twins, NAMES[:2], jitter=0)
    with pytest.raises(UserError, match="no checkpoint 'fox'"):
        representatives.representatives(twins, ["fox"], jitter=0)


def test_the_script_takes_the_largest_set(tmp_path: Path) -> None:
    write_covariance(tmp_path / "probe.npz", some_covariance())
    rows = [("mmi", 0, "", 1, 1, "cat"), ("mmi", 0, "", 2, 1, "cat"), ("mmi", 0, "", 2, 2, "eel")]
    columns = ["method", "draw", "task", "k", "rank", "checkpoint"]
    selection = pd.DataFrame(rows, columns=columns).assign(objective=1.0, bound=1.0, gap=0.0)
    selection.to_csv(tmp_path / "mmi.csv", index=False)
    flags = ["--covariance", tmp_path / "probe.npz", "--selection", tmp_path / "mmi.csv"]
    output = tmp_path / "representatives.csv"
    representatives.main([*map(str, flags), "--output", str(output)])
    written = pd.read_csv(output)
    expected = representatives.representatives(some_covariance(), ["cat", "eel"], jitter=0)
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)


def test_a_sentence_names_whom_the_picks_tell_least_of() -> None:
    table = representatives.representatives(some_covariance(), ["cat", "eel"], jitter=0)
    [sentence] = what_picks_leave(table)
    assert f"of {table['checkpoint'][0]} ({table['residual_variance'][0]:.0%} open)" in sentence
    assert (
        f"{table['residual_variance'].median():.0%} of the variance of the median checkpoint"
        in sentence
    )
