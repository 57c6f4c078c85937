"""Who represents whom, against the formulae of Gaussian regression and by what must hold."""

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.common.covariance_input import NamedMatrix, checked
from workflow_scripts.report.findings import what_picks_leave
from workflow_scripts.report.tables.picks import largest_set, representatives

NAMES = ["ant", "bee", "cat", "dog", "eel"]


def some_kappa(seed: int = 0) -> NamedMatrix:
    features = np.random.default_rng(seed).normal(size=(5, 9)) + 0.7
    values = features @ features.T
    scale = np.sqrt(np.diag(values))
    return NamedMatrix(NAMES, values / np.outer(scale, scale))


def test_weights_and_residuals_are_those_of_gaussian_regression() -> None:
    table = representatives(checked(some_kappa(), 0.1), ["dog", "ant"])
    # Scaled back to a diagonal of one, the covariance has the same weights and shares.
    kappa = some_kappa().values + 0.1 * np.eye(5)
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
    table = representatives(NamedMatrix(NAMES[:3], values), ["ant"])
    assert table["checkpoint"].tolist() == ["cat", "bee"]
    np.testing.assert_allclose(table["residual_variance"], [1 - 0.2**2, 0], atol=1e-12)
    np.testing.assert_allclose(table["weight_1"], [0.2, 1])
    assert table[["pick_2", "weight_3"]].isna().all(axis=None)


def test_when_all_are_picked_nobody_is_left() -> None:
    assert representatives(some_kappa(), NAMES).empty
    assert what_picks_leave(pd.DataFrame({"residual_variance": []})) == []


def test_the_recommended_picks_are_the_first_draw_of_the_largest_size() -> None:
    rows = [(0, 1, 1, "cat"), (0, 2, 2, "eel"), (0, 2, 1, "cat"), (1, 2, 1, "dog")]
    assert largest_set(pd.DataFrame(rows, columns=["draw", "k", "rank", "checkpoint"])) == [
        *("cat", "eel")
    ]


def test_a_sentence_names_whom_the_picks_tell_least_of() -> None:
    table = representatives(some_kappa(), ["cat", "eel"])
    [sentence] = what_picks_leave(table)
    assert f"of {table['checkpoint'][0]} ({table['residual_variance'][0]:.0%} open)" in sentence
    assert (
        f"{table['residual_variance'].median():.0%} of the variance of the median checkpoint"
        in sentence
    )
