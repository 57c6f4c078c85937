"""The selection methods. A new method is a function here and a settings model in ``settings.py``.

A method gets its settings, the sizes wanted, and what it picks from, and gives the picks of each
size.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from math import comb
from typing import Any

import numpy as np

from workflow_scripts.common.low_rank_file import LowRank
from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.selection.branch_and_bound import best_sets, searched_bounds
from workflow_scripts.selection.constraints import stops
from workflow_scripts.selection.expected_risk import greedy_expected_risk, standardised
from workflow_scripts.selection.facility_location import (
    greedy_facility_location,
    k_medoids,
    largest_row_sums,
)
from workflow_scripts.selection.low_rank import greedy_low_rank, low_rank_bounds, low_rank_hub
from workflow_scripts.selection.mutual_information import (
    GreedyPicks,
    Matrices,
    greedy,
    hub,
    improve_by_swaps,
    precision,
)
from workflow_scripts.selection.pool import Pool, Selection
from workflow_scripts.selection.settings import (
    EVERY,
    AllSettings,
    EntropySettings,
    ExpectedRiskSettings,
    FacilityLocationSettings,
    GreedyDevSettings,
    HScoreSettings,
    HubsSettings,
    KMedoidsSettings,
    LogmeSettings,
    MethodSettings,
    MmiExactSettings,
    MmiSettings,
    MmiSwapSettings,
    PeekSettings,
    QualityEntropySettings,
    RandomSettings,
    SingleSettings,
)

Select = Callable[[Any, list[int], Pool], list[Selection]]
# Of a standard normal deviate: above it in one of twenty cases.
_ONE_SIDED = 1.645
REGISTRY: dict[type[MethodSettings], Select] = {}


def select(settings: MethodSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The selections of a method at every size; where it stops takes the place of larger sizes.

    Raises:
        UserError: if a size is larger than the pool, or the method cannot serve it.
    """
    if max(sizes) > len(pool.names):
        raise UserError(
            f"k = {max(sizes)} picks are asked of {len(pool.names)} checkpoints; lower k"
        )
    problem = settings.problem(len(pool.names), sizes) or settings.misfit(pool.names, sizes)
    if problem:
        raise UserError(problem)
    if pool.low_rank is not None:
        return _select_from_low_rank(settings, sizes, pool, pool.low_rank)
    return REGISTRY[type(settings)](settings, sizes, pool)


def _select_from_low_rank(
    settings: MethodSettings, sizes: list[int], pool: Pool, kappa: LowRank
) -> list[Selection]:
    factor, nugget = kappa.factor, kappa.nugget
    largest = max(sizes)
    informed = isinstance(settings, MmiSettings)
    if isinstance(settings, EntropySettings):
        picks = greedy_low_rank(factor, nugget, largest, low_rank_hub(factor, nugget), False)
    elif isinstance(settings, MmiSettings) and not settings.constrains and not settings.may_stop:
        first = low_rank_hub(factor, nugget) if settings.start == "hub" else None
        picks = greedy_low_rank(factor, nugget, largest, first)
    else:
        raise UserError(
            "a covariance of low rank serves the methods mmi (without constraints) and entropy; "
            "the others need the full matrix"
        )
    bounds: Mapping[int, float | None] = dict.fromkeys(sizes)
    if pool.certify:
        bounds = low_rank_bounds(factor, nugget, picks.order, sizes, informed)
    return [
        _certified(picks.order[:size], picks.objective[:size], bounds[size], pool) for size in sizes
    ]


def _method(settings: type[MethodSettings]) -> Callable[[Select], Select]:
    def register(function: Select) -> Select:
        REGISTRY[settings] = function
        return function

    return register


