"""Which jobs of a run are waiting, running, done and failed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from workflow_scripts.progress.time_left import seconds_left


@dataclass(frozen=True)
class Job:
    """A job that has started.

    Attributes:
        rule: its name.
        what: what it does, in the words of the rule's message.
        logs: paths of its logs.
        outputs: paths of what it writes.
        memory_mb: what it asked for; 0 if nothing.
        started: when, in seconds.
    """

    rule: str
    what: str
    logs: list[str]
    outputs: list[str]
    memory_mb: int
    started: float


class Tally:
    """The state of a run.

    Args:
        planned: by rule, how many jobs there will be.
        now: when the run starts, in seconds of any clock; all times are of the same.
    """

    def __init__(self, planned: Mapping[str, int], now: float) -> None:
        self.started = now
        self.total = sum(planned.values())
        self.done = 0
        self.failed: dict[int, Job] = {}
        self.rules = frozenset(planned)
        self._waiting = Counter(planned)
        self._running: dict[int, Job] = {}
        self._took: dict[str, list[float]] = {}
        self._first_start: float | None = None

    @property
    def left(self) -> int:
        """How many jobs are not done; also those that can never be, because another failed."""
        return self.total - self.done - len(self.failed)

    def start(self, number: int, job: Job) -> None:
        """A job has started."""
        if self._first_start is None:
            self._first_start = job.started
        self._waiting[job.rule] -= 1
        self._running[number] = job

    def finish(self, number: int, now: float) -> Job | None:
        """A job is done; ``None`` if it is none that was counted."""
        job = self._running.pop(number, None)
        if job is None:
            return None
        self.done += 1
        self._took.setdefault(job.rule, []).append(now - job.started)
        return job

    def fail(self, number: int) -> Job | None:
        """A job has failed."""
        job = self._running.pop(number, None)
        if job is not None:
            self.failed[number] = job
        return job

    def retry(self, number: int) -> Job | None:
        """A job that has failed waits for another try."""
        job = self.failed.pop(number, None)
        if job is not None:
            self._waiting[job.rule] += 1
        return job

    def seconds_left(self, now: float) -> float | None:
        """How long the rest will take; ``None`` before any job is done."""
        return seconds_left(
            {rule: count for rule, count in self._waiting.items() if count > 0},
            [(job.rule, now - job.started) for job in self._running.values()],
            self._took,
            now - (self.started if self._first_start is None else self._first_start),
        )
