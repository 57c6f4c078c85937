"""What extractions took, from their logs to the costs of a budget."""

import logging
from pathlib import Path

import pytest
import yaml
from workflow_scripts.common.speed import log_speed, read_speeds

from workflow_scripts.common.script import UserError
from workflow_scripts.selection import measured_costs


def write_log(path: Path, checkpoint: str, caplog: pytest.LogCaptureFixture, *numbers: int) -> None:
    """Write the log of an extraction as its script does."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        log_speed(checkpoint, *numbers)
    [line] = caplog.messages
    lines = ["12:00:00 Loading weights: 3 files", f"12:00:09 {line}", "12:00:09 found: much"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_what_extractions_took_is_printed_as_costs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """By names of checkpoints, whatever those of the files."""
    write_log(tmp_path / "b.log", "théirs: 01", caplog, 3, 6_000)
    write_log(tmp_path / "a.log", "bert", caplog, 90, 4)
    (tmp_path / "c.log").write_text("12:00:00 still at work\n", encoding="utf-8")
    assert read_speeds(tmp_path) == {"bert": 22_500, "théirs: 01": 0.5}
    measured_costs.main(["--logs", str(tmp_path)])
    assert yaml.safe_load(capsys.readouterr().out) == {"costs": read_speeds(tmp_path)}


def test_a_folder_without_such_logs_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent: no log in it says how long features took"):
        measured_costs.main(["--logs", str(tmp_path / "absent")])
