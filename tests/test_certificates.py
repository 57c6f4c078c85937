"""Upper bounds, swaps and branch and bound, against exhaustive search."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workflow_scripts.common.covariance_input import checked, read_matrix
from workflow_scripts.selection.bounds import (
    gains_bound,
    log_determinants,
    online_bounds,
    spectral_bounds,
    upper_bounds,
)
from workflow_scripts.selection.branch_and_bound import best_set, best_sets, searched_bounds
from workflow_scripts.selection.mutual_information import (
    greedy,
    improve_by_swaps,
    precision,
    swap_gains,
)
from workflow_scripts.selection.relaxation import (
    BRIEF,
    THOROUGH,
    Effort,
    Point,
    neutral_point,
    relax,
)

Matrix = NDArray[np.float64]
REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
ROUNDING = 1e-9


def random_pair(size: int, seed: int, rows: int = 3) -> list[Matrix]:
    """A random correlation matrix, the closer to singular the fewer rows are added, and its
    inverse."""
    factor = np.random.default_rng(seed).normal(size=(size, size + rows))
    covariance = factor @ factor.T
    scale = np.sqrt(np.diag(covariance))
    kappa = covariance / np.outer(scale, scale)
    return [kappa, precision(kappa)]


def objective(matrices: list[Matrix], picks: tuple[int, ...]) -> float:
    """Σ_M ½ log det M_AA, by its definition."""
    return sum(np.linalg.slogdet(matrix[np.ix_(picks, picks)])[1] / 2 for matrix in matrices)


def best(matrices: list[Matrix], size: int) -> float:
    """The highest objective of any set of the size, looked for in all of them."""
    return max(objective(matrices, picks) for picks in combinations(range(len(matrices[0])), size))


@contextmanager
def seconds(limit: int) -> Iterator[None]:
    """What runs inside fails when it takes longer, so that a loop without end is no test without
    end."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"it took longer than {limit} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def with_copies(copies: int, seed: int) -> list[Matrix]:
    """Twelve checkpoints, some of them the same, whose κ has the jitter that the README advises;
    and its inverse."""
    factor = np.random.default_rng(seed).normal(size=(12, 15))
    factor[:copies] = factor[0]
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    kappa = (factor @ factor.T + 1e-6 * np.eye(12)) / (1 + 1e-6)
    np.fill_diagonal(kappa, 1.0)
    return [kappa, precision(kappa)]


def schur_complement(matrix: Matrix, given: list[int], left: list[int]) -> Matrix:
    cross = matrix[np.ix_(given, left)]
    return matrix[np.ix_(left, left)] - cross.T @ np.linalg.solve(
        matrix[np.ix_(given, given)], cross
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_bound_is_below_the_best_set(seed: int) -> None:
    pair = random_pair(4 + seed % 6, seed, rows=seed % 4)
    sizes = range(1, len(pair[0]) + 1)
    for matrices in (pair, pair[:1]):
        online, spectral = online_bounds(matrices, sizes), spectral_bounds(matrices, sizes)
        lowest = upper_bounds(matrices, sizes)
        for size in sizes:
            highest = best(matrices, size) - ROUNDING
            assert highest <= lowest[size]
            assert lowest[size] <= min(online[size], spectral[size], gains_bound(matrices, size))
            assert highest <= min(online[size], spectral[size])


@pytest.mark.parametrize("seed", range(6))
def test_bounds_hold_with_some_variables_in_and_some_out(seed: int) -> None:
    matrices = random_pair(9, seed)
    inside, left = [2, 5], [0, 1, 4, 6, 7, 8]
    parts = [schur_complement(matrix, inside, left) for matrix in matrices]
    for size in (1, 2, 4):
        highest = max(
            objective(matrices, (*inside, *picks)) for picks in combinations(left, size)
        ) - objective(matrices, tuple(inside))
        relaxed = relax(parts, size, neutral_point(parts, size), THOROUGH).bound
        assert highest - ROUNDING <= min(
            relaxed, gains_bound(parts, size), spectral_bounds(parts, [size])[size]
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 8), st.data())
def test_every_point_and_scaling_of_the_relaxation_proves_a_bound(
    seed: int, count: int, data: st.DataObject
) -> None:
    matrices = random_pair(count, seed)
    size = data.draw(st.integers(1, count - 1))
    generator = np.random.default_rng(seed)
    x = np.clip(generator.dirichlet(np.ones(count)) * size, 0.01, 0.99)
    point = Point(x, generator.normal(size=(2, 2, count)))
    relaxation = relax(matrices, size, point, Effort(steps=1, barrier=0.01, decay=1.0))
    highest = best(matrices, size)
    assert highest - ROUNDING <= relaxation.bound
    assert highest - ROUNDING <= relax(matrices, size, point, BRIEF).bound


