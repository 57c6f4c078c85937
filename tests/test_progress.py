"""What the terminal says while jobs run: from their logs, how long it takes, and why one failed."""

import io
import json
import logging
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from workflow_scripts.progress import terminal
from workflow_scripts.progress.job_log import Failure, failure_in, findings_of, read_log
from workflow_scripts.progress.lines import done_line, failure_lines
from workflow_scripts.progress.summary import failure_summary, success_lines, zoo_lines
from workflow_scripts.progress.tally import Job, Tally
from workflow_scripts.progress.terminal import (
    ProgressHandler,
    show_failure,
    show_progress,
    show_success,
)
from workflow_scripts.progress.time_left import in_words, seconds_left

TRACEBACK = """12:00:00 found: half of it
  0%|          | 0/40 [00:00<?, ?word/s]\r100%|██████████| 40/40 [00:00<00:00, 290.21word/s]
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "features.py", line 3, in main
    width[7]
    ~~~~~^^^
KeyError: 7
"""


def job(rule: str = "read", started: float = 0, what: str = "", memory: int = 0) -> Job:
    return Job(rule, what or f"zoo: {rule}", ["a.log"], [], memory, started)


# What a log says.


def write_facts(folder: Path, *found: str) -> str:
    path = folder / "a.csv.facts.json"
    whole = {"found": list(found), "warnings": [], "seconds_per_thousand": {}}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return str(path)


def test_findings_are_read_from_the_facts_of_a_job(tmp_path: Path) -> None:
    facts = write_facts(tmp_path, "6 heads", "a; b")
    assert findings_of(["a.csv", facts]) == "6 heads; a; b"
    assert findings_of(["a.csv"]) == ""
    assert findings_of([str(tmp_path / "none.facts.json")]) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:00:00 begins\nerror: a.csv: no such file\n", "a.csv: no such file"),
        ("usage: x\nselect.py: error: argument --k: 0 is no number\n", "argument --k: 0 is no num"),
        ("Traceback (most recent call last):\nValueError: old\nerror: new\n", "new"),
    ],
)
def test_a_script_tells_in_a_sentence_why_it_failed(text: str, expected: str) -> None:
    failure = failure_in(text)
    assert (failure.kind, failure.tail) == ("told", [])
    assert failure.sentence.startswith(expected)


def test_of_a_traceback_the_exception_and_the_last_useful_lines_are_shown() -> None:
    failure = failure_in(TRACEBACK)
    assert (failure.kind, failure.sentence) == ("bug", "KeyError: 7")
    assert failure.tail == [
        "12:00:00 found: half of it",
        "Traceback (most recent call last):",
        '  File "features.py", line 3, in main',
        "    width[7]",
        "KeyError: 7",
    ]
    assert failure_in("Traceback (most recent call last):\n").sentence == ""


def test_a_log_may_end_in_silence_or_be_missing(tmp_path: Path) -> None:
    assert failure_in("") == Failure("silent", "", [])
    assert failure_in("\n".join(map(str, range(20)))).tail == [str(n) for n in range(12, 20)]
    path = tmp_path / "a.log"
    path.write_bytes(b"12:00:00 found: \xff\n")
    assert read_log([str(path), str(tmp_path / "none.log")]) == "12:00:00 found: \ufffd\n"


# The time that is left.


def test_the_rest_takes_as_long_as_jobs_of_its_rules_took() -> None:
    took = {"train": [10.0, 20.0], "read": [1.0]}
    # 2 × 15 and 3 × 1, one at a time: 31 seconds were worked in 31.
    assert seconds_left({"train": 2, "read": 3}, [], took, 31) == pytest.approx(33)
    # Two at a time.
    assert seconds_left({"train": 2, "read": 3}, [], took, 15.5) == pytest.approx(16.5)
    # Of a rule that none was of, the mean of the rules' means, however many jobs they had.
    assert seconds_left({"plot": 1}, [], took, 31) == pytest.approx((15 + 1) / 2)


def test_running_jobs_need_what_is_left_of_their_mean_and_never_less_than_nothing() -> None:
    took = {"train": [10.0]}
    assert seconds_left({}, [("train", 4.0)], took, 14) == pytest.approx(6)
    assert seconds_left({}, [("train", 40.0)], took, 50) == 0
    # However many run, the longest is not shared.
    running = [("train", 1.0)] * 4
    assert seconds_left({}, running, took, 3.5) == pytest.approx(9)


def test_before_a_job_is_done_nothing_is_foretold() -> None:
    assert seconds_left({"train": 5}, [("train", 3.0)], {}, 3) is None
    assert seconds_left({"train": 2}, [], {"train": [0.0]}, 0) == 0
    assert seconds_left({}, [], {"train": [2.0]}, 2) == 0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "less than a minute"),
        (44, "less than a minute"),
        (46, "about 1 minute"),
        (240, "about 4 minutes"),
        (89 * 60, "about 89 minutes"),
        (91 * 60, "about 2 hours"),
        (35 * 3600, "about 35 hours"),
        (60 * 3600, "about 2 days"),
    ],
)
def test_times_are_told_in_words(seconds: float, expected: str) -> None:
    assert in_words(seconds) == expected


