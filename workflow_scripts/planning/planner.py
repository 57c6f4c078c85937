"""Calls planning functions for the jobs of Snakemake, by the names of their wildcards."""

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.zoo import Zoo, ZooSettings

# Snakemake's: an attribute for each wildcard of the job.
Wildcards = Any


class Planner:
    """Turns functions of a zoo into functions of a job's wildcards.

    A planning function takes the zoo and, by their names, whichever wildcards of the rule it needs:
    ``f(zoo)``, ``f(zoo, corpus)``, ``f(zoo, checkpoint)``. The wildcard ``checkpoint`` is the name
    of files; the function gets the name of the checkpoint.

    Args:
        zoos: by name.
    """

    def __init__(self, zoos: Mapping[str, Zoo[ZooSettings]]) -> None:
        self._zoos = zoos

    def planned(self, function: Callable[..., Any]) -> Callable[[Wildcards], Any]:
        """An input function, or a parameter, of a rule."""
        names = [name for name in inspect.signature(function).parameters if name != "zoo"]

        def of_job(wildcards: Wildcards) -> Any:
            zoo = self._zoos[wildcards.zoo]
            try:
                return function(
                    zoo,
                    **{
                        name: _value(zoo, wildcards, name)
                        for name in names
                        # A rule without the wildcard means the function's default.
                        if hasattr(wildcards, name)
                    },
                )
            except UserError as error:
                sys.exit(f"error: {error}")

        return of_job

    def growing(self, megabytes: int | Callable[..., int]) -> Callable[[Wildcards, int], int]:
        """Memory of a job, in MB; a job that failed gets as much again with every attempt."""
        if isinstance(megabytes, int):
            return lambda wildcards, attempt: megabytes * attempt
        of_job = self.planned(megabytes)
        return lambda wildcards, attempt: of_job(wildcards) * attempt


def _value(zoo: Zoo[ZooSettings], wildcards: Wildcards, name: str) -> str:
    value = str(getattr(wildcards, name))
    return zoo.checkpoint_of_file[value] if name == "checkpoint" else value


def name_of_checkpoint(zoo: Zoo[ZooSettings], checkpoint: str) -> str:
    """The name of the job's checkpoint, which that of its files need not be."""
    return checkpoint


def names_of_checkpoints(zoo: Zoo[ZooSettings]) -> list[str]:
    """The names of a zoo's checkpoints, sorted, so that their order in the config is no matter."""
    return zoo.checkpoints
