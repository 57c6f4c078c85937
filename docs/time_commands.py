"""Times commands of the README, and writes how long each took to docs/measured/commands.csv.

    python -m docs.time_commands "snakemake --cores all" "python -m benchmarks.heads"

Each runs in a shell at the top of the repository. Commands that are in the file already are timed
anew, all others stay.
"""

import argparse
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.machine import machine

ROOT = Path(__file__).parents[1]


def main(argv: Sequence[str] | None = None) -> None:
    """Run, time, write after each."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("commands", nargs="+", metavar="COMMAND")
    flags.add_argument("--output", type=Path, default=ROOT / "docs/measured/commands.csv")
    arguments = flags.parse_args(argv)
    for command in arguments.commands:
        started = time.perf_counter()
        subprocess.run(command, shell=True, cwd=ROOT, check=True)
        row = (command, round(time.perf_counter() - started, 1), machine())
        table = pd.DataFrame([row], columns=["command", "seconds", "machine"])
        if arguments.output.exists():
            known = pd.read_csv(arguments.output)
            table = pd.concat([known[known["command"] != command], table])
        table.sort_values("command").to_csv(arguments.output, index=False)


if __name__ == "__main__":
    main()
