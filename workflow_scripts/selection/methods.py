"""The selection methods. A new method is a function here and a settings model in ``settings.py``.

A method gets its settings, the sizes wanted, and what it picks from, and gives the picks of each
size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.selection.bounds import Matrices, upper_bounds
from workflow_scripts.selection.branch_and_bound import best_sets
from workflow_scripts.selection.mutual_information import GreedyPicks, greedy, hub, precision
from workflow_scripts.selection.settings import (
    EntropySettings,
    MethodSettings,
    MmiExactSettings,
    MmiSettings,
    MmiSwapSettings,
    PeekSettings,
    RandomSettings,
    SingleSettings,
)
from workflow_scripts.selection.swaps import improve_by_swaps


@dataclass(frozen=True)
class Pool:
    """What a method picks from; parts that it does not read may be missing.

    Attributes:
        names: the checkpoints, sorted.
        covariance: κ between them, checked.
        singles: dev score of each checkpoint alone on a task.
    """

    names: list[str]
    covariance: NamedMatrix | None = None
    singles: dict[str, float] | None = None


@dataclass(frozen=True)
class Selection:
    """A set of checkpoints in the order in which they were picked.

    Attributes:
        picks: names.
        draw: number of the set among those of the same method and size.
        task: the task that was looked at, or empty.
        objective: the method's objective after each pick, or ``None`` where it has none.
        bound: no set of this size has a higher objective; ``None`` where nothing is proven.
    """

    picks: list[str]
    draw: int = 0
    task: str = ""
    objective: list[float] | None = None
    bound: float | None = None


Select = Callable[[Any, list[int], Pool], list[Selection]]
REGISTRY: dict[type[MethodSettings], Select] = {}


def select(settings: MethodSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The selections of a method at every size.

    Raises:
        UserError: if a size is larger than the pool, or the method cannot serve it.
    """
    if max(sizes) > len(pool.names):
        raise UserError(f"k = {max(sizes)} picks are asked of {len(pool.names)} checkpoints")
    problem = settings.problem(len(pool.names), sizes)
    if problem:
        raise UserError(problem)
    return REGISTRY[type(settings)](settings, sizes, pool)


def _method(settings: type[MethodSettings]) -> Callable[[Select], Select]:
    def register(function: Select) -> Select:
        REGISTRY[settings] = function
        return function

    return register


@_method(MmiSettings)
def mmi(settings: MmiSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Greedy maximum mutual information; nested."""
    matrices = _information(pool)
    picks = greedy(matrices, max(sizes), _first(settings, pool))
    return _nested(picks, sizes, upper_bounds(matrices, sizes), pool)


@_method(MmiSwapSettings)
def mmi_swap(settings: MmiSwapSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The first greedy picks of each size, improved by swaps; not nested."""
    matrices = _information(pool)
    order = greedy(matrices, max(sizes), _first(settings, pool)).order
    bounds = upper_bounds(matrices, sizes)
    return [
        _ordered(matrices, improve_by_swaps(matrices, order[:size]), bounds[size], pool)
        for size in sizes
    ]


@_method(MmiExactSettings)
def mmi_exact(settings: MmiExactSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Maximum mutual information, proven or as far as time allows; not nested."""
    matrices = _information(pool)
    found = best_sets(matrices, sizes, settings.time_limit)
    return [_ordered(matrices, one.picks, one.bound, pool) for one in found]


@_method(EntropySettings)
def entropy(settings: EntropySettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Greedy log-determinant; nested. Starts at the hub, as all starts are equally good."""
    assert pool.covariance is not None
    kappa = pool.covariance.values
    picks = greedy([kappa], max(sizes), hub(kappa))
    return _nested(picks, sizes, upper_bounds([kappa], sizes), pool)


@_method(RandomSettings)
def random(settings: RandomSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Distinct random sets; the first ones do not depend on the number of draws."""
    return [
        Selection(picks, draw)
        for size in sizes
        for draw, picks in enumerate(
            _distinct_sets(pool.names, size, settings.draws, settings.seed)
        )
    ]


@_method(PeekSettings)
def peek(settings: PeekSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The best single checkpoints by dev score on one task; nested."""
    assert pool.singles is not None
    scores = pool.singles
    ranked = sorted(pool.names, key=lambda name: (-scores[name], name))
    return [
        Selection(ranked[:size], task=settings.task, objective=[scores[n] for n in ranked[:size]])
        for size in sizes
    ]


@_method(SingleSettings)
def single(settings: SingleSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Named checkpoints, each alone."""
    unknown = sorted(set(settings.picks) - set(pool.names))
    if unknown:
        raise UserError(f"there is no checkpoint named {', '.join(unknown)}")
    return [Selection([name], draw) for draw, name in enumerate(settings.picks)]


def _information(pool: Pool) -> Matrices:
    """κ and its inverse, whose log-determinants make up the mutual information."""
    assert pool.covariance is not None
    return [pool.covariance.values, precision(pool.covariance.values)]


def _first(settings: MmiSettings, pool: Pool) -> int | None:
    assert pool.covariance is not None
    return hub(pool.covariance.values) if settings.start == "hub" else None


def _nested(
    picks: GreedyPicks, sizes: list[int], bounds: dict[int, float], pool: Pool
) -> list[Selection]:
    return [
        _certified(picks.order[:size], picks.objective[:size], bounds[size], pool) for size in sizes
    ]


def _ordered(matrices: Matrices, picks: list[int], bound: float, pool: Pool) -> Selection:
    """A set in greedy order within itself."""
    picks = sorted(picks)
    within = greedy([matrix[np.ix_(picks, picks)] for matrix in matrices], len(picks))
    return _certified([picks[index] for index in within.order], within.objective, bound, pool)


def _certified(picks: list[int], objective: list[float], bound: float, pool: Pool) -> Selection:
    names = [pool.names[index] for index in picks]
    # A set that attains its bound may exceed it by a rounding error.
    return Selection(names, objective=objective, bound=max(bound, objective[-1]))


def _distinct_sets(names: list[str], size: int, draws: int, seed: int) -> list[list[str]]:
    found: dict[frozenset[str], list[str]] = {}
    attempt = 0
    # The number of sets is at least that of draws, so this ends; where nearly all sets are wanted
    # it takes about n log n attempts, as a collector of coupons does.
    assert draws <= comb(len(names), size)
    while len(found) < draws:
        picks = seeded_order(names, seed, "random", size, attempt)[:size]
        found.setdefault(frozenset(picks), picks)
        attempt += 1
    return list(found.values())
