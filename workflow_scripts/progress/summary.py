"""The last words of a run: the picks of each zoo and how they do, or what failed."""

import csv
from collections.abc import Mapping
from pathlib import Path

from workflow_scripts.common.score_text import gain_text, gain_unit, metric_name, score_text
from workflow_scripts.progress.tally import Tally
from workflow_scripts.progress.time_left import in_words

REPORT = Path("results/report.html")
Row = dict[str, str]


def success_lines(
    tally: Tally, now: float, headlines: Mapping[str, str], limits: Mapping[str, int | None]
) -> list[str]:
    """What a run that went well has found; all of its jobs are done.

    Args:
        now: the time, on the clock of the tally.
        headlines: of each zoo, the method whose picks are named.
        limits: of each zoo, the largest size of that method, if it may stop before.
    """
    jobs = f"{tally.total} job{'s' * (tally.total != 1)}"
    took = f"{jobs} in {in_words(now - tally.started).removeprefix('about ')}"
    if "write_report" not in tally.rules:
        return [f"Done: {took}."]
    lines = []
    for zoo, method in headlines.items():
        lines += zoo_lines(zoo, method, Path("results") / zoo / "tables", limits[zoo])
    return ["", *lines, f"Done: {took}. Open {REPORT} in a browser: it has all of it."]


def zoo_lines(zoo: str, method: str, tables: Path, limit: int | None = None) -> list[str]:
    """The picks of a method at its largest size, what they tell of the rest, and their score.

    Args:
        limit: the largest size, if the method may stop before.
    """
    picks = _largest(tables / "picks.csv", method)
    if picks is None:
        return []
    names, size = picks["picks"].split(" + "), picks["k"]
    stopped = "stops at " if limit is not None and int(size) < limit else ""
    lines = [f"{zoo}: keep {_listed(names)} ({method}, {stopped}k = {size})"]
    lines += _informed(tables / "information.csv", method)
    scores = _largest(tables / "scores.csv", method)
    if scores is not None:
        # Where it stops need not be a size that is scored.
        at = "" if scores["k"] == size else f"its first {scores['k']}: "
        lines.append(f"    {at}{_scored(scores)}")
    return lines


def _informed(path: Path, method: str) -> list[str]:
    """The mutual information of the largest picks; nothing where no bound on it is known."""
    row = _largest(path, method)
    if row is None or not row["bound"]:
        return []
    found, bound = float(row["information"]), float(row["bound"])
    return [
        f"    mutual information with the rest {found:.4f} nats; no set of {row['k']} has over "
        f"{bound:.4f} nats"
    ]


def _scored(row: Row) -> str:
    metric, tasks = row["metric"], int(row["tasks"])
    score = score_text(float(row["mean_score"]), metric)
    mean = f"mean test {metric_name(metric)} {score} on {tasks} task{'s' * (tasks > 1)}"
    gain = row.get("gain")
    if not gain:
        return mean
    amount = f"{gain_text(float(gain), metric)} {gain_unit(metric)}"
    against = f"{mean}, {amount} against random sets of this size"
    low, high = row.get("low"), row.get("high")
    if not low or not high:
        return against
    interval = f"{gain_text(float(low), metric)} to {gain_text(float(high), metric)}"
    return f"{against} (95% interval {interval})"


def _largest(path: Path, method: str) -> Row | None:
    """The row of a method at its largest size, with all picks where a table has them one by one;
    ``None`` where there is no such table or row.
    """
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        # Projected features and further draws are not what is kept.
        rows = [
            row
            for row in csv.DictReader(file)
            if row["method"] == method and row.get("project", "0") == row.get("draw", "0") == "0"
        ]
    return max(rows, key=lambda row: (int(row["k"]), int(row.get("size", 0))), default=None)


def failure_summary(tally: Tally, counted: bool, snakemake_logs: list[str]) -> list[str]:
    """What a run that did not go well has done, what failed, and what to do.

    Args:
        counted: whether the tally knows of the jobs that are done.
        snakemake_logs: the paths of Snakemake's own logs.
    """
    count = len(tally.failed)
    done = f"{tally.done} of {tally.total} jobs are done; " if counted else ""
    if not count:
        lines = [f"Stopped: {done}the same command goes on from here."]
    else:
        behind = f", {tally.left} did not run" if counted and tally.left else ""
        lines = [f"{done}{count} failed{behind}:"]
        lines += [f"    {job.what}  ({', '.join(job.logs)})" for job in tally.failed.values()]
        lines.append("Mend that and run the same command again: it goes on from here.")
    return ["", *lines, *(f"Snakemake's own log: {path}" for path in snakemake_logs)]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
