"""Plans runs of the workflow in this process, without running anything."""

import contextlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)
from workspace import ROOT

# Params that name files which a job keeps for the next time, and which are no outputs.
KEPT = ("fits", "sums")


@dataclass(frozen=True)
class Plan:
    """All jobs of a config, whatever is done already.

    Attributes:
        jobs: Snakemake's own.
        rules: all that there are, with and without jobs.
    """

    jobs: list[Any]
    rules: list[Any]

    @property
    def counts(self) -> Counter[str]:
        """How many jobs each rule has."""
        return Counter(job.rule.name for job in self.jobs)

    def written(self) -> Iterator[tuple[str, str]]:
        """Each file that a job writes, and what the job is."""
        for job in self.jobs:
            kept = [getattr(job.params, name) for name in KEPT if hasattr(job.params, name)]
            for path in [*job.output, *job.log, *filter(None, [job.benchmark]), *kept]:
                yield str(path), f"{job.rule.name} ({dict(job.wildcards_dict)})"

    def clashes(self) -> list[str]:
        """A line for each file that more than one rule claims, or more than one job writes, or
        that lies below another file."""
        lines = []
        for job in self.jobs:
            for path in map(str, job.output):
                claiming = sorted(rule.name for rule in self.rules if rule.is_producer(path))
                if claiming != [job.rule.name]:
                    lines.append(f"{path} of {job.rule.name} is claimed by {claiming}")
        writers: dict[str, str] = {}
        for path, writer in self.written():
            if path in writers:
                lines.append(f"{path} is written by {writers[path]} and {writer}")
            writers[path] = writer
        lines += [
            f"{path} lies below the file {parent}"
            for path in writers
            for parent in map(str, PurePosixPath(path).parents)
            if parent in writers
        ]
        return lines


def plan(zoos: Mapping[str, Any]) -> Plan:
    """Plan a run of all jobs of some zoos.

    The working directory must be the folder of the workflow. Users' files need not be there.

    Raises:
        SystemExit: with the lines of the Snakefile, if it refuses the config.
        RuleException: if Snakemake finds two rules for a file.
    """
    assert Path.cwd() == ROOT
    # Files that are missing are named there.
    with (
        contextlib.redirect_stderr(io.StringIO()),
        SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
    ):
        workflow = api.workflow(
            ResourceSettings(cores=1),
            ConfigSettings(config={"zoos": zoos}),
            snakefile=ROOT / "Snakefile",
        )
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(executor="dryrun")
        planned = workflow._workflow
        return Plan(list(planned.dag.jobs), list(planned.rules))