def test_the_tally_counts_what_is_left_through_failures_and_retries() -> None:
    tally = Tally({"read": 2, "train": 1}, 0)
    assert tally.seconds_left(0) is None
    tally.start(1, job("read", 100))
    tally.start(2, job("train", 100))
    assert tally.finish(1, 110) == job("read", 100)
    assert tally.finish(9, 110) is tally.fail(9) is tally.retry(9) is None
    assert (tally.done, tally.left, tally.rules) == (1, 2, {"read", "train"})
    assert tally.fail(2) == job("train", 100)
    assert (tally.left, list(tally.failed)) == (1, [2])
    assert tally.seconds_left(110) == pytest.approx(10)
    assert tally.retry(2) == job("train", 100)
    assert (tally.left, tally.failed) == (2, {})
    assert tally.seconds_left(110) == pytest.approx(20)
    tally.start(2, job("train", 110))
    tally.finish(2, 115)
    assert tally.seconds_left(115) == pytest.approx(10)


# Lines.


def test_a_line_says_how_many_are_done_what_was_found_and_what_is_left() -> None:
    tally = Tally({"read": 12}, 0)
    for number in range(3):
        tally.start(number, job("read", 30 * number))
        done = tally.finish(number, 30 * (number + 1))
    assert done is not None
    line = done_line(done, "7 words", tally, 90)
    assert line == " 3/12  zoo: read: 7 words  [9 left, about 4 minutes]"
    tally.start(3, job())
    tally.fail(3)
    assert done_line(done, "", tally, 90).endswith("read  [8 left, about 4 minutes, 1 failed]")
    one = Tally({"read": 1}, 0)
    one.start(0, done)
    one.finish(0, 1)
    assert done_line(done, "", one, 1) == "1/1  zoo: read"


def test_a_failure_says_what_why_and_what_next() -> None:
    told = failure_lines(job(), Failure("told", "a.csv: no such file", []), "")
    assert told == ["FAILED  zoo: read", "    a.csv: no such file", "    log: a.log"]
    bug = failure_lines(job(), failure_in(TRACEBACK), "")
    assert bug[1:3] == ["    KeyError: 7", "    the end of its log:"]
    assert (
        bug[-1] == "    This is a fault of the program, not of the config: report it, with the log."
    )
    silent = failure_lines(job(memory=2000), failure_in(""), "SLURM-job '7' failed.\nSee the log.")
    assert silent[1] == "    SLURM-job '7' failed."
    assert "(it asked for 2,000 MB)" in silent[2]
    assert silent[3].endswith("--set-resources read:mem_mb=4000.")
    assert "asked" not in failure_lines(job(), failure_in(""), "")[1]


# The last words.


def write_tables(folder: Path, picks: str, scores: str = "", information: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "picks.csv").write_text(f"method,k,draw,picks,objective,bound,gap\n{picks}", "utf-8")
    head = "method,k,tasks,metric,mean_score,gain,low,high\n"
    if scores:
        (folder / "scores.csv").write_text(head + scores, "utf-8")
    head = "method,draw,k,size,checkpoint,information,bound\n"
    (folder / "information.csv").write_text(head + information, "utf-8")


def test_the_last_words_on_a_zoo_are_its_largest_picks_and_how_they_do(tmp_path: Path) -> None:
    picks = "hub,9,0,z,,,\nmmi,2,0,a + b,0.5,,\nmmi,10,0,a + b + c,0.75,0.8,0.05\n"
    picks += "mmi,10,1,x + y + z,,,\n"
    told = "mmi,0,10,9,b,0.7,\nmmi,0,10,10,c,0.75,0.8\nmmi,0,2,2,b,0.5,0.5\n"
    write_tables(tmp_path, picks, "mmi,10,6,accuracy,0.93,-0.0123,-0.03,0.037\n", told)
    assert zoo_lines("mine", "mmi", tmp_path) == [
        "mine: keep a, b and c (mmi, k = 10)",
        "    mutual information with the rest 0.7500 nats; no set of 10 has over 0.8000 nats",
        "    mean test accuracy 93.00% on 6 tasks, −1.23 accuracy points against random sets of "
        "this size (95% interval −3.00 to +3.70)",
    ]
    alone = "mmi,0,1,1,a,0.5,\n"
    write_tables(tmp_path, "mmi,1,0,a,0.5,,\n", "mmi,1,1,span_f1,0.5,-0.0001,,\n", alone)
    assert zoo_lines("mine", "mmi", tmp_path) == [
        "mine: keep a (mmi, k = 1)",
        "    mean test span F1 0.500 on 1 task, +0.000 span F1 against random sets of this size",
    ]
    write_tables(tmp_path, "mmi,1,0,a,,,\n", "mmi,1,2,accuracy,0.5,,,\n")
    assert zoo_lines("mine", "mmi", tmp_path)[1] == "    mean test accuracy 50.00% on 2 tasks"
    # Where it stops need not be a size that is scored.
    write_tables(tmp_path, "mmi,2,0,a + b,,,\n", "mmi,1,2,accuracy,0.5,,,\n")
    assert zoo_lines("mine", "mmi", tmp_path, limit=5) == [
        "mine: keep a and b (mmi, stops at k = 2)",
        "    its first 1: mean test accuracy 50.00% on 2 tasks",
    ]
    assert "mmi, k = 2" in zoo_lines("mine", "mmi", tmp_path, limit=2)[0]
    assert zoo_lines("mine", "other", tmp_path) == []
    assert zoo_lines("mine", "mmi", tmp_path / "none") == []


