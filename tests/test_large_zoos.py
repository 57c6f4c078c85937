"""How long Snakemake plans where there are many checkpoints, and how much memory that takes."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from workspace import ROOT, Workspace


def planning_cost(workspace: Workspace, config: Mapping[str, Any]) -> tuple[float, float]:
    """CPU seconds and megabytes of a dry run; of memory, at least what this process has."""
    workspace.write_config(config)
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "-n", "-q"],
        cwd=workspace.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def paper(name: str) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / f"configs/paper-{name}.yaml").read_text(encoding="utf-8"))
    [zoo] = config["zoos"].values()
    return dict(zoo)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.copy_to(tmp_path / "taskspace")


def test_both_zoos_of_the_paper_are_planned_in_seconds(workspace: Workspace) -> None:
    zoos = {"vision": paper("vision"), "language": paper("language")}
    seconds, megabytes = planning_cost(workspace, {"zoos": zoos})
    print(f"{seconds:.1f} CPU seconds, {megabytes:.0f} MB")
    assert seconds < 20
    assert megabytes < 2000


def test_a_thousand_checkpoints_and_twenty_tasks_are_planned_within_a_minute(
    workspace: Workspace,
) -> None:
    zoo = paper("vision")
    zoo["agents"] |= {"count": 1000}
    zoo["selection"] |= {"sizes": [1, 2, 5, 10, 20]}
    assert zoo["tasks"]["count"] == 20
    seconds, megabytes = planning_cost(workspace, {"zoos": {"large": zoo}})
    print(f"{seconds:.1f} CPU seconds, {megabytes:.0f} MB")
    assert seconds < 60
    assert megabytes < 2000
