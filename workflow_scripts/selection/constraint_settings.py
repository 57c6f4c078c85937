"""Settings of the constraints that a method keeps to."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from workflow_scripts.common.settings import AllDifferent, Settings
from workflow_scripts.selection.constraints import Constraints


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
