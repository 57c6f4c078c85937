"""What a job found, warned of and took, from its file to the terminal and the costs of a budget."""

import json
from pathlib import Path

import pytest
import yaml

from workflow_scripts.common import facts
from workflow_scripts.common.facts import Facts, found, read_facts, read_speeds, record_speed
from workflow_scripts.common.script import UserError
from workflow_scripts.selection import measured_costs


def write_speed(
    path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: str, seconds: float, units: int
) -> None:
    """Write the facts of an extraction, as a process of its own does."""
    monkeypatch.setattr(facts, "_facts", Facts())
    found("much")
    record_speed(checkpoint, seconds, units)
    facts.write_facts(path)


def test_facts_are_read_as_they_were_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Facts(["größer: 3 × 4", "and more"], ['a "quote"\nof two lines'], {"x: 1": 0.25})
    monkeypatch.setattr(facts, "_facts", written)
    facts.write_facts(tmp_path / "a.facts.json")
    assert read_facts(tmp_path / "a.facts.json") == written
    assert "größer" in (tmp_path / "a.facts.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content", [b"", b"no facts", b"[]", b"null", b'{"found": []', b'{"lost": []}', b"\xff{}"]
)
def test_a_file_without_facts_tells_nothing_and_ends_nothing(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a.facts.json"
    assert read_facts(path) == Facts()
    path.write_bytes(content)
    assert read_facts(path) == Facts()


def test_what_extractions_took_is_printed_as_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By names of checkpoints, whatever those of the files."""
    write_speed(tmp_path / "b.safetensors.facts.json", monkeypatch, "théirs: 01", 3, 6_000)
    write_speed(tmp_path / "a.safetensors.facts.json", monkeypatch, "bert", 90, 4)
    (tmp_path / "c.safetensors.facts.json").write_text("{", encoding="utf-8")
    (tmp_path / "d.json").write_text(json.dumps({"seconds_per_thousand": {"cat": 1}}))
    costs = {"bert": 22_500, "théirs: 01": 0.5}
    assert read_speeds(tmp_path.glob("*.facts.json")) == costs
    measured_costs.main(["--features", str(tmp_path)])
    said = capsys.readouterr().out
    assert yaml.safe_load(said) == {"costs": costs}
    assert list(yaml.safe_load(said)["costs"]) == sorted(costs)


def test_a_folder_without_such_facts_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="absent: nothing in it says how long features took"):
        measured_costs.main(["--features", str(tmp_path / "absent")])
    monkeypatch.setattr(facts, "_facts", Facts(["much"]))
    facts.write_facts(tmp_path / "probe.npz.facts.json")
    with pytest.raises(UserError, match="nothing in it says how long features took"):
        measured_costs.main(["--features", str(tmp_path)])
