"""How many jobs a config takes, by a dry run of the workflow itself."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from workflow_scripts.common.script import UserError

_TABLE = re.compile(r"^Job stats:\njob +count\n[- ]+\n(.*?)\ntotal ", re.DOTALL | re.MULTILINE)
_RULE = re.compile(r"^(?:use rule \w+ as|rule) (\w+)", re.MULTILINE)
_STAGES = (
    "data",
    "checkpoints",
    "features",
    "covariance",
    "selection",
    "evaluation",
    "report",
)


def planned_jobs(config: Path, root: Path) -> dict[str, int]:
    """How many jobs of each rule a run would take now, apart from the target itself.

    Args:
        root: the folder of the workflow.

    Raises:
        UserError: if the workflow refuses the config.
    """
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", str(config)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = [line for line in lines if line.startswith(("config error:", "missing file:"))]
        raise UserError("the workflow refuses this zoo: " + "; ".join(said or lines[-1:]))
    table = _TABLE.search(done.stdout + done.stderr)
    if table is None:  # nothing to be done
        return {}
    counts = dict(line.split() for line in table[1].splitlines())
    return {rule: int(count) for rule, count in counts.items() if rule != "all"}


def by_stage(jobs: Mapping[str, int], root: Path) -> dict[str, int]:
    """The same by stage, in the order of the stages; each has a file of rules."""
    counts: Counter[str] = Counter()
    for stage in _STAGES:
        text = (root / "rules" / f"{stage}.smk").read_text(encoding="utf-8")
        counts[stage] = sum(jobs.get(rule, 0) for rule in _RULE.findall(text))
    return dict(counts)
