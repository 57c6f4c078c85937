"""Snakemake, but it asks Slurm for the state of jobs every second rather than every minute.

The interval cannot be set: it begins at a setting and grows by ten seconds at a time.
"""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(  # type: ignore[method-assign, assignment]
    lambda self: 1, lambda self, value: None
)
main(sys.argv[1:])