@_method(MmiSettings)
def mmi(settings: MmiSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Greedy maximum mutual information among the sets allowed; nested."""
    matrices = _information(pool)
    problem = settings.constraint_problem(pool.names, sizes, pool.parameters)
    if problem:
        raise UserError(problem)
    largest = max(sizes)
    constraints = settings.constraints(pool.names, pool.parameters)

    def allows(picks: Sequence[int], candidate: int) -> bool:
        return constraints.allows(picks, candidate, largest)

    first = None
    if settings.start == "hub":
        ranked = largest_row_sums(matrices[0], len(matrices[0])).order
        first = next(one for one in ranked if allows([], one))
    picks = greedy(matrices, largest, first, allows if settings.constrains else None)
    if settings.may_stop:
        noise = None
        if settings.stop == "noise":
            assert pool.replicates is not None
            noise = (_ONE_SIDED * pool.replicates.gain_errors(picks.order)).tolist()
        worth = stops(np.diff(picks.objective, prepend=0.0).tolist(), noise)
        found = max(worth, len(settings.must_include), 1)
        sizes = list(dict.fromkeys(min(size, found) for size in sizes))
    return _nested(picks, sizes, pool, matrices)


@_method(MmiSwapSettings)
def mmi_swap(settings: MmiSwapSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The first greedy picks of each size, improved by swaps; not nested."""
    matrices = _information(pool)
    first = hub(matrices[0]) if settings.start == "hub" else None
    order = greedy(matrices, max(sizes), first).order
    bounds = _bounds(matrices, sizes, pool)
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
    return _nested(picks, sizes, pool, [kappa])


@_method(QualityEntropySettings)
def quality_entropy(
    settings: QualityEntropySettings, sizes: list[int], pool: Pool
) -> list[Selection]:
    """Greedy log-determinant of diag(q) κ diag(q); nested. Starts at the largest q, or the hub."""
    assert pool.covariance is not None
    kappa = pool.covariance.values
    if settings.quality == "none":
        return entropy(EntropySettings(), sizes, pool)
    assert pool.quality is not None
    scores = pool.quality[settings.quality]
    for name in pool.names:
        # The logarithm of zero would outweigh all else.
        if not 0 < scores[name] < math.inf:
            raise UserError(
                f"{settings.quality} of {name} is {scores[name]:g}, not a number above zero; leave "
                "the checkpoint out, or choose another quality"
            )
    quality = np.array([scores[name] for name in pool.names])
    quality /= np.median(quality)
    weighted = np.outer(quality, quality) * kappa
    return _nested(greedy([weighted], max(sizes)), sizes, pool, [weighted])


@_method(FacilityLocationSettings)
def facility_location(
    settings: FacilityLocationSettings, sizes: list[int], pool: Pool
) -> list[Selection]:
    """Greedy coverage of all checkpoints by the nearest pick; nested."""
    assert pool.covariance is not None
    return _nested(greedy_facility_location(pool.covariance.values, max(sizes)), sizes, pool)


@_method(KMedoidsSettings)
def medoids(settings: KMedoidsSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The medoids of k clusters, for each size anew."""
    assert pool.covariance is not None
    kappa = pool.covariance.values
    return [one for size in sizes for one in _nested(k_medoids(kappa, size), [size], pool)]


@_method(HubsSettings)
def hubs(settings: HubsSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The largest row sums; nested."""
    assert pool.covariance is not None
    return _nested(largest_row_sums(pool.covariance.values, max(sizes)), sizes, pool)


@_method(ExpectedRiskSettings)
def expected_risk(settings: ExpectedRiskSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Greedy minimum of the expected ridge residual; nested. The objective is minus its share."""
    assert pool.features is not None
    sample = pool.features.sample(settings.units, settings.seed)
    factors = []
    for name, features in zip(pool.names, sample, strict=True):
        try:
            factors.append(standardised(features))
        except ValueError as error:
            raise UserError(
                f"{name}: {error} over {len(features)} units of the probe; leave the checkpoint "
                "out, or raise units"
            ) from error
    return _nested(greedy_expected_risk(factors, max(sizes), settings.ridge), sizes, pool)


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
    return _ranked(pool.singles, sizes, pool, settings.task)


@_method(GreedyDevSettings)
def greedy_dev(settings: GreedyDevSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """The first of a forward selection on one task; nested. The objective is the dev score."""
    assert pool.forward is not None
    names = list(pool.forward)
    scores = [pool.forward[name] for name in names]
    return [Selection(names[:size], task=settings.task, objective=scores[:size]) for size in sizes]


@_method(LogmeSettings)
@_method(HScoreSettings)
def transferability(
    settings: LogmeSettings | HScoreSettings, sizes: list[int], pool: Pool
) -> list[Selection]:
    """The checkpoints whose features fit the labels of one task best, each by itself; nested."""
    assert pool.transferability is not None
    scores = pool.transferability[settings.method]
    for name in pool.names:
        if not math.isfinite(scores[name]):
            raise UserError(
                f"{settings.method} of {name} on {settings.task} is {scores[name]:g}: it tells "
                "classes apart, and the task has none; choose another task, or logme"
            )
    return _ranked(scores, sizes, pool, settings.task)


@_method(AllSettings)
def whole_zoo(settings: AllSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Every checkpoint in one set."""
    return [Selection(list(pool.names))]


@_method(SingleSettings)
def single(settings: SingleSettings, sizes: list[int], pool: Pool) -> list[Selection]:
    """Named checkpoints, or all, each alone."""
    if settings.picks == [EVERY]:
        return [Selection([name], draw) for draw, name in enumerate(pool.names)]
    unknown = sorted(set(settings.picks) - set(pool.names))
    if unknown:
        raise UserError(f"there is no checkpoint named {', '.join(unknown)}; mend picks")
    return [Selection([name], draw) for draw, name in enumerate(settings.picks)]


def _ranked(
    scores: Mapping[str, float], sizes: list[int], pool: Pool, task: str
) -> list[Selection]:
    """The highest scores; ties by name."""
    order = sorted(pool.names, key=lambda name: (-scores[name], name))
    return [
        Selection(order[:size], task=task, objective=[scores[name] for name in order[:size]])
        for size in sizes
    ]


def _information(pool: Pool) -> Matrices:
    """κ and its inverse, whose log-determinants make up the mutual information."""
    assert pool.covariance is not None
    return [pool.covariance.values, precision(pool.covariance.values)]


def _bounds(
    matrices: Matrices | None, sizes: list[int], pool: Pool
) -> dict[int, float] | dict[int, None]:
    if matrices is None or not sizes or not pool.certify:
        return dict.fromkeys(sizes)
    return searched_bounds(matrices, sizes)


def _nested(
    picks: GreedyPicks, sizes: list[int], pool: Pool, matrices: Matrices | None = None
) -> list[Selection]:
    """The first picks, for every size; with bounds, where the objective is Σ_M ½ log det M_AA."""
    bounds = _bounds(matrices, sizes, pool)
    return [
        _certified(picks.order[:size], picks.objective[:size], bounds[size], pool) for size in sizes
    ]


def _ordered(matrices: Matrices, picks: list[int], bound: float | None, pool: Pool) -> Selection:
    """A set in greedy order within itself."""
    picks = sorted(picks)
    within = greedy([matrix[np.ix_(picks, picks)] for matrix in matrices], len(picks))
    return _certified([picks[index] for index in within.order], within.objective, bound, pool)


def _certified(
    picks: list[int], objective: list[float], bound: float | None, pool: Pool
) -> Selection:
    names = [pool.names[index] for index in picks]
    # A set that attains its bound may exceed it by a rounding error.
    highest = None if bound is None else max(bound, objective[-1])
    return Selection(names, objective=objective, bound=highest)


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
