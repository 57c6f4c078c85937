"""The best set of a size, proven by branch and bound, or the best found in time with a bound.

The objective is Σ_M ½ log det M_AA over matrices that share A: MI(A; V∖A) for κ and κ⁻¹. A node is
a choice for some variables, in or out. Those that are in turn every M into its Schur complement,
those that are out are struck from it, so a node is the same problem with fewer variables, bounded
by its gains and its relaxation. A variable whose other choice is proven worse than the best set is
fixed; nodes with the highest bound come first.
"""

import heapq
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.selection.bounds import gains_bound, upper_bounds
from workflow_scripts.selection.mutual_information import (
    greedy,
    improve_by_swaps,
    log_determinants,
)
from workflow_scripts.selection.relaxation import (
    BRIEF,
    THOROUGH,
    Matrix,
    Point,
    Relaxation,
    neutral_point,
    relax,
)

# Nats: a set that is better by less is not looked for.
TOLERANCE = 1e-9
# Of more variables a single relaxation takes minutes.
_SEARCHED_AT_MOST = 600
# What a bound is worth on the way to a selection that proves nothing else: half a second a size at
# 34 variables, a second at 60.
_BOUNDED_AT_MOST = 60
_BOUNDING_NODES = 200

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Certified:
    """A set and what is proven of it.

    Attributes:
        picks: indices, ascending.
        objective: in nats.
        bound: no set of the size has a higher objective, to 1e-9 nats.
        nodes: how many were looked at.
    """

    picks: list[int]
    objective: float
    bound: float
    nodes: int


@dataclass(frozen=True)
class _Node:
    """Sets that have all of ``inside`` and else only of ``free``.

    Attributes:
        start: where the relaxation of the free ones begins; ``None``: anywhere.
    """

    inside: Indices
    free: Indices
    start: Point | None


def best_sets(
    matrices: Sequence[Matrix], sizes: Sequence[int], time_limit: float
) -> list[Certified]:
    """:func:`best_set` for each size, begun with greedy sets improved by swaps.

    Args:
        time_limit: in seconds, for all: each size gets an equal share of what is left. The bounds
            to begin with, and a node that is begun, are not cut short.
    """
    deadline = time.monotonic() + time_limit
    bounds = upper_bounds(matrices, sizes)
    order = greedy(matrices, max(sizes)).order
    found = []
    for done, size in enumerate(sizes):
        picks = improve_by_swaps(matrices, order[:size], deadline)
        share = (deadline - time.monotonic()) / (len(sizes) - done)
        found.append(best_set(matrices, size, picks, bounds[size], time_limit=share))
    return found


def searched_bounds(matrices: Sequence[Matrix], sizes: Sequence[int]) -> dict[int, float]:
    """:func:`upper_bounds`, in a small zoo lowered by some nodes of :func:`best_set`.

    No set of a size has a higher objective, to 1e-9 nats. The number of nodes is limited and the
    time is not, so that every run proves the same.

    Args:
        matrices, sizes: as of :func:`upper_bounds`.
    """
    bounds = upper_bounds(matrices, sizes)
    if len(matrices[0]) > _BOUNDED_AT_MOST:
        return bounds
    order = greedy(matrices, max(sizes)).order
    for size in sizes:
        picks = improve_by_swaps(matrices, order[:size])
        searched = best_set(matrices, size, picks, bounds[size], node_limit=_BOUNDING_NODES)
        bounds[size] = searched.bound
    return bounds


def best_set(
    matrices: Sequence[Matrix],
    size: int,
    picks: Sequence[int],
    bound: float,
    *,
    time_limit: float = math.inf,
    node_limit: float = math.inf,
) -> Certified:
    """The set of a size with the highest Σ_M ½ log det M_AA.

    Args:
        matrices: κ and its inverse, or κ alone, [m, m] each, symmetric positive definite.
        size: at most m.
        picks: a set of the size to begin with, the better the sooner this ends.
        bound: on the objective of all sets of the size, to begin with, as of :func:`upper_bounds`.
        time_limit: in seconds; then the best set so far is returned with what is proven.
        node_limit: the same for the number of nodes, which unlike the time ends at the same node in
            every run.
    """
    deadline = time.monotonic() + time_limit
    count = len(matrices[0])
    search = _Search(matrices, size, picks, deadline)
    everything = _Node(np.zeros(0, np.intp), np.arange(count), None)
    # Of equal bounds the earlier node goes first: the number decides before nodes are compared.
    queue = [(-bound, 0, everything)]
    created, nodes = 1, 0
    while queue and -queue[0][0] > search.objective + TOLERANCE:
        if nodes >= node_limit or time.monotonic() > deadline or count > _SEARCHED_AT_MOST:
            break
        bound, _, node = heapq.heappop(queue)
        nodes += 1
        for child_bound, child in search.children(node, -bound):
            heapq.heappush(queue, (-child_bound, created, child))
            created += 1
    open_bound = -queue[0][0] if queue else -np.inf
    return Certified(search.picks, search.objective, max(search.objective, open_bound), nodes)


