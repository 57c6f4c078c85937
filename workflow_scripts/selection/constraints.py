"""Which sets of checkpoints are allowed, and how a greedy selection keeps to it.

A greedy selection of k checkpoints must never pick one after which no allowed set of k is left. As
groups share no checkpoint, the cheapest way to complete a set is to take what is left by increasing
cost, group by group as far as each is allowed (the greedy rule of matroids), so that this is known
exactly for every candidate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from workflow_scripts.common.settings import AllDifferent, Settings

# Sums of costs may be off by rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Constraints:
    """The sets of m checkpoints that are allowed.

    Attributes:
        included: [m], true for those that every set must hold.
        excluded: [m], true for those that none may hold.
        group: [m], the number of the group that each belongs to, −1 for none.
        most_per_group: how many of a group a set may hold; ``None``: any number.
        costs: [m].
        budget: what the costs of a set may come to; ``None``: anything.
    """

    included: NDArray[np.bool_]
    excluded: NDArray[np.bool_]
    group: NDArray[np.int64]
    most_per_group: int | None
    costs: NDArray[np.float64]
    budget: float | None

    @cached_property
    def _by_cost(self) -> list[int]:
        return [int(one) for one in np.argsort(self.costs, kind="stable")]

    def allows(self, picks: Sequence[int], candidate: int, size: int) -> bool:
        """Whether a checkpoint may be picked next.

        Those that must be in every set come before all others. Of the rest, those may with which
        the picks can still be completed to an allowed set.

        Args:
            picks: those made so far, as this method allowed.
            size: how many picks there will be, for which some set is allowed.
        """
        due = set(np.flatnonzero(self.included).tolist()).difference(picks)
        if due:
            return candidate in due
        return self.cheapest([*picks, candidate], size) is not None

    def cheapest(self, picks: Sequence[int], size: int) -> list[int] | None:
        """The cheapest allowed set of a size that holds the picks and all that is included.

        Returns:
            Indices, or ``None`` if no set is allowed.
        """
        found = sorted({*picks, *np.flatnonzero(self.included).tolist()})
        if len(found) > size or self.excluded[found].any():
            return None
        room = np.full(self.group.max() + 2, len(self.costs))
        if self.most_per_group is not None:
            room[:-1] = self.most_per_group
        # Group −1, of those in no group, is the last entry, which has room for all.
        np.subtract.at(room, self.group[found], 1)
        if room.min() < 0:
            return None
        inside = set(found)
        for one in self._by_cost:
            if len(found) == size:
                break
            if one not in inside and not self.excluded[one] and room[self.group[one]] > 0:
                found.append(one)
                room[self.group[one]] -= 1
        if len(found) < size or not self._affordable(found):
            return None
        return sorted(found)

    def problem(self, size: int) -> str | None:
        """Why no set of a size is allowed, in words, or ``None`` if one is."""
        if self.cheapest([], size) is not None:
            return None
        included = int(self.included.sum())
        if included > size:
            return f"must_include names {included} checkpoints, more than k = {size}"
        if int((~self.excluded).sum()) < size:
            return f"exclude leaves {int((~self.excluded).sum())} checkpoints for k = {size}"
        cheapest = replace(self, budget=None).cheapest([], size)
        if cheapest is None:
            return (
                f"no {size} of the checkpoints that are allowed have at most {self.most_per_group} "
                "of each group"
            )
        return (
            f"the cheapest {size} checkpoints that are allowed cost "
            f"{self.costs[cheapest].sum():g}, more than the budget of {self.budget:g}"
        )

    def _affordable(self, picks: Sequence[int]) -> bool:
        if self.budget is None:
            return True
        return bool(self.costs[list(picks)].sum() <= self.budget * (1 + _ROUNDING))


class ConstraintSettings(Settings):
    """Which checkpoints may be picked together.

    Costs are numbers that are given, or read off the checkpoint. Measured time is neither: it
    differs from run to run, and so would the picks. Where seconds matter, write those of a run,
    from ``results/{zoo}/benchmarks/``, under ``costs``.
    """

    must_include: Annotated[list[str], AllDifferent] = Field(
        [], description="checkpoints of every set, which are picked first"
    )
    exclude: Annotated[list[str], AllDifferent] = Field(
        [], description="checkpoints of no set; they still belong to the rest that picks tell of"
    )
    groups: dict[str, Annotated[list[str], AllDifferent]] = Field(
        {}, description="checkpoints by group, for most_per_group; no two groups share one"
    )
    most_per_group: PositiveInt | None = Field(
        None, description="how many checkpoints of a group a set may hold"
    )
    budget: PositiveFloat | None = Field(None, description="what the costs of a set may come to")
    costs: dict[str, NonNegativeFloat] = Field({}, description="of every checkpoint, for budget")
    cost: Literal["parameters"] | None = Field(
        None, description="read off the checkpoints in place of costs: their number of weights"
    )

    @model_validator(mode="after")
    def _belong_together(self) -> "ConstraintSettings":
        problem = self._contradiction()
        if problem:
            raise ValueError(problem)
        return self

    def _contradiction(self) -> str | None:
        both = sorted({*self.must_include} & {*self.exclude})
        if both:
            return f"{both[0]!r} is in both must_include and exclude"
        if bool(self.groups) != (self.most_per_group is not None):
            return "groups and most_per_group go together"
        grouped = [name for names in self.groups.values() for name in names]
        twice = sorted({name for name in grouped if grouped.count(name) > 1})
        if twice:
            return f"{twice[0]!r} is in several groups"
        if bool(self.costs) and self.cost is not None:
            return "costs are given, and cost reads them off the checkpoints: leave out one of them"
        if (bool(self.costs) or self.cost is not None) != (self.budget is not None):
            return "budget goes with costs, or with cost: parameters"
        return None

    @property
    def constrains(self) -> bool:
        """Whether any set is not allowed."""
        return bool(self.must_include or self.exclude or self.groups or self.budget is not None)

    def constraints(
        self, names: Sequence[str], parameters: Mapping[str, float] | None = None
    ) -> Constraints:
        """The same by number of the checkpoint.

        Args:
            names: all checkpoints; those of the settings are among them.
            parameters: the cost of each, for ``cost: parameters``; without it, budget is no limit.
        """
        groups = {
            name: number
            for number, group in enumerate(sorted(self.groups))
            for name in self.groups[group]
        }
        costs = self.costs if self.cost is None else parameters
        return Constraints(
            included=np.array([name in self.must_include for name in names]),
            excluded=np.array([name in self.exclude for name in names]),
            group=np.array([groups.get(name, -1) for name in names]),
            most_per_group=self.most_per_group,
            costs=np.array([costs[name] if costs else 0.0 for name in names]),
            budget=self.budget if costs else None,
        )

    def constraint_problem(
        self,
        names: Sequence[str],
        sizes: Sequence[int],
        parameters: Mapping[str, float] | None = None,
    ) -> str | None:
        """Why no set of the largest size is allowed, or ``None`` if one is.

        Sets are nested, so that smaller ones are too, as long as they hold what must be included.
        Arguments as in :meth:`constraints`.
        """
        given = {
            "must_include": self.must_include,
            "exclude": self.exclude,
            "groups": [name for group in self.groups.values() for name in group],
            "costs": list(self.costs),
        }
        for key, mentioned in given.items():
            unknown = sorted(set(mentioned) - set(names))
            if unknown:
                return f"{key}: there is no checkpoint {unknown[0]!r}"
        without = sorted(set(names) - self.costs.keys()) if self.costs else []
        if without:
            return f"costs: there is none of {without[0]!r}"
        if len(self.must_include) > min(sizes):
            return (
                f"must_include names {len(self.must_include)} checkpoints, more than "
                f"k = {min(sizes)}"
            )
        return self.constraints(names, parameters).problem(max(sizes))


def stops(gains: Sequence[float], noise: Sequence[float] | None = None) -> int:
    """How many picks are worth making: those before the first whose gain is not above its noise.

    Args:
        gains: of the objective by each pick.
        noise: how large a gain may be by chance; ``None``: zero.
    """
    limits = [0.0] * len(gains) if noise is None else noise
    for count, (gain, limit) in enumerate(zip(gains, limits, strict=True)):
        if not gain > limit:
            return count
    return len(gains)
