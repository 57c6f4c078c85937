"""The lines that the terminal shows: of a job that is done, and of one that failed."""

from collections.abc import Iterable

from workflow_scripts.progress.job_log import Failure
from workflow_scripts.progress.tally import Job, Tally
from workflow_scripts.progress.time_left import in_words


def done_line(job: Job, finding: str, tally: Tally, now: float) -> str:
    """One line: how many jobs are done, what this one found, what is left.

    Args:
        finding: in the job's own words; may be empty.
        now: the time, on the clock of the tally.
    """
    count = f"{tally.done:>{len(str(tally.total))}}/{tally.total}"
    said = f"{job.what}: {finding}" if finding else job.what
    return f"{count}  {said}{_rest(tally, now)}"


def _rest(tally: Tally, now: float) -> str:
    parts = [f"{tally.left} left"] if tally.left else []
    seconds = tally.seconds_left(now)
    if tally.left and seconds is not None:
        parts.append(in_words(seconds))
    if tally.failed:
        parts.append(f"{len(tally.failed)} failed")
    return f"  [{', '.join(parts)}]" if parts else ""


def failure_lines(job: Job, failure: Failure, executor_says: str) -> list[str]:
    """What failed, why, and what to do.

    Args:
        executor_says: what a cluster says of the job; empty on one machine.
    """
    lines = [f"FAILED  {job.what}"]
    if executor_says:
        lines += _indented([executor_says.splitlines()[0]])
    if failure.sentence:
        lines += _indented([failure.sentence])
    if failure.kind == "silent":
        lines += _indented(_of_silence(job))
    if failure.tail:
        lines += _indented(["the end of its log:", *(f"    {line}" for line in failure.tail)])
    lines += _indented(f"log: {path}" for path in job.logs)
    if failure.kind == "bug":
        lines += _indented(
            ["This is a fault of the program, not of the config: report it, with the log."]
        )
    return lines


def _of_silence(job: Job) -> list[str]:
    asked = f" (it asked for {job.memory_mb:,} MB)" if job.memory_mb else ""
    more = 2 * job.memory_mb or 4000
    return [
        f"It ended without an error of its own, as a job does that is killed: for memory{asked}, "
        "for time, or by hand.",
        f"If it was memory: fewer jobs at a time (--cores 1), or, on a cluster, "
        f"--set-resources {job.rule}:mem_mb={more}.",
    ]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