def test_the_relaxation_is_exact_at_a_set() -> None:
    """With x the indicator of a set, but for a little room, and any scaling."""
    matrices = random_pair(7, 0)
    picks = (0, 3, 4)
    x = np.full(7, 1e-9)
    x[list(picks)] = 1 - 1e-9
    scalings = np.random.default_rng(1).normal(size=(2, 2, 7))
    relaxation = relax(matrices, 3, Point(x, scalings), Effort(steps=1, barrier=0.0, decay=1.0))
    slopes = np.sort(relaxation.slopes)[-3:].sum() - relaxation.slopes @ x
    assert relaxation.bound - slopes == pytest.approx(objective(matrices, picks), abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_bounds_for_one_more_choice_hold_for_the_sets_that_make_it(seed: int) -> None:
    matrices = random_pair(8, seed)
    size = 2 + seed % 4
    relaxation = relax(matrices, size, neutral_point(matrices, size), THOROUGH)
    ins, outs = relaxation.bounds_if_in(size), relaxation.bounds_if_out(size)
    for picks in combinations(range(8), size):
        value = objective(matrices, picks) - ROUNDING
        assert all(value <= (ins if i in picks else outs)[i] for i in range(8))


@pytest.mark.parametrize("seed", range(5))
def test_gains_of_swaps_equal_differences_of_determinants(seed: int) -> None:
    matrices = random_pair(8, seed)
    picks = [6, 1, 4]
    gains = swap_gains(matrices, picks)
    for leaving, pick in enumerate(picks):
        for entering in range(8):
            if entering in picks:
                assert gains[leaving, entering] == -np.inf
                continue
            swapped = tuple(entering if one == pick else one for one in picks)
            expected = objective(matrices, swapped) - objective(matrices, tuple(picks))
            assert gains[leaving, entering] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_swaps_end_where_no_swap_helps_and_never_below_greedy(seed: int) -> None:
    matrices = random_pair(14, seed, rows=1)
    for size in (1, 4, 14):
        picks = greedy(matrices, size).order
        improved = improve_by_swaps(matrices, picks)
        assert len(set(improved)) == size
        assert log_determinants(matrices, improved) >= log_determinants(matrices, picks) - ROUNDING
        assert swap_gains(matrices, improved).max() <= ROUNDING


@pytest.mark.parametrize("copies", [4, 5])
def test_swaps_among_copies_of_a_checkpoint_come_to_an_end(copies: int) -> None:
    with seconds(60):
        for seed in range(12):
            matrices = with_copies(copies, seed)
            order = greedy(matrices, 6).order
            for size in range(1, 7):
                improved = improve_by_swaps(matrices, order[:size])
                before = log_determinants(matrices, sorted(order[:size]))
                assert len(set(improved)) == size
                assert log_determinants(matrices, sorted(improved)) >= before


@pytest.mark.parametrize("copies", [4, 5])
def test_the_best_set_among_copies_is_found_within_its_time(copies: int) -> None:
    for seed in range(4):
        matrices = with_copies(copies, seed)
        started = time.monotonic()
        with seconds(60):
            [found] = best_sets(matrices, [4], time_limit=3)
        assert time.monotonic() - started < 10
        assert found.objective == pytest.approx(best(matrices, 4), abs=1e-5)
        assert found.objective <= found.bound


def test_after_the_deadline_no_swap_is_made() -> None:
    matrices = random_pair(14, 3, rows=0)
    worst = min(combinations(range(14), 4), key=lambda picks: objective(matrices, picks))
    assert improve_by_swaps(matrices, worst) != list(worst)
    assert improve_by_swaps(matrices, worst, deadline=time.monotonic()) == list(worst)


@pytest.mark.parametrize("seed", range(12))
def test_branch_and_bound_finds_what_exhaustive_search_finds(seed: int) -> None:
    matrices = random_pair(6 + seed % 6, seed, rows=seed % 3)
    sizes = range(1, len(matrices[0]) + 1)
    for size, found in zip(sizes, best_sets(matrices, sizes, time_limit=60), strict=True):
        assert len(set(found.picks)) == size
        assert found.objective == pytest.approx(best(matrices, size), abs=1e-8)
        assert found.objective == pytest.approx(objective(matrices, tuple(found.picks)), abs=1e-9)
        assert found.objective <= found.bound <= found.objective + ROUNDING


def test_branch_and_bound_begins_with_any_set() -> None:
    matrices = random_pair(12, 0, rows=0)
    for picks in ([0, 1, 2, 3], [8, 9, 10, 11]):
        found = best_set(matrices, 4, picks, upper_bounds(matrices, [4])[4], time_limit=60)
        assert found.objective == pytest.approx(best(matrices, 4), abs=1e-8)


def test_without_time_the_bound_still_holds() -> None:
    matrices = random_pair(14, 3, rows=0)
    picks = greedy(matrices, 5).order
    bound = upper_bounds(matrices, [5])[5]
    found = best_set(matrices, 5, picks, bound, time_limit=0)
    assert found.nodes == 0
    assert found.picks == sorted(picks)
    assert found.objective <= best(matrices, 5) <= found.bound == bound


@pytest.mark.parametrize("size", [20, 700])
def test_the_best_sets_found_have_no_looser_bounds_than_others(size: int) -> None:
    """Also where there are too many variables to search, or no time."""
    # A low rank beside a diagonal, of which the eigenvalues know more than greedy sets.
    factor = np.random.default_rng(0).normal(size=(size, 4)) * [3, 2, 1, 0.5]
    covariance = factor @ factor.T + 0.5 * np.eye(size)
    scale = np.sqrt(np.diag(covariance))
    kappa = covariance / np.outer(scale, scale)
    matrices = [kappa, precision(kappa)]
    bounds = upper_bounds(matrices, [5, 15])
    for one in best_sets(matrices, [5, 15], time_limit=1e-6):
        assert one.bound <= bounds[len(one.picks)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 10), st.integers(0, 4), st.data())