class _Search:
    """The best set so far, and what a node leaves to look at."""

    def __init__(
        self, matrices: Sequence[Matrix], size: int, picks: Sequence[int], deadline: float
    ) -> None:
        self._matrices = matrices
        self._size = size
        self._deadline = deadline
        self.picks = sorted(picks)
        self.objective = log_determinants(matrices, self.picks)

    def children(self, node: _Node, bound: float) -> list[tuple[float, _Node]]:
        """The nodes that a node of a bound is split into, with theirs."""
        wanted = self._size - len(node.inside)
        if wanted in (0, len(node.free)):
            self._offer(np.concatenate([node.inside, node.free[:wanted]]))
            return []
        value, parts = self._given(node.inside, node.free)
        if wanted <= 2:
            self._offer(np.concatenate([node.inside, node.free[_best_pair(parts, wanted)]]))
            return []
        target = self.objective + TOLERANCE - value
        bound = min(bound - value, gains_bound(parts, wanted))
        if bound < target:
            return []
        relaxation = self._relaxed(node, parts, wanted, target)
        self._offer(np.concatenate([node.inside, node.free[relaxation.rounded(wanted)]]))
        bound = min(bound, relaxation.bound)
        target = self.objective + TOLERANCE - value
        if bound < target:
            return []
        return [(value + bound, child) for child in _split(node, relaxation, wanted, target)]

    def _given(self, inside: Indices, free: Indices) -> tuple[float, list[Matrix]]:
        """The objective of those inside, and the matrices of the free ones given them."""
        value, parts = 0.0, []
        for matrix in self._matrices:
            factor = np.linalg.cholesky(matrix[np.ix_(inside, inside)])
            value += float(np.log(np.diag(factor)).sum())
            cross = np.linalg.solve(factor, matrix[np.ix_(inside, free)])
            parts.append(matrix[np.ix_(free, free)] - cross.T @ cross)
        return value, parts

    def _relaxed(self, node: _Node, parts: list[Matrix], wanted: int, target: float) -> Relaxation:
        if node.start is None:
            return relax(parts, wanted, neutral_point(parts, wanted), THOROUGH, target)
        return relax(parts, wanted, node.start, BRIEF, target)

    def _offer(self, picks: Indices) -> None:
        """Keep a set, made better by swaps, if it is better than the best."""
        if log_determinants(self._matrices, picks.tolist()) > self.objective:
            improved = improve_by_swaps(self._matrices, picks.tolist(), self._deadline)
            self.picks = sorted(improved)
            self.objective = log_determinants(self._matrices, self.picks)


def _split(node: _Node, relaxation: Relaxation, wanted: int, target: float) -> list[_Node]:
    """Two nodes: with and without the variable whose choice lowers the bound most by the
    curvature of the relaxation; in both those are fixed that the bound allows only one choice."""
    point = relaxation.point
    leaving = relaxation.bounds_if_in(wanted) < target
    entering = relaxation.bounds_if_out(wanted) < target
    if (leaving & entering).any():
        return []
    open_to_both = ~(leaving | entering)
    effect = np.where(open_to_both, point.x * (1 - point.x) / relaxation.spread, -np.inf)
    made = []
    choices = [None] if not open_to_both.any() else [True, False]
    for choice in choices:
        ins, outs = entering.copy(), leaving.copy()
        if choice is not None:
            (ins if choice else outs)[int(np.argmax(effect))] = True
        free = np.flatnonzero(~(ins | outs))
        left = wanted - int(ins.sum())
        if not 0 <= left <= len(free):
            continue
        inside = np.concatenate([node.inside, node.free[ins]])
        start = point.restricted(free, left) if 0 < left < len(free) else None
        made.append(_Node(inside, node.free[free], start))
    return made


def _best_pair(parts: Sequence[Matrix], wanted: int) -> Indices:
    """The best one or two variables."""
    if wanted == 1:
        return np.array([np.argmax(sum(np.log(np.diag(part)) for part in parts))])
    pairs = np.zeros_like(parts[0])
    for part in parts:
        variances = np.diag(part)
        pairs += np.log(np.maximum(np.outer(variances, variances) - part**2, _TINY))
    np.fill_diagonal(pairs, -np.inf)
    return np.array(np.unravel_index(np.argmax(pairs), pairs.shape))


_TINY = np.finfo(np.float64).tiny