def test_a_run_of_a_part_has_no_picks_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tables(tmp_path / "results/mine/tables", "mmi,1,0,a,,,\n")
    said = success_lines(Tally({"read": 1}, 0), 200, {"mine": "mmi"}, {"mine": None})
    assert said == ["Done: 1 job in 3 minutes."]
    said = success_lines(Tally({"read": 1, "write_report": 1}, 0), 2, {"mine": "mmi"}, {"mine": 3})
    assert said[1:] == [
        "mine: keep a (mmi, stops at k = 1)",
        "Done: 2 jobs in less than a minute. Open results/report.html in a browser: it has all "
        "of it.",
    ]


def test_a_run_that_fails_names_what_failed_and_one_that_is_stopped_does_not() -> None:
    tally = Tally({"read": 3}, 0)
    stopped = failure_summary(tally, True, [])
    assert stopped[1:] == ["Stopped: 0 of 3 jobs are done; the same command goes on from here."]
    tally.start(0, job())
    tally.fail(0)
    told = failure_summary(tally, True, ["s.log"])
    assert told[1:] == [
        "0 of 3 jobs are done; 1 failed, 2 did not run:",
        "    zoo: read  (a.log)",
        "Mend that and run the same command again: it goes on from here.",
        "Snakemake's own log: s.log",
    ]
    # With --quiet, Snakemake does not say which jobs are done.
    assert failure_summary(tally, False, ["s.log"])[1:] == ["1 failed:", *told[2:]]


# Snakemake's records.


class Quietness(Enum):
    PROGRESS = 1
    ALL = 2


class Wide(io.StringIO):
    """A terminal of another encoding."""

    encoding = "ascii"


def record(message: str | None, level: int = logging.INFO, **told: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "", 0, message, (), None)
    made.created = told.pop("created", 0.0)
    vars(made).update(told)
    return made


def begins(
    number: int,
    what: str,
    log: Path | None = None,
    facts: str = "",
    created: float = 0.0,
    **told: Any,
) -> Any:
    return record(
        None,
        event=LogEvent.JOB_INFO,
        jobid=number,
        rule_name="read",
        rule_msg=what,
        output=["a.csv", facts] if facts else ["a.csv"],
        log=[str(log)] if log else [],
        resources={"mem_mb": "<TBD>"},
        created=created,
        **told,
    )


def ends(number: int, created: float = 1.0) -> logging.LogRecord:
    return record("Finished", event=LogEvent.JOB_FINISHED, job_id=number, created=created)


def fails(number: int, says: str | None = None) -> logging.LogRecord:
    return record(
        "Error", logging.ERROR, event=LogEvent.JOB_ERROR, jobid=number, rule_msg=says, log=["slurm"]
    )


def said(records: Sequence[logging.LogRecord], quiet: Sequence[str] = (), jobs: int = 2) -> str:
    stream = io.StringIO()
    handler = ProgressHandler(logging.StreamHandler(stream), {"read": jobs}, quiet)
    for one in records:
        handler.handle(one)
    return stream.getvalue()


def test_records_of_jobs_become_lines(tmp_path: Path) -> None:
    log, facts = tmp_path / "a.log", write_facts(tmp_path, "7 words")
    records = [
        record("Select jobs to execute..."),
        record("Execute 2 jobs...", event=LogEvent.JOB_STARTED),
        begins(3, "zoo: reading", log, facts),
        ends(3),
        record(None, event=LogEvent.PROGRESS, done=1, total=2),
        begins(4, ""),
        ends(4),
        record(None, event=LogEvent.JOB_INFO, jobid=5, output=[], rule_name="all"),
        ends(5),
        record("Complete log(s): x"),
    ]
    assert said(records) == "1/2  zoo: reading: 7 words  [1 left, less than a minute]\n2/2  read\n"


