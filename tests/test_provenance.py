"""What is recorded of a run."""

import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from workflow_scripts.common import provenance
from workflow_scripts.common.provenance import (
    code_state,
    keep_provenance,
    made_since_provenance,
    revisions,
    visible_gpus,
    write_provenance,
)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_and_whether_files_differ_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code_state(tmp_path) == {"commit": None, "clean": None}
    git(tmp_path, "init")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-m", "first")
    (tmp_path / "results").write_text("untracked")
    assert code_state(tmp_path) == {"commit": git(tmp_path, "rev-parse", "HEAD"), "clean": True}
    (tmp_path / "a.py").write_text("2")
    assert code_state(tmp_path)["clean"] is False
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code_state(tmp_path) == {"commit": None, "clean": None}


def test_gpus_are_those_that_the_driver_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == []
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "GPU 0: A"\necho "GPU 1: B"\n')
    program.chmod(0o755)
    assert visible_gpus() == ["GPU 0: A", "GPU 1: B"]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert visible_gpus() == []


def test_the_record_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "visible_gpus", lambda: ["GPU 0: A"])
    for name, card in {"bert": {"revision": "abc"}, "agent": {"kind": "agent"}}.items():
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        (tmp_path / "checkpoints" / name / "checkpoint.json").write_text(json.dumps(card))
    assert revisions(tmp_path / "checkpoints") == {"bert": "abc"}
    zoo = {"seed": 3, "head": {"solver": "lbfgs"}}
    write_provenance(tmp_path, tmp_path, zoo, {"torch": "3.1"}, {"torch": "3.0"})
    record = json.loads((tmp_path / "provenance.json").read_text(encoding="utf-8"))
    assert record["seed"] == 3
    assert record["settings"]["head"] == {"solver": "lbfgs"}
    assert record["checkpoints"] == {"bert": "abc"}
    assert record["machine"]["gpus"] == ["GPU 0: A"]
    assert record["packages"] == {"snakemake": version("snakemake"), "torch": "3.1"}
    assert record["keep_results_of"] == {"torch": "3.0"}
    assert record["date"].endswith("+00:00")


def aged(path: Path, seconds: int) -> None:
    """A file that was written so many seconds after the epoch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    os.utime(path, (seconds, seconds))


def test_a_zoo_has_a_new_record_when_a_result_is_newer_than_the_old_one(tmp_path: Path) -> None:
    zoo = tmp_path / "zoo"
    assert not made_since_provenance(zoo)
    aged(zoo / "covariance/probe.npz", 10)
    assert made_since_provenance(zoo)
    aged(zoo / "provenance.json", 20)
    # What jobs say is no result, nor is what one that was killed has left.
    for name in ("logs/select/mmi.log", "benchmarks/select/mmi.tsv", "tables/.picks.part.csv"):
        aged(zoo / name, 30)
    assert not made_since_provenance(zoo)
    aged(zoo / "tables/picks.csv", 30)
    assert made_since_provenance(zoo)


def test_files_that_are_touched_leave_the_record_as_it_is(tmp_path: Path) -> None:
    keep_provenance(tmp_path)
    assert not (tmp_path / "provenance.json").exists()
    aged(tmp_path / "provenance.json", 10)
    aged(tmp_path / "scores.csv", 20)
    keep_provenance(tmp_path)
    assert not made_since_provenance(tmp_path)
    assert (tmp_path / "provenance.json").read_text() == "{}"
