"""Times how long Snakemake plans large zoos, and how much memory that takes.

Both zoos of the paper together, and 1,000 agents with 20 tasks at five and at twenty sizes. Nothing
runs: these are dry runs, whose processor time is counted. Writes large_zoos.csv to --output. Run it
from the top of the repository:

    python -m benchmarks.large_zoos
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.machine import with_machine

ROOT = Path(__file__).parents[1]
_TOTAL = re.compile(r"^total +(\d+)$", re.MULTILINE)


def paper(name: str) -> dict[str, Any]:
    """The settings of one of the paper's zoos."""
    config = yaml.safe_load((ROOT / f"configs/paper-{name}.yaml").read_text(encoding="utf-8"))
    [zoo] = config["zoos"].values()
    return dict(zoo)


def thousand_agents(sizes: Sequence[int]) -> dict[str, Any]:
    """The paper's zoo of images with 1,000 agents and other sizes."""
    zoo = paper("vision")
    zoo["agents"] |= {"count": 1000}
    zoo["selection"] |= {"sizes": list(sizes)}
    return zoo


def plans() -> dict[str, dict[str, Any]]:
    """The zoos of each plan."""
    return {
        "paper": {"vision": paper("vision"), "language": paper("language")},
        "1000 at 5 sizes": {"large": thousand_agents([1, 2, 5, 10, 20])},
        "1000 at 20 sizes": {"large": thousand_agents(range(1, 21))},
    }


def planning_cost(zoos: Mapping[str, Any], folder: Path) -> tuple[int, float, float]:
    """Jobs, processor seconds and megabytes of a dry run.

    Args:
        zoos: of its config.
        folder: with the workflow in it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        config, plan = Path(scratch) / "config.yaml", Path(scratch) / "plan.txt"
        config.write_text(yaml.safe_dump({"zoos": zoos}), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules"]
        with plan.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [*command, "--configfile", str(config)], cwd=folder, stdout=output, stderr=output
            )
            _, status, usage = os.wait4(process.pid, 0)
        printed = plan.read_text(encoding="utf-8")
    jobs = _TOTAL.search(printed)
    assert status == 0 and jobs is not None, printed
    return int(jobs[1]), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(argv: Sequence[str] | None = None) -> None:
    """Plan, print, write the table."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of the table"
    )
    arguments = flags.parse_args(argv)
    rows = []
    for plan, zoos in plans().items():
        rows.append((plan, *planning_cost(zoos, ROOT)))
        print("{}: {:,} jobs, {:.1f} processor seconds, {:.0f} MB".format(*rows[-1]), flush=True)
    table = pd.DataFrame(rows, columns=["plan", "jobs", "seconds", "peak_mb"])
    arguments.output.mkdir(parents=True, exist_ok=True)
    with_machine(table, 1).to_csv(arguments.output / "large_zoos.csv", index=False)


if __name__ == "__main__":
    main()
