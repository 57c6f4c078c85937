"""Puts a line for each finished job in the place of what Snakemake prints while jobs run.

Snakemake has plugins for this, but only finds those that are installed as packages of their own:
with one, the workflow would need another step of installation, a profile that names the plugin
would fail wherever that is missing, and the ``snakemake`` command does not look into the folder
it is run in. The records that a plugin gets, though, are those of Snakemake's logger, so that a
handler on it gets them too; it is put there by the Snakefile's ``onstart``, when jobs are about to
run. Dry runs, jobs on a cluster and all other uses of Snakemake have no such hook, and print what
they always do; so do ``--verbose``, ``--debug-dag``, ``--touch`` and a logger of one's own.
Snakemake's log in ``.snakemake/log`` is not touched.
"""

import logging
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TextIO

from snakemake_interface_logger_plugins.common import LogEvent

from workflow_scripts.progress.job_log import failure_in, findings_of, read_log
from workflow_scripts.progress.lines import done_line, failure_lines
from workflow_scripts.progress.summary import failure_summary, success_lines
from workflow_scripts.progress.tally import Job, Tally

_LOGGER = "snakemake.logging"
_OF_SNAKEMAKE = "DefaultStreamHandler"
# What Snakemake says beside, and the lines here say better or not at all.
_NOISE = re.compile(
    r"Select jobs to execute|Job rate limit reached|Complete log\(s\):|Elapsed time:|"
    r"Shutting down, this might take|Removing output files of failed job|"
    r"Exiting because a job execution failed"
)
_RETRY = re.compile(r"Trying to restart job (\d+)\.")
_RED, _PLAIN = "\033[31m", "\033[0m"


class ProgressHandler(logging.Handler):
    """Turns records of jobs into lines, and leaves all others to Snakemake's own handler.

    Args:
        original: Snakemake's own, whose stream is written to.
        planned: by rule, how many jobs will run.
        quiet: what ``--quiet`` names: nothing, or some of ``all``, ``progress``, ``rules``.
    """

    def __init__(
        self,
        original: "logging.StreamHandler[TextIO]",
        planned: Mapping[str, int],
        quiet: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.original = original
        self.tally = Tally(planned, time.time())
        # Then Snakemake does not even say which jobs are done.
        self.says_progress = not {"all", "progress"} & set(quiet)
        self._says_anything = "all" not in quiet
        self._coloured = not getattr(original, "nocolor", True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write what there is to say of a record."""
        try:
            self._say(record)
        except Exception:
            # A line that cannot be said must not end a run.
            self.handleError(record)

    def _say(self, record: logging.LogRecord) -> None:
        message = record.msg if isinstance(record.msg, str) else ""
        match getattr(record, "event", None):
            case LogEvent.JOB_INFO:
                self._start(record)
            case LogEvent.JOB_FINISHED:
                self._finish(record)
            case LogEvent.JOB_ERROR:
                self._fail(record)
            case LogEvent.JOB_STARTED | LogEvent.PROGRESS:
                pass
            case LogEvent.ERROR if _is_of_a_job(record, message):
                pass
            case None if retried := _RETRY.match(message):
                if job := self.tally.retry(int(retried[1])):
                    self.write([f"AGAIN   {job.what}"])
            case None if _NOISE.match(message):
                pass
            case _:
                self.original.handle(record)

    def _start(self, record: logging.LogRecord) -> None:
        told: dict[str, Any] = vars(record)
        # A rule without output, such as all, only asks for others.
        if told["output"]:
            self.tally.start(
                told["jobid"],
                Job(
                    rule=told["rule_name"],
                    what=told["rule_msg"] or told["rule_name"],
                    logs=list(told["log"]),
                    outputs=list(told["output"]),
                    memory_mb=_memory(told["resources"]),
                    started=record.created,
                ),
            )

    def _finish(self, record: logging.LogRecord) -> None:
        job = self.tally.finish(vars(record)["job_id"], record.created)
        if job and self.says_progress:
            finding = findings_of(job.outputs)
            self.write([done_line(job, finding, self.tally, record.created)])

    def _fail(self, record: logging.LogRecord) -> None:
        told = vars(record)
        job = self.tally.fail(told["jobid"])
        if job is None:
            self.original.handle(record)
            return
        lines = failure_lines(job, failure_in(read_log(job.logs)), told["rule_msg"] or "")
        if self._coloured:
            lines[0] = f"{_RED}{lines[0]}{_PLAIN}"
        self.write(lines)

    def write(self, lines: Iterable[str]) -> None:
        """Write lines at once, so that no other's come between."""
        if not self._says_anything:
            return
        stream = self.original.stream
        text = "".join(f"{line}\n" for line in lines)
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()


def _is_of_a_job(record: logging.LogRecord, message: str) -> bool:
    """Whether an error only repeats that a job failed."""
    return (
        getattr(record, "exception", "") == "RuleException"
        or "At least one job did not complete successfully" in message
    )


def _memory(resources: Any) -> int:
    megabytes = resources.get("mem_mb", 0)
    return megabytes if isinstance(megabytes, int) else 0


def show_progress(workflow: Any) -> None:
    """Show the progress of a run that is about to start its jobs.

    Args:
        workflow: Snakemake's.
    """
    settings = workflow.output_settings
    if settings.verbose or settings.debug_dag or workflow.touch:
        return
    logger = logging.getLogger(_LOGGER)
    for handler in list(logger.handlers):
        if handler.name == _OF_SNAKEMAKE and isinstance(handler, logging.StreamHandler):
            planned = Counter(job.rule.name for job in workflow.dag.needrun_jobs() if job.output)
            quiet = [one.name.lower() for one in settings.quiet or ()]
            logger.addHandler(ProgressHandler(handler, planned, quiet))
            logger.removeHandler(handler)


def show_success(headlines: Mapping[str, str], limits: Mapping[str, int | None]) -> None:
    """Say what a run has found, if its progress was shown.

    Args:
        headlines: of each zoo, the method whose picks are named.
        limits: of each zoo, the largest size of that method, if it may stop before.
    """
    for handler in _shown():
        handler.write(success_lines(handler.tally, time.time(), headlines, limits))


def show_failure(snakemake_logs: Iterable[str]) -> None:
    """Say what of a run has failed, if its progress was shown.

    Args:
        snakemake_logs: the paths of Snakemake's own logs.
    """
    for handler in _shown():
        handler.write(failure_summary(handler.tally, handler.says_progress, list(snakemake_logs)))


def _shown() -> list[ProgressHandler]:
    handlers = logging.getLogger(_LOGGER).handlers
    return [one for one in handlers if isinstance(one, ProgressHandler)]
