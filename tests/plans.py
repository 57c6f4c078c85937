"""Plans runs of the workflow in this process, without running anything."""

import contextlib
import io
import os
import sys
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

from workflow_scripts.common import code_digest

# Params that name files which a job keeps for the next time, and which are no outputs.
KEPT = ("fits", "sums")


@dataclass(frozen=True)
class Plan:
    """The jobs of a config.

    Attributes:
        jobs: Snakemake's own; those that would run, or all of them.
        rules: all that there are, with and without jobs.
        said: what the Snakefile wrote to stderr.
    """

    jobs: list[Any]
    rules: list[Any]
    said: str

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


def plan(zoos: Mapping[str, Any], folder: Path = ROOT, everything: bool = True) -> Plan:
    """Plan a run of some zoos. Users' files need not be there.

    Args:
        folder: of the workflow. Its rules and results count; modules are imported from here.
        everything: whether jobs count whose results are there already.

    Raises:
        SystemExit: with the lines of the Snakefile, if it refuses the config.
        RuleException: if Snakemake finds two rules for a file.
    """
    if folder != ROOT:
        # Modules there may have been edited since.
        code_digest._parsed.cache_clear()
    before, imports = Path.cwd(), list(sys.path)
    os.chdir(folder)
    try:
        with (
            contextlib.redirect_stderr(io.StringIO()) as said,
            SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
        ):
            workflow = api.workflow(
                ResourceSettings(cores=1),
                ConfigSettings(config={"zoos": zoos}),
                snakefile=Path("Snakefile").absolute(),
            )
            workflow.dag(DAGSettings(forceall=everything)).execute_workflow(executor="dryrun")
            planned = workflow._workflow
            # The dry run has finished them all.
            jobs = planned.dag.needrun_jobs(exclude_finished=False)
            return Plan(list(jobs), list(planned.rules), said.getvalue())
    finally:
        os.chdir(before)
        sys.path[:] = imports
