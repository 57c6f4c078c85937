"""How long the rest of a run will take, from how long jobs took so far."""

from collections.abc import Mapping, Sequence
from statistics import fmean


def seconds_left(
    waiting: Mapping[str, int],
    running: Sequence[tuple[str, float]],
    took: Mapping[str, Sequence[float]],
    elapsed: float,
) -> float | None:
    """The seconds until the last job is done, or ``None`` before the first is.

    The jobs that are left are taken to last as long as those of their rule did on average, and to
    run as many at a time as so far. Where none of their rule is done, they are taken to last as
    long as the rules did on average, not as the jobs: those that come first are often the longest.

    Args:
        waiting: by rule, how many jobs have not started.
        running: rule and seconds so far of each job that runs.
        took: by rule, the seconds of each job that is done.
        elapsed: seconds since the first job started.
    """
    done = [seconds for jobs in took.values() for seconds in jobs]
    if not done:
        return None

    unknown = fmean(fmean(jobs) for jobs in took.values())

    def mean(rule: str) -> float:
        return fmean(took[rule]) if rule in took else unknown

    rests = [max(0.0, mean(rule) - seconds) for rule, seconds in running]
    work = sum(count * mean(rule) for rule, count in waiting.items()) + sum(rests)
    busy = sum(done) + sum(seconds for _, seconds in running)
    jobs = sum(waiting.values()) + len(running)
    at_a_time = max(1.0, min(busy / elapsed if elapsed > 0 else 1.0, jobs))
    return max([work / at_a_time, *rests])


def in_words(seconds: float) -> str:
    """A time in the largest unit that tells enough: ``about 4 minutes``."""
    if seconds < 45:
        return "less than a minute"
    for size, unit, below in (
        (60, "minute", 90 * 60),
        (3600, "hour", 36 * 3600),
        (86400, "day", float("inf")),
    ):
        if seconds < below:
            count = max(1, round(seconds / size))
            return f"about {count} {unit}{'s' * (count > 1)}"
    return "for ever"
