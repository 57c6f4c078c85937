"""Constraints and the stop of mmi against versions that try every set."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_mutual_information import naive_information, random_correlation
from test_selection import NAMES, run_select, save_npz, some_kappa

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.script import UserError
from workflow_scripts.selection.constraints import Constraints, stops
from workflow_scripts.selection.methods import select
from workflow_scripts.selection.mutual_information import greedy_mutual_information
from workflow_scripts.selection.pool import Pool
from workflow_scripts.selection.settings import MmiSettings


@st.composite
def any_constraints(draw: st.DrawFn) -> Constraints:
    size = draw(st.integers(2, 7))

    def each(of: st.SearchStrategy[int]) -> list[int]:
        return draw(st.lists(of, min_size=size, max_size=size))

    kinds = np.array(each(st.sampled_from([0, 0, 0, 0, 1, 2])))
    return Constraints(
        included=kinds == 1,
        excluded=kinds == 2,
        group=np.array(each(st.integers(-1, 2))),
        most_per_group=draw(st.none() | st.integers(1, 3)),
        costs=np.array(each(st.integers(0, 5)), float),
        budget=draw(st.none() | st.integers(1, 12)),
    )


def is_allowed(constraints: Constraints, picks: tuple[int, ...]) -> bool:
    """Whether a whole set keeps to every constraint, each by its definition."""
    chosen = list(picks)
    counts = [int((constraints.group[chosen] == group).sum()) for group in range(3)]
    most, budget = constraints.most_per_group, constraints.budget
    return (
        not constraints.excluded[chosen].any()
        and set(np.flatnonzero(constraints.included)) <= set(chosen)
        and (most is None or max(counts) <= most)
        and (budget is None or constraints.costs[chosen].sum() <= budget)
    )


def allowed_sets(constraints: Constraints, size: int) -> list[tuple[int, ...]]:
    sets = combinations(range(len(constraints.costs)), size)
    return [one for one in sets if is_allowed(constraints, one)]


@settings(deadline=None, max_examples=300)
@given(any_constraints(), st.data())
def test_a_set_is_found_where_there_is_one_and_it_is_the_cheapest(
    constraints: Constraints, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(constraints.costs)))
    sets = allowed_sets(constraints, size)
    cheapest = constraints.cheapest([], size)
    assert (cheapest is None) == (not sets)
    assert (constraints.problem(size) is None) == bool(sets)
    if cheapest is not None:
        assert tuple(cheapest) in sets
        least = min(constraints.costs[list(one)].sum() for one in sets)
        assert constraints.costs[cheapest].sum() == least


@settings(deadline=None, max_examples=300)
@given(any_constraints(), st.integers(0, 10_000), st.data())
def test_greedy_takes_the_best_pick_with_which_an_allowed_set_is_left(
    constraints: Constraints, seed: int, data: st.DataObject
) -> None:
    count = len(constraints.costs)
    size = data.draw(st.integers(1, count))
    sets = [set(one) for one in allowed_sets(constraints, size)]
    assume(sets)
    kappa = random_correlation(count, seed)
    found = greedy_mutual_information(
        kappa, size, allows=lambda picks, one: constraints.allows(picks, one, size)
    )
    chosen: list[int] = []
    for value in found.objective:
        left = [one for one in range(count) if one not in chosen]
        due = [one for one in left if constraints.included[one]]
        candidates = [
            one for one in due or left if any({*chosen, one} <= allowed for allowed in sets)
        ]
        # Excluded ones still belong to the rest.
        values = [naive_information(kappa, [*chosen, one]) for one in candidates]
        assert value == pytest.approx(max(values), abs=1e-8)
        chosen.append(found.order[len(chosen)])
        assert naive_information(kappa, chosen) == pytest.approx(max(values), abs=1e-8)
        assert chosen[-1] in candidates
    assert set(chosen) in sets


def test_there_may_be_more_groups_than_checkpoints() -> None:
    none = np.zeros(2, bool)
    constraints = Constraints(none, none, np.array([2, 2]), 1, np.zeros(2), None)
    assert constraints.cheapest([], 1) == [0]
    assert constraints.cheapest([], 2) is None


def mmi(sizes: list[int], kappa: np.ndarray | None = None, **settings: object) -> list[list[str]]:
    pool = Pool(NAMES, covariance=NamedMatrix(NAMES, some_kappa() if kappa is None else kappa))
    chosen = select(MmiSettings.model_validate(settings), sizes, pool)
    return [one.picks for one in chosen]


def test_picks_that_must_be_in_every_set_come_first_and_excluded_ones_never() -> None:
    free = mmi([3])[0]
    last = next(name for name in NAMES if name not in free)
    for start in ("greedy", "hub"):
        forced = mmi([1, 3], must_include=[last], exclude=[free[0]], start=start)
        assert forced[0] == [last]
        assert forced[1][0] == last
        assert free[0] not in forced[1]


def test_the_hub_comes_first_if_it_may() -> None:
    kappa = some_kappa()
    ranked = [NAMES[one] for one in np.argsort(-kappa.sum(axis=1))]
    assert mmi([1], start="hub") == [ranked[:1]]
    assert mmi([1], start="hub", exclude=[ranked[0]]) == [ranked[1:2]]


def test_constraints_that_bind_nothing_change_nothing() -> None:
    groups = {"all": NAMES}
    assert mmi([2, 4], groups=groups, most_per_group=4) == mmi([2, 4])
    assert mmi([2, 4], costs=dict.fromkeys(NAMES, 0.1), budget=0.4) == mmi([2, 4])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"exclude": ["yak"]}, "exclude: there is no checkpoint 'yak'"),
        ({"must_include": NAMES[:2]}, "must_include names 2 checkpoints, more than k = 1"),
        ({"exclude": NAMES[:3]}, "exclude leaves 2 checkpoints for k = 3"),
        ({"groups": {"g": NAMES}, "most_per_group": 2}, "at most 2 of each group"),
        (
            {"costs": dict.fromkeys(NAMES, 2), "budget": 5},
            "the cheapest 3 checkpoints that are allowed cost 6, more than the budget of 5",
        ),
    ],
)
def test_constraints_that_no_set_keeps_are_refused(settings: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=told):
        mmi([1, 3], **settings)


def test_many_constrained_checkpoints_take_seconds() -> None:
    import time

    kappa = random_correlation(600, seed=0)
    names = [f"n{number:03d}" for number in range(600)]
    constrained = MmiSettings(
        groups={f"g{g}": names[g::6] for g in range(6)},
        most_per_group=6,
        costs={name: float(number % 50 + 1) for number, name in enumerate(names)},
        budget=200,
        exclude=names[:9],
    )
    started = time.monotonic()
    [chosen] = select(constrained, [30], Pool(names, covariance=NamedMatrix(names, kappa)))
    assert time.monotonic() - started < 20
    assert sum(constrained.costs[name] for name in chosen.picks) <= 200
    assert pd.Series([int(name[1:]) % 6 for name in chosen.picks]).value_counts().max() <= 6


# Where it stops.


def test_it_stops_before_the_first_gain_that_is_no_more_than_noise() -> None:
    assert stops([0.5, 0.2, -0.1, 0.3]) == 2
    assert stops([0.5, 0.2, 0.0]) == 2
    assert stops([0.5, 0.2]) == 2
    assert stops([0.5, 0.2, 0.1], noise=[0.1, 0.1, 0.1]) == 2
    assert stops([0.5, 0.2], noise=[0.6, 0.0]) == 0
    assert stops([float("nan")]) == 0


def test_where_it_stops_takes_the_place_of_larger_sizes() -> None:
    kappa = some_kappa()
    whole = greedy_mutual_information(kappa, 5)
    best = int(np.argmax(whole.objective)) + 1
    assert 1 < best < 5

    def sizes(asked: list[int], **settings: object) -> list[int]:
        return [len(picks) for picks in mmi(asked, stop="gain", **settings)]

    assert sizes([1, 2, 3, 4, 5]) == list(range(1, best + 1))
    # It is found, also where it is not listed.
    assert sizes([5]) == [best]
    assert sizes([1, 5]) == [1, best]
    assert sizes([1]) == [1]
    [names] = mmi([5], stop="gain")
    assert names == [NAMES[one] for one in whole.order[:best]]
    assert sizes([4, 5], must_include=NAMES[:4]) == [4]
    assert mmi([1, 5], stop="gain", must_include=NAMES[:1])[0] == NAMES[:1]
    # Independent checkpoints tell nothing of each other; one pick is made all the same.
    assert mmi([1, 2], np.eye(5), stop="gain") == [["ant"]]
    assert mmi([3], np.eye(5), stop="gain") == [["ant"]]


def test_a_table_has_the_size_at_which_mmi_stops_and_its_certificate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = save_npz(tmp_path / "k.npz", some_kappa())
    flags = ["--covariance", str(path), "--method", "mmi", "--k", "5"]
    with caplog.at_level("INFO"):
        table = run_select(tmp_path, *flags, "--stop", "gain")
    [size] = table["k"].unique()
    assert 1 < size < 5
    assert f"stops at k = {size}: {' + '.join(table['checkpoint'])}" in caplog.text
    assert table["gap"].iloc[-1] >= 0
    caplog.clear()
    with caplog.at_level("INFO"):
        run_select(tmp_path, *flags)
    assert "stops" not in caplog.text


# By hand.


def test_constraints_by_hand_are_flags_and_mappings_are_json(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "k.npz", some_kappa())
    flags = ["--covariance", str(path), "--method", "mmi", "--k", "2"]
    costs = json.dumps({name: 3 if name in NAMES[:3] else 1 for name in NAMES})
    table = run_select(tmp_path, *flags, "--costs", costs, "--budget", "2")
    assert set(table["checkpoint"]) == {"dog", "emu"}
    groups = json.dumps({"g": NAMES[1:]})
    table = run_select(tmp_path, *flags, "--groups", groups, "--most-per-group", "1")
    assert "ant" in set(table["checkpoint"])
    table = run_select(tmp_path, *flags, "--must-include", "cat", "--exclude", "ant", "bee")
    assert table["checkpoint"][0] == "cat"
    with pytest.raises(UserError, match="budget goes with costs, or"):
        run_select(tmp_path, *flags, "--budget", "2")
    with pytest.raises(UserError, match="--costs: 'a:1' is no mapping in JSON"):
        run_select(tmp_path, *flags, "--costs", "a:1")


def test_costs_may_be_read_off_the_cards(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "k.npz", some_kappa())
    cards = [tmp_path / f"{name}.json" for name in NAMES]
    for number, (name, card) in enumerate(zip(NAMES, cards, strict=True)):
        write_card(card, CheckpointCard(name, "x", "0", "bert", 10**number, {}))
    flags = ["--covariance", str(path), "--method", "mmi", "--k", "2", "--cost", "parameters"]
    given = ["--cards", *map(str, cards)]
    table = run_select(tmp_path, *flags, *given, "--budget", "11")
    assert set(table["checkpoint"]) == {"ant", "bee"}
    with pytest.raises(UserError, match="cost 11, more than the budget of 5"):
        run_select(tmp_path, *flags, *given, "--budget", "5")
    with pytest.raises(UserError, match="method mmi with --cost needs --cards"):
        run_select(tmp_path, *flags, "--budget", "5")
    write_card(cards[1], CheckpointCard("bee", "x", "0", "bert", None, {}))
    with pytest.raises(UserError, match="bee: its card says no number of parameters"):
        run_select(tmp_path, *flags, *given, "--budget", "11")
    cards[1].write_text("[]")
    with pytest.raises(UserError, match=r"bee\.json: this is no card of a checkpoint"):
        run_select(tmp_path, *flags, *given, "--budget", "11")