def test_what_is_no_job_is_left_to_snakemake() -> None:
    records = [
        record("a warning", logging.WARNING),
        record("SLURM run ID: 7"),
        record("WorkflowError: no rule", logging.ERROR, event=LogEvent.ERROR, exception="Workflow"),
        fails(8),
    ]
    assert said(records) == "a warning\nSLURM run ID: 7\nWorkflowError: no rule\nError\n"


def test_a_failure_and_its_retry_are_said_once(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("error: a.csv: no such file\n", encoding="utf-8")
    records = [
        begins(3, "zoo: reading", log),
        record("RuleException: …", logging.ERROR, event=LogEvent.ERROR, exception="RuleException"),
        fails(3, "SLURM status is: 'FAILED'."),
        record("Trying to restart job 3."),
        record("Trying to restart job 9."),
        begins(3, "zoo: reading", log),
        ends(3),
        record("Exiting because a job execution failed. Look above", logging.ERROR),
        record(
            "WorkflowError:\nAt least one job did not complete successfully.",
            logging.ERROR,
            event=LogEvent.ERROR,
            exception="WorkflowError",
        ),
    ]
    assert said(records, jobs=1).splitlines() == [
        "FAILED  zoo: reading",
        "    SLURM status is: 'FAILED'.",
        "    a.csv: no such file",
        f"    log: {log}",
        "AGAIN   zoo: reading",
        "1/1  zoo: reading",
    ]


def test_quiet_leaves_out_progress_but_not_failures() -> None:
    records = [begins(1, "one"), begins(2, "two"), ends(1), fails(2)]
    assert said(records, ["progress", "rules"]).startswith("FAILED  two\n")
    assert said(records, ["all"]) == ""


def test_a_terminal_that_has_no_such_letters_gets_others() -> None:
    stream = Wide()
    handler = ProgressHandler(logging.StreamHandler(stream), {"read": 1})
    handler.handle(begins(1, "8×8"))
    handler.handle(ends(1))
    assert stream.getvalue() == "1/1  8?8\n"


def test_only_a_terminal_with_colours_gets_them() -> None:
    stream = io.StringIO()
    original = logging.StreamHandler(stream)
    original.nocolor = False  # type: ignore[attr-defined]
    handler = ProgressHandler(original, {"read": 1})
    handler.handle(begins(1, "one"))
    handler.handle(fails(1))
    assert stream.getvalue().startswith("\033[31mFAILED  one\033[0m\n    It ended")


def test_a_line_that_cannot_be_said_does_not_end_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said([record(None, event=LogEvent.JOB_INFO)]) == ""
    assert "KeyError" in capsys.readouterr().err


@pytest.fixture
def snakemake_logger(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """A logger like Snakemake's, with its handler."""
    monkeypatch.setattr(terminal, "_LOGGER", "test.snakemake")
    logger = logging.getLogger("test.snakemake")
    logger.handlers = [logging.NullHandler(), logging.StreamHandler(io.StringIO())]
    logger.handlers[1].name = "DefaultStreamHandler"
    return logger


def workflow(**settings: Any) -> SimpleNamespace:
    """As much of Snakemake's as is looked at: two jobs to run, and the target."""
    rule = SimpleNamespace(name="read")
    jobs = [SimpleNamespace(rule=rule, output=out) for out in (["a"], ["b"], [])]
    defaults = {"verbose": False, "debug_dag": False, "quiet": None}
    return SimpleNamespace(
        output_settings=SimpleNamespace(**(defaults | settings)),
        touch=False,
        dag=SimpleNamespace(needrun_jobs=lambda: jobs),
    )


def test_snakemakes_handler_is_replaced_while_jobs_run(
    snakemake_logger: logging.Logger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = snakemake_logger.handlers[1]
    assert isinstance(original, logging.StreamHandler)
    show_progress(workflow(quiet={Quietness.PROGRESS}))
    _, handler = snakemake_logger.handlers
    assert isinstance(handler, ProgressHandler)
    assert (handler.original, handler.tally.total) == (original, 2)
    show_failure(["s.log"])
    show_success({}, {})
    lines = original.stream.getvalue().splitlines()
    assert lines[1] == "Stopped: the same command goes on from here."
    assert lines[-1] == "Done: 2 jobs in less than a minute."


@pytest.mark.parametrize("settings", [{"verbose": True}, {"debug_dag": True}])
def test_who_asks_for_all_of_it_gets_snakemakes_own_lines(
    snakemake_logger: logging.Logger, settings: dict[str, bool]
) -> None:
    before = list(snakemake_logger.handlers)
    show_progress(workflow(**settings))
    assert snakemake_logger.handlers == before
    show_success({}, {})
