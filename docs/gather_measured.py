"""Takes over what a run of config.yaml found into docs/measured and docs/figures.

    snakemake --cores all 2>&1 | tee terminal.log
    python -m docs.gather_measured --terminal terminal.log

Tables, figures, times and lines of the terminal come together, so that all are of one run:
docs/measured/default-run.sha256 has the digests of everything, and a test holds the files to it.
"""

import argparse
import hashlib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.machine import with_machine
from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.replicates_file import read_replicates
from workflow_scripts.report.costs import cost_table

ROOT = Path(__file__).parents[1]
ZOOS = ("digits", "stdlib")
TABLES = ("checkpoints", "information", "objective", "picks", "scores", "stability")
# From results/ to docs/.
FILES = {
    f"{zoo}/tables/{table}.csv": f"measured/{zoo}-{table}.csv" for zoo in ZOOS for table in TABLES
}
FILES |= {
    "stdlib/covariance/probe.convergence.csv": "measured/stdlib-convergence.csv",
    "stdlib/figures/figure-1-task-space.svg": "figures/stdlib-task-space.svg",
    "digits/figures/figure-6-gain.svg": "figures/digits-gain.svg",
}
DIGESTS = "measured/default-run.sha256"

_FINISHED = re.compile(r" *\d+/\d+  ")
_JOBS = re.compile(r"^Done: (\d+) jobs in ", re.MULTILINE)
_STEPS = re.compile(r"^(\d+) of \1 steps \(100%\) done$", re.MULTILINE)
_CORES = re.compile(r"^Provided cores: (\d+)", re.MULTILINE)
_ELAPSED = re.compile(r"^Elapsed time: (\d+):(\d+):([\d.]+)$", re.MULTILINE)


def lines_of_jobs(terminal: str) -> str:
    """A line for each finished job, and the last words; nothing of the machine that ran them."""
    lines = terminal.splitlines()
    finished = [number for number, line in enumerate(lines) if _FINISHED.match(line)]
    last = next(number for number, line in enumerate(lines) if _JOBS.match(line))
    kept = [lines[number] for number in finished] + lines[finished[-1] + 1 : last + 1]
    return "\n".join(kept) + "\n"


def wall_time(logs: Path, jobs: int) -> tuple[float, int]:
    """Seconds and cores of the run of so many jobs, by the newest of Snakemake's own logs of one.

    Raises:
        SystemExit: if there is none.
    """
    for path in sorted(logs.glob("*.snakemake.log"), reverse=True):
        log = path.read_text(encoding="utf-8")
        steps, cores, elapsed = _STEPS.search(log), _CORES.search(log), _ELAPSED.search(log)
        # Snakemake counts the target, too.
        if steps and cores and elapsed and int(steps[1]) == jobs + 1:
            hours, minutes, seconds = map(float, elapsed.groups())
            return 3600 * hours + 60 * minutes + seconds, int(cores[1])
    raise SystemExit(f"{logs}: no run of {jobs} jobs has its log there; run all jobs anew")


def described_run(folder: Path, jobs: int) -> pd.DataFrame:
    """One row: jobs, time and memory of a run.

    Args:
        folder: in which it ran.
        jobs: how many the terminal said.
    """
    seconds, cores = wall_time(folder / ".snakemake/log", jobs)
    row: dict[str, float] = {"jobs": jobs, "seconds": seconds}
    for zoo in ZOOS:
        results = folder / "results" / zoo
        checkpoints = pd.read_csv(results / "tables/checkpoints.csv")["checkpoint"]
        costs = cost_table(results / "benchmarks", checkpoints).set_index("rule")
        row["peak_mb"] = max(row.get("peak_mb", 0), costs["megabytes"].max())
        row[f"{zoo}_resampling_seconds"] = costs.loc["resample_covariance", "seconds"]
    return with_machine(pd.DataFrame([row]), cores)


def covariance_errors(folder: Path) -> pd.DataFrame:
    """κ of every pair of checkpoints of a zoo, and its standard error."""
    covariance = read_covariance(folder / "probe.npz")
    errors = read_replicates(folder / "probe.replicates.npz").standard_errors
    first, second = np.triu_indices(len(covariance.names), 1)
    names = np.array(covariance.names)
    return pd.DataFrame(
        {
            "checkpoint": names[first],
            "other": names[second],
            "kappa": covariance.values[first, second],
            "standard_error": errors[first, second],
        }
    )


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(argv: Sequence[str] | None = None) -> None:
    """Copy, describe, write the digests."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--terminal", type=Path, required=True, help="what the run printed")
    flags.add_argument("--folder", type=Path, default=ROOT, help="in which it ran")
    flags.add_argument("--output", type=Path, default=ROOT / "docs")
    arguments = flags.parse_args(argv)

    terminal = arguments.terminal.read_text(encoding="utf-8")
    jobs = _JOBS.search(terminal)
    if jobs is None:
        raise SystemExit(f"{arguments.terminal}: the run did not come to its end")
    run = described_run(arguments.folder, int(jobs[1]))
    for source, target in FILES.items():
        shutil.copy(arguments.folder / "results" / source, arguments.output / target)
    measured = arguments.output / "measured"
    run.to_csv(measured / "default-run.csv", index=False)
    (measured / "terminal.txt").write_text(lines_of_jobs(terminal), encoding="utf-8")
    for zoo in ZOOS:
        errors = covariance_errors(arguments.folder / "results" / zoo / "covariance")
        errors.to_csv(measured / f"{zoo}-errors.csv", index=False)
    written = [*FILES.values(), "measured/default-run.csv", "measured/terminal.txt"]
    written += [f"measured/{zoo}-errors.csv" for zoo in ZOOS]
    sums = [f"{digest(arguments.output / one)}  {one}\n" for one in sorted(written)]
    (arguments.output / DIGESTS).write_text("".join(sums), encoding="utf-8")


if __name__ == "__main__":
    main()
