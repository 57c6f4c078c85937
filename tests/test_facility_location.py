"""Facility location, medoids and hubs against versions that try every pick and every swap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_mutual_information import random_correlation

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.selection.facility_location import (
    coverage,
    greedy_facility_location,
    k_medoids,
    largest_row_sums,
)
from workflow_scripts.selection.methods import select
from workflow_scripts.selection.mutual_information import hub
from workflow_scripts.selection.pool import Pool
from workflow_scripts.selection.settings import METHODS

Matrix = NDArray[np.float64]


def slow_coverage(kappa: Matrix, picks: list[int]) -> float:
    return sum(max(float(kappa[i, j]) for i in picks) for j in range(len(kappa)))


def distances(kappa: Matrix, medoids: list[int]) -> float:
    """What k-medoids minimises, by its definition."""
    return sum(min(1 - float(kappa[i, j]) for i in medoids) for j in range(len(kappa)))


@pytest.mark.parametrize("seed", range(10))
def test_facility_location_takes_the_best_of_all_candidates_at_each_step(seed: int) -> None:
    kappa = random_correlation(4 + seed, seed)
    found = greedy_facility_location(kappa, len(kappa))
    chosen: list[int] = []
    for value in found.objective:
        left = [index for index in range(len(kappa)) if index not in chosen]
        values = [slow_coverage(kappa, [*chosen, y]) for y in left]
        # Of candidates that are equally good, the first.
        chosen.append(left[int(np.argmax(np.array(values) > max(values) - 1e-9))])
        assert value == pytest.approx(max(values), abs=1e-9)
    assert found.order == chosen
    assert found.order[0] == hub(kappa)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 9), st.integers(0, 10_000), st.data())
def test_no_swap_of_a_medoid_lowers_the_distances(
    size: int, seed: int, data: st.DataObject
) -> None:
    kappa = random_correlation(size, seed)
    picks = data.draw(st.integers(1, size))
    found = k_medoids(kappa, picks)
    assert len(set(found.order)) == picks
    total = distances(kappa, found.order)
    assert found.objective[-1] == pytest.approx(-total, abs=1e-9)
    for out in found.order:
        for other in set(range(size)) - set(found.order):
            swapped = [other if one == out else one for one in found.order]
            assert distances(kappa, swapped) >= total - 1e-9
    assert (
        coverage(kappa, found.order) >= greedy_facility_location(kappa, picks).objective[-1] - 1e-9
    )


def test_a_single_medoid_is_the_best_of_all() -> None:
    for seed in range(5):
        kappa = random_correlation(8, seed)
        [medoid] = k_medoids(kappa, 1).order
        assert medoid == min(range(8), key=lambda one: distances(kappa, [one]))


def test_swaps_leave_greedy_behind_where_its_first_pick_is_between_two_groups() -> None:
    """A hub between two tight pairs is greedy's first pick, and no medoid of two clusters."""
    kappa = np.array(
        [
            [1.0, 0.6, 0.6, 0.6, 0.6],
            [0.6, 1.0, 0.9, 0.0, 0.0],
            [0.6, 0.9, 1.0, 0.0, 0.0],
            [0.6, 0.0, 0.0, 1.0, 0.9],
            [0.6, 0.0, 0.0, 0.9, 1.0],
        ]
    )
    assert greedy_facility_location(kappa, 2).order == [0, 1]
    assert sorted(k_medoids(kappa, 2).order) == [1, 3]
    assert k_medoids(kappa, 2).objective[-1] == pytest.approx(-0.6)


def test_the_largest_row_sums_come_in_order_and_ties_by_index() -> None:
    kappa = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.1], [0.1, 0.1, 1.0]])
    found = largest_row_sums(kappa, 3)
    assert found.order == [0, 1, 2]
    assert found.objective == pytest.approx([1.6, 3.2, 4.4])


@pytest.mark.parametrize("method", ["facility_location", "k_medoids", "hub"])
def test_the_methods_pick_by_name_at_every_size(method: str) -> None:
    names = list("abcdef")
    pool = Pool(names, covariance=NamedMatrix(names, random_correlation(6, seed=3)))
    chosen = select(METHODS[method](), [1, 2, 6], pool)
    assert [len(set(one.picks)) for one in chosen] == [1, 2, 6]
    assert all(one.objective is not None and len(one.objective) == len(one.picks) for one in chosen)
    if method != "k_medoids":
        assert chosen[1].picks == chosen[2].picks[:2]
