"""How scripts end: quietly, in one sentence, or with a traceback for what nobody foresaw."""

import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from workflow_scripts.common.facts import Facts, WarningRecorder, found, read_facts
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run

ROOT = Path(__file__).parents[1]


def fails(_: Sequence[str] | None) -> None:
    raise UserError("ant is no bee; rename it")


def breaks(_: Sequence[str] | None) -> None:
    raise KeyError("bee")


def test_a_mistake_of_the_user_is_one_line_and_status_one() -> None:
    with pytest.raises(SystemExit) as caught:
        run(fails)
    assert caught.value.code == "error: ant is no bee; rename it"


def test_an_unforeseen_error_keeps_its_traceback() -> None:
    with pytest.raises(KeyError):
        run(breaks)


def writes_facts(_: Sequence[str] | None) -> None:
    logging.getLogger("workflow_scripts.kinds.some").warning("few units: %d", 3)
    logging.getLogger("workflow_scripts.kinds.some").info("as every time")
    logging.getLogger("torch").warning("this is deprecated")
    found("3 units")


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """The handlers that running a script adds are taken away again."""
    root = logging.getLogger()
    before = [one for one in root.handlers if not isinstance(one, WarningRecorder)]
    level, formatters = root.level, [handler.formatter for handler in before]
    root.handlers[:] = before
    yield
    root.handlers[:] = before
    root.setLevel(level)
    for handler, formatter in zip(before, formatters, strict=True):
        handler.setFormatter(formatter)


def test_what_a_script_found_and_warned_of_is_in_its_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job_facts: Facts
) -> None:
    """Of this project's own warnings alone."""
    path = tmp_path / "new/units.parquet.facts.json"
    monkeypatch.setattr(sys, "argv", ["script", "--other", "flag", "--facts", str(path)])
    run(writes_facts)
    assert read_facts(path) == job_facts == Facts(["3 units"], ["few units: 3"])


@pytest.mark.usefixtures("job_facts")
def test_a_script_that_fails_or_is_not_asked_writes_no_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["script", "--facts", str(tmp_path / "facts.json")])
    with pytest.raises(SystemExit):
        run(fails)
    monkeypatch.setattr(sys, "argv", ["script", "--fact", str(tmp_path / "facts.json")])
    run(writes_facts)
    assert not list(tmp_path.iterdir())


def test_by_hand_the_sentence_is_all_that_is_seen() -> None:
    command = [sys.executable, "-m", "workflow_scripts.selection.select", "--method", "mmi"]
    command += ["--k", "2", "--output", "-", "--covariance", "nowhere.npz"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "error: nowhere.npz: there is no such file\n"
    assert result.stdout == ""


def test_flags_that_name_files_or_counts_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = parser("what it does")
    flags.add_argument("--file", type=existing_file)
    flags.add_argument("--count", type=positive_int)
    (tmp_path / "a").touch()
    read = flags.parse_args(["--file", str(tmp_path / "a"), "--count", "3"])
    assert (read.file, read.count) == (tmp_path / "a", 3)
    for wrong in (["--file", str(tmp_path / "b")], ["--count", "0"], ["--count", "-1"]):
        with pytest.raises(SystemExit):
            flags.parse_args(wrong)
    said = capsys.readouterr().err
    assert f"argument --file: there is no file {tmp_path / 'b'}" in said
    assert "argument --count: 0 is no number from 1 upwards" in said


@pytest.mark.parametrize(
    "path",
    [
        path.relative_to(ROOT)
        for path in sorted((ROOT / "workflow_scripts").glob("**/*.py"))
        if "run(main)" in path.read_text(encoding="utf-8")
    ],
    ids=str,
)
def test_every_script_explains_itself(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import importlib

    module = importlib.import_module(".".join(path.with_suffix("").parts))
    with pytest.raises(SystemExit) as caught:
        module.main(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert module.__doc__.splitlines()[0] in said