def test_a_search_that_is_cut_short_still_proves_its_bound(
    seed: int, count: int, rows: int, data: st.DataObject
) -> None:
    pair = random_pair(count, seed, rows)
    size, nodes = data.draw(st.integers(1, count - 1)), data.draw(st.integers(0, 40))
    for matrices in (pair, pair[:1]):
        begin = upper_bounds(matrices, [size])[size]
        picks = np.random.default_rng(seed).permutation(count)[:size].tolist()
        found = best_set(matrices, size, picks, begin, node_limit=nodes)
        highest = best(matrices, size)
        assert found.nodes <= nodes
        assert found.objective - ROUNDING <= highest <= found.bound + ROUNDING
        assert found.bound <= max(begin, found.objective)


@pytest.mark.parametrize("seed", range(3))
def test_the_bounds_of_a_small_zoo_are_those_of_its_best_sets(seed: int) -> None:
    pair = random_pair(8 + seed, seed, rows=seed % 2)
    weights = np.random.default_rng(seed).uniform(0.5, 2, size=len(pair[0]))
    sizes = range(1, len(pair[0]) + 1)
    for matrices in (pair, pair[:1], [np.outer(weights, weights) * pair[0]]):
        found = searched_bounds(matrices, sizes)
        assert found == searched_bounds(matrices, sizes)
        for size in sizes:
            assert found[size] == pytest.approx(best(matrices, size), abs=1e-8)


def test_the_bounds_of_a_large_zoo_are_not_searched_for() -> None:
    matrices = random_pair(61, 0)
    assert searched_bounds(matrices, [3, 9]) == upper_bounds(matrices, [3, 9])


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_checkpoints_that_are_all_alike_are_no_trouble(share: float) -> None:
    kappa = np.full((8, 8), share) + (1 - share) * np.eye(8)
    matrices = [kappa, precision(kappa)]
    bounds = upper_bounds(matrices, [1, 3, 8])
    for size, found in zip([1, 3, 8], best_sets(matrices, [1, 3, 8], time_limit=60), strict=True):
        assert found.objective == pytest.approx(best(matrices, size), abs=1e-9)
        assert found.objective - ROUNDING <= found.bound <= bounds[size] + ROUNDING


def test_a_covariance_close_to_singular_keeps_its_bounds() -> None:
    kappa = random_pair(8, 0)[0]
    kappa[7], kappa[:, 7] = kappa[0], kappa[:, 0]
    kappa = (kappa + 1e-8 * np.eye(8)) / (1 + 1e-8)
    np.fill_diagonal(kappa, 1.0)
    matrices = [kappa, precision(kappa)]
    sizes = [1, 2, 3, 5]
    bounds = upper_bounds(matrices, sizes)
    for size, found in zip(sizes, best_sets(matrices, sizes, time_limit=20), strict=True):
        highest = best(matrices, size)
        assert highest - 1e-6 <= min(bounds[size], found.bound)
        assert found.objective == pytest.approx(highest, abs=1e-6)


@pytest.mark.skipif(
    not (REFERENCE / "kappa_34.npy").is_file(), reason="the published covariance is not here"
)
def test_every_size_is_proven_on_the_published_covariance() -> None:
    matrix = read_matrix(REFERENCE / "kappa_34.npy", REFERENCE / "checkpoints_34.txt")
    kappa = checked(matrix, jitter=0).values
    matrices = [kappa, precision(kappa)]
    sizes = range(1, 18)
    found = dict(zip(sizes, best_sets(matrices, sizes, time_limit=600), strict=True))
    assert all(one.bound <= one.objective + ROUNDING for one in found.values())
    assert found[5].objective == pytest.approx(2.9498, abs=5e-5)
    assert found[10].objective == pytest.approx(3.8168, abs=5e-5)
