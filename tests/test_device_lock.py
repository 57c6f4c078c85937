"""Jobs spread over the GPUs of a machine, also where one dies while it holds a GPU."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from workflow_scripts.common import device, device_lock
from workflow_scripts.common.device_lock import claim_device

ROOT = Path(__file__).parents[1]
GPUS = ["gpu-a", "gpu-b"]
JOB = """
import logging, sys, time
from pathlib import Path
from workflow_scripts.common.device_lock import claim_device
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
print(claim_device(sys.argv[2:], Path(sys.argv[1])), flush=True)
time.sleep(60)
"""


@pytest.fixture
def jobs() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that end with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for job in started:
        job.kill()
        job.wait()


def start(jobs: list[subprocess.Popen[str]], folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", JOB, str(folder), *GPUS]
    jobs.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
    return jobs[-1]


def said(job: subprocess.Popen[str]) -> str:
    assert job.stdout is not None
    return job.stdout.readline().strip()


def test_jobs_have_a_device_each_and_the_next_waits_for_one_that_dies(
    tmp_path: Path, jobs: list[subprocess.Popen[str]]
) -> None:
    first, second = start(jobs, tmp_path), start(jobs, tmp_path)
    taken = {said(first), said(second)}
    assert taken == {"0", "1"}
    third = start(jobs, tmp_path)
    assert said(third) == "waiting for one of 2 GPUs"
    time.sleep(1.5)
    assert third.poll() is None
    second.kill()
    second.wait()
    assert said(third) in taken


def test_a_process_keeps_its_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_lock, "_held", {})
    monkeypatch.setattr(device_lock.tempfile, "gettempdir", lambda: str(tmp_path))
    assert claim_device(GPUS) == claim_device(GPUS) == 0
    assert [path.name for path in tmp_path.glob("taskspace-gpus-*/*")] == ["gpu-a.lock"]


@pytest.mark.parametrize(("count", "expected"), [(0, "cpu"), (1, "cuda"), (2, "cuda:1")])
def test_auto_is_a_free_device(
    count: int, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two, the first of which another job has."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid=GPUS[number])
    )
    monkeypatch.setattr(device_lock, "_held", {})
    monkeypatch.setattr(device_lock.tempfile, "gettempdir", lambda: str(tmp_path))
    assert claim_device(["gpu-a"]) == 0
    assert str(device.choose_device("auto")) == expected
