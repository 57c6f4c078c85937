"""How many jobs a config takes, as the workflow itself plans them; nothing runs.

Snakemake plans in a process of its own, which prints what it finds as JSON: its settings, and what
the Snakefile imports and says, stay out of the command.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.planning.stages import REPORT, STAGES, stage_of_rule

_LOGGER = "snakemake.logging"


@dataclass
class Plan:
    """What a dry run finds.

    Attributes:
        jobs: how many there are of each rule, the target itself among them.
        refused: why there is no plan, in lines; empty if there is one.
    """

    jobs: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def planned_jobs(config: Path, root: Path) -> dict[str, int]:
    """How many jobs of each rule a run would take now, apart from the target itself.

    Args:
        root: the folder of the workflow.

    Raises:
        UserError: if the workflow refuses the config.
    """
    command = [sys.executable, "-m", __name__, "--configfile", str(config.absolute())]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    try:
        plan = Plan(**json.loads(done.stdout))
    except ValueError:  # it ended before it could print anything
        plan = Plan(refused=done.stderr.splitlines()[-1:])
    if plan.refused:
        raise UserError("the workflow refuses this zoo: " + "; ".join(plan.refused))
    return {rule: count for rule, count in plan.jobs.items() if rule not in ("all", "total")}


def by_stage(jobs: Mapping[str, int]) -> dict[str, int]:
    """The same by stage, in the order of the stages."""
    stages = stage_of_rule()
    counts = dict.fromkeys(STAGES, 0)
    for rule, count in jobs.items():
        counts[stages.get(rule, REPORT)] += count
    return counts


def plan_run(config: Path) -> Plan:
    """Plan a run of the workflow in this folder."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        OutputSettings,
        Quietness,
        ResourceSettings,
    )

    plan = Plan()
    try:
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
            workflow = api.workflow(
                ResourceSettings(cores=1),
                ConfigSettings(configfiles=[config]),
                snakefile="Snakefile",
            )
            logging.getLogger(_LOGGER).addHandler(_Counts(plan.jobs))
            workflow.dag(DAGSettings()).execute_workflow(executor="dryrun")
    except SystemExit as stopped:  # the Snakefile's own words
        plan.refused = str(stopped.code).splitlines()
    except Exception as error:
        plan.refused = [f"{type(error).__name__}: {line}" for line in str(error).splitlines()[:1]]
    return plan


class _Counts(logging.Handler):
    """Keeps the numbers of jobs that Snakemake tells its loggers.

    Args:
        jobs: gets them, by rule.
    """

    def __init__(self, jobs: dict[str, int]) -> None:
        super().__init__()
        self._jobs = jobs

    def emit(self, record: logging.LogRecord) -> None:
        self._jobs.update(getattr(record, "stats", {}))


def main(argv: Sequence[str] | None = None) -> None:
    """Plan, and print the plan."""
    flags = parser(__doc__)
    flags.add_argument("--configfile", type=Path, required=True, help="of the zoos")
    print(json.dumps(asdict(plan_run(flags.parse_args(argv).configfile))))


if __name__ == "__main__":
    run(main)
