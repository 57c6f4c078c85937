"""What is recorded of a run."""

import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from workflow_scripts.report.provenance import (
    code_state,
    revisions,
    visible_gpus,
    write_provenance,
)

from workflow_scripts.report import provenance


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
