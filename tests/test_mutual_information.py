"""Greedy selection against naive ones that compute every determinant anew."""

import numpy as np
import pytest
from numpy.typing import NDArray

from workflow_scripts.selection.mutual_information import (
    greedy_entropy,
    greedy_mutual_information,
    hub,
    mutual_information,
    precision,
)

Matrix = NDArray[np.float64]


def random_correlation(size: int, seed: int) -> Matrix:
    """A random positive definite matrix with unit diagonal."""
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=(size, size + 3))
    covariance = factor @ factor.T
    scale = np.sqrt(np.diag(covariance))
    return covariance / np.outer(scale, scale)


def log_det(matrix: Matrix) -> float:
    return float(np.linalg.slogdet(matrix)[1])


def naive_information(kappa: Matrix, picks: list[int]) -> float:
    """MI(A; V∖A) = ½ [log det κ_AA + log det κ_RR − log det κ], by its definition."""
    rest = [index for index in range(len(kappa)) if index not in picks]
    parts = log_det(kappa[np.ix_(picks, picks)]) + log_det(kappa[np.ix_(rest, rest)])
    return (parts - log_det(kappa)) / 2


def conditional_variance(kappa: Matrix, index: int, given: list[int]) -> float:
    cross = kappa[index, given]
    return float(kappa[index, index] - cross @ np.linalg.solve(kappa[np.ix_(given, given)], cross))


def naive_greedy(kappa: Matrix, first: int | None) -> list[int]:
    """The rule as the paper writes it: maximise var(y | A) / var(y | V∖(A∪y))."""
    picks = [] if first is None else [first]
    while len(picks) < len(kappa):
        left = [index for index in range(len(kappa)) if index not in picks]
        ratios = [
            conditional_variance(kappa, y, picks)
            / conditional_variance(kappa, y, [index for index in left if index != y])
            for y in left
        ]
        picks.append(left[int(np.argmax(ratios))])
    return picks


@pytest.mark.parametrize("seed", range(50))
def test_greedy_picks_and_values_equal_the_naive_ones_for_every_size(seed: int) -> None:
    kappa = random_correlation(size=3 + seed % 10, seed=seed)
    for first in (None, hub(kappa)):
        picks = greedy_mutual_information(kappa, len(kappa), first)
        assert picks.order == naive_greedy(kappa, first)
        for size in range(1, len(kappa) + 1):
            expected = naive_information(kappa, picks.order[:size])
            assert picks.objective[size - 1] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_information_by_jacobis_identity_equals_the_definition(seed: int) -> None:
    kappa = random_correlation(8, seed)
    picks = np.random.default_rng(seed).permutation(8)[:3].tolist()
    value = mutual_information(kappa, precision(kappa), picks)
    assert value == pytest.approx(naive_information(kappa, picks), abs=1e-10)
    rest = [index for index in range(8) if index not in picks]
    assert value == pytest.approx(mutual_information(kappa, precision(kappa), rest), abs=1e-10)


@pytest.mark.parametrize("seed", range(10))
def test_greedy_entropy_maximises_the_determinant_of_each_step(seed: int) -> None:
    kappa = random_correlation(9, seed)
    picks = greedy_entropy(kappa, 9, first=hub(kappa))
    assert picks.order[0] == hub(kappa)
    chosen = picks.order[:1]
    for size in range(2, 10):
        left = [index for index in range(9) if index not in chosen]
        values = [log_det(kappa[np.ix_([*chosen, y], [*chosen, y])]) / 2 for y in left]
        chosen.append(left[int(np.argmax(values))])
        assert picks.objective[size - 1] == pytest.approx(max(values), abs=1e-9)
    assert picks.order == chosen


def test_the_hub_has_the_largest_row_sum() -> None:
    kappa = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.4], [0.1, 0.4, 1.0]])
    assert hub(kappa) == 1


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    kappa = np.ones((3, 3))
    with pytest.raises(np.linalg.LinAlgError):
        greedy_mutual_information(kappa, 2)
    with pytest.raises(np.linalg.LinAlgError):
        greedy_entropy(kappa, 2)


def test_many_checkpoints_take_seconds() -> None:
    """A naive greedy needs minutes here; the bound is loose, for slow machines."""
    import time

    kappa = random_correlation(1_000, seed=0)
    started = time.monotonic()
    picks = greedy_mutual_information(kappa, 100)
    assert time.monotonic() - started < 10
    assert len(set(picks.order)) == 100
