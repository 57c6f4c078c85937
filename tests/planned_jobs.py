"""Writes the jobs of the workflow in the working directory to a file: rule, command and outputs."""

import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    workflow = api.workflow(ResourceSettings(cores=2), snakefile=Path("Snakefile"))
    workflow.dag(DAGSettings(forceall=True)).execute_workflow(executor="dryrun")
    # What a dry run prints lacks the outputs of rules that have a message.
    jobs = [
        {"rule": job.rule.name, "command": job.shellcmd, "outputs": list(map(str, job.output))}
        for job in workflow._workflow.dag.jobs
        if job.shellcmd
    ]
    Path(sys.argv[1]).write_text(json.dumps(jobs), encoding="utf-8")
