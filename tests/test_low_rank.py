"""Upper bounds for covariances of low rank plus a diagonal, against exhaustive search."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workflow_scripts.common.low_rank_file import LowRank, write_low_rank
from workflow_scripts.selection import low_rank as module
from workflow_scripts.selection import select
from workflow_scripts.selection.bounds import gains_bound, log_determinants, upper_bounds
from workflow_scripts.selection.low_rank import greedy_low_rank, low_rank_bounds
from workflow_scripts.selection.mutual_information import precision

ROUNDING = 1e-9


def some_low_rank(size: int, rank: int, seed: int) -> tuple[NDArray, NDArray]:
    """A factor and a nugget whose κ has a unit diagonal."""
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=(size, rank)) / np.sqrt(1 + np.arange(rank))
    nugget = generator.uniform(0.02, 0.9, size)
    factor *= np.sqrt((1 - nugget) / np.square(factor).sum(axis=1))[:, None]
    return factor, nugget


def matrices_of(factor: NDArray, nugget: NDArray, with_inverse: bool) -> list[NDArray]:
    kappa = factor @ factor.T + np.diag(nugget)
    return [kappa, precision(kappa)] if with_inverse else [kappa]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 9), st.integers(1, 5), st.integers(0, 10**6), st.booleans(), st.integers(0, 9)
)
def test_no_set_is_above_the_bound_whatever_picks_prove_it(
    size: int, rank: int, seed: int, with_inverse: bool, picks: int
) -> None:
    factor, nugget = some_low_rank(size, rank, seed)
    matrices = matrices_of(factor, nugget, with_inverse)
    order = np.random.default_rng(seed).permutation(size)[:picks].tolist()
    sizes = range(1, size + 1)
    bounds = low_rank_bounds(factor, nugget, order, sizes, with_inverse)
    for k in sizes:
        highest = max(log_determinants(matrices, one) for one in combinations(range(size), k))
        assert highest <= bounds[k] + ROUNDING


def test_every_set_of_picks_proves_what_its_formula_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against determinants; the rows come in blocks."""
    monkeypatch.setattr(module, "_BLOCK_BYTES", 8 * 7 * 5)
    factor, nugget = some_low_rank(23, 4, 0)
    order = [3, 22, 9]
    scaled = factor / np.sqrt(nugget)[:, None]

    def shared(picks: list[int]) -> float:
        rows = scaled[picks]
        return 0.5 * float(np.linalg.slogdet(np.eye(len(picks)) + rows @ rows.T)[1])

    for with_inverse in (True, False):
        offsets = np.zeros(23) if with_inverse else 0.5 * np.log(nugget)
        proven = []
        for count in range(4):
            base = order[:count]
            terms = [
                (0.0 if one in base else shared([*base, one]) - shared(base)) + offsets[one]
                for one in range(23)
            ]
            proven.append(shared(base) + sum(sorted(terms)[-6:]))
        found = low_rank_bounds(factor, nugget, order, [6], with_inverse)
        assert found[6] == pytest.approx(min(proven), abs=1e-10)


def test_bounds_are_about_those_of_the_full_matrix() -> None:
    factor, nugget = some_low_rank(400, 20, 0)
    matrices = matrices_of(factor, nugget, with_inverse=True)
    sizes = [1, 5, 10]
    order = greedy_low_rank(factor, nugget, 10).order
    found, full = low_rank_bounds(factor, nugget, order, sizes), upper_bounds(matrices, sizes)
    for size in sizes:
        assert log_determinants(matrices, order[:size]) <= found[size] <= 1.2 * full[size]
    # Without picks, entropy is bounded by the diagonal.
    alone = low_rank_bounds(factor, nugget, [], [5], with_inverse=False)
    assert alone[5] == pytest.approx(gains_bound(matrices[:1], 5), abs=1e-9)


@pytest.mark.parametrize("method", ["mmi", "entropy"])
def test_selections_from_a_low_rank_come_with_a_bound(tmp_path: Path, method: str) -> None:
    factor, nugget = some_low_rank(9, 2, 1)
    names = [f"n{number}" for number in range(9)]
    write_low_rank(tmp_path / "zoo.npz", LowRank(names, factor, nugget))
    select.main(
        ["--covariance", str(tmp_path / "zoo.npz"), "--method", method, "--k", "2", "3"]
        + ["--output", str(tmp_path / "picks.csv")]
    )
    last = pd.read_csv(tmp_path / "picks.csv").groupby("k").last()
    matrices = matrices_of(factor, nugget, method == "mmi")
    for k, row in last.iterrows():
        highest = max(log_determinants(matrices, one) for one in combinations(range(9), int(k)))
        assert row["objective"] <= highest + ROUNDING <= row["bound"] + 2 * ROUNDING
