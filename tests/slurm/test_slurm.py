"""The workflow on a real Slurm: what jobs ask for, and what happens when they are hurt."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.slurm.cluster import Cluster, missing
from tests.workspace import Workspace

ROOT = Path(__file__).parents[2]
ZOO: dict[str, Any] = {
    "modality": "agents",
    "data": {"source": "digits"},
    "agents": {"count": 2, "classes": 3, "epochs": 2},
    "probe": {"samples_per_class": 4, "rotations": []},
    "tasks": {"count": 1, "classes": 4, "samples_per_class": 10},
    "selection": {"sizes": [1], "methods": {"mmi": {}, "random": {"draws": 2}}},
    "stability": {"replicates": 0},
    "head": {"solver": "lbfgs"},
}
WITH_GPU = {"train_agent", "extract_agent_features", "evaluate"}
FEATURES = "results/small/features/probe/agent-00.safetensors"
OF_FEATURES = "rule_extract_agent_features_wildcards_small_probe_agent-00"

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster for all tests."""
    with Cluster() as cluster:
        yield cluster


def start(workspace: Workspace, *arguments: str) -> subprocess.Popen[str]:
    """Snakemake on the cluster, by the project's own profile."""
    environment = os.environ.copy()
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for name in ("PYTHONPATH", "COV_CORE_SOURCE"):
        environment.pop(name, None)
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tests/slurm/quick_snakemake.py")]
        + ["--workflow-profile", "profiles/slurm", "--latency-wait", "10"]
        + ["--slurm-init-seconds-before-status-checks", "1", *arguments],
        cwd=workspace.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # What a shell starts in the background ignores SIGINT, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def finished(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A run on the cluster, from the images to the scores."""
    workspace = Workspace.copy_to(tmp_path_factory.mktemp("on slurm") / "taskspace")
    workspace.write_config({"zoos": {"small": ZOO}})
    # As far as the scores: of the report, one job is like another.
    finish(start(workspace, "results/small/scores.csv", "results/small/tables/picks.csv"))
    return workspace


def jobs_of(cluster: Cluster, comment: str) -> list[dict[str, str]]:
    return [job for job in cluster.jobs() if job["Comment"] == comment]


def wait_for(cluster: Cluster, comment: str, after: int, state: str) -> str:
    """The number of the first job of that kind in a state, beyond so many that there were."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for job in jobs_of(cluster, comment)[after:]:
            if job["JobState"] == state:
                return job["JobId"]
        time.sleep(0.3)
    raise TimeoutError(f"no {comment} is {state}: {cluster.jobs()}")


def set_partition(name: str, state: str) -> None:
    """Of a partition that is DOWN jobs wait, until it is UP."""
    subprocess.run(["scontrol", "update", f"PartitionName={name}", f"State={state}"], check=True)


def test_each_job_gets_what_its_rule_asks_for(cluster: Cluster, finished: Workspace) -> None:
    seen = set()
    for job in cluster.jobs():
        rule = job["Comment"].removeprefix("rule_").split("_wildcards")[0]
        seen.add(rule)
        assert job["JobState"] == "COMPLETED"
        assert job.get("TresPerJob") == ("gres:gpu:1" if rule in WITH_GPU else None), rule
        assert job["Partition"] == ("gpu" if rule in WITH_GPU else "cpu"), rule
    others = {"draw_images", "estimate_covariance", "select", "gather_scores", "tabulate_small"}
    assert seen >= WITH_GPU | others
    [covariance] = jobs_of(cluster, "rule_estimate_covariance_wildcards_small_probe")
    assert covariance["MinMemoryNode"] == "3000M"
    assert covariance["NumCPUs"] == "2"
    assert covariance["TimeLimit"] == "01:00:00"
    [agent] = jobs_of(cluster, "rule_train_agent_wildcards_small_agent-00")
    assert (agent["MinMemoryNode"], agent["TimeLimit"]) == ("2000M", "08:00:00")


def test_scores_are_those_of_a_run_without_slurm(finished: Workspace, tmp_path: Path) -> None:
    local = Workspace.copy_to(tmp_path / "taskspace")
    local.write_config({"zoos": {"small": ZOO}})
    result = local.snakemake("--cores", "2", "results/small/scores.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    for file in ("scores.csv", "selections/mmi.csv"):
        ours, theirs = (one.folder / "results/small" / file for one in (finished, local))
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_job_that_is_cancelled_from_outside_is_run_again(
    cluster: Cluster, finished: Workspace
) -> None:
    before = len(jobs_of(cluster, OF_FEATURES))
    run = start(finished, "--force", FEATURES)
    number = wait_for(cluster, OF_FEATURES, before, "RUNNING")
    subprocess.run(["scancel", number], check=True)
    finish(run)
    states = [job["JobState"] for job in jobs_of(cluster, OF_FEATURES)[before:]]
    assert states == ["CANCELLED", "COMPLETED"]


def test_a_job_over_its_memory_is_run_again_with_more(
    cluster: Cluster, finished: Workspace
) -> None:
    before = len(jobs_of(cluster, OF_FEATURES))
    small = "extract_agent_features:mem_mb=220 * attempt ** 3"
    finish(start(finished, "--force", FEATURES, "--set-resources", small))
    killed, again = jobs_of(cluster, OF_FEATURES)[before:]
    assert killed["JobState"] in ("FAILED", "OUT_OF_MEMORY")
    assert again["JobState"] == "COMPLETED"
    assert (killed["MinMemoryNode"], again["MinMemoryNode"]) == ("220M", "1760M")


def test_control_c_leaves_no_job_and_two_runs_at_once_are_refused(
    cluster: Cluster, finished: Workspace
) -> None:
    before = len(jobs_of(cluster, OF_FEATURES))
    # The job takes only seconds, so it waits for the second run to be refused.
    set_partition("gpu", "DOWN")
    try:
        run = start(finished, "--force", FEATURES)
        wait_for(cluster, OF_FEATURES, before, "PENDING")
        second = finished.snakemake("--cores", "1", "--force", FEATURES)
    finally:
        set_partition("gpu", "UP")
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout + second.stderr
    wait_for(cluster, OF_FEATURES, before, "RUNNING")
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=120)
    assert run.returncode != 0
    assert [job for job in cluster.jobs() if job["JobState"] in ("RUNNING", "PENDING")] == []
    finish(start(finished, FEATURES))
    assert (finished.folder / FEATURES).exists()
