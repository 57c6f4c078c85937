"""What several test files share: finished runs of the small zoos, made once."""

import resource
from typing import Any

import pytest
from hub_server import HubServer
from kind_examples import EXAMPLES, build_texts, run_example
from small_zoos import IMAGES, pairs, texts
from tiny_models import build_tiny_model
from workspace import Workspace
from xdist.scheduler import LoadFileScheduling

from workflow_scripts.common import facts

# Of processors, which a busy machine has fewer to give of, but needs hardly more of: it takes about
# 80 to 110, less than a minute on two idle cores.
CPU_SECONDS_ALLOWED = 200


# Those that share the runs below, which take a minute each.
SHARING = (
    "test_workflow.py",
    "test_kind_contract.py",
    "test_text_workflow.py",
    "test_killed_jobs.py",
    "test_own_images.py",
    "test_report_page.py",
)


class FewRuns(LoadFileScheduling):
    """Tests run in several processes: those of a file in one, and those of all that share runs."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "shared runs" if file.endswith(SHARING) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FewRuns:
    """How tests are shared out among processes."""
    return FewRuns(config, log)


def children_cpu_seconds() -> float:
    """What all finished child processes have taken."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.fixture
def job_facts(monkeypatch: pytest.MonkeyPatch) -> facts.Facts:
    """What scripts that a test calls in this process find, warn of and take; nothing yet."""
    fresh = facts.Facts()
    monkeypatch.setattr(facts, "_facts", fresh)
    return fresh


@pytest.fixture(scope="session")
def image_run(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished run of the agents, in a folder whose name has a space."""
    workspace = Workspace.copy_to(tmp_path_factory.mktemp("a folder") / "taskspace")
    workspace.write_config({"zoos": {"small": IMAGES}})
    started = children_cpu_seconds()
    result = workspace.snakemake("--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    workspace.terminal.write_text(result.stderr, encoding="utf-8")
    assert result.stdout == ""
    seconds = children_cpu_seconds() - started
    print(f"the small zoo took {seconds:.0f} CPU seconds")
    assert seconds < CPU_SECONDS_ALLOWED
    return workspace


@pytest.fixture(scope="session")
def text_run(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished run of two zoos of language models; the hub is a server here."""
    workspace = Workspace.copy_to(tmp_path_factory.mktemp("a folder") / "taskspace")
    folder = workspace.folder
    build_texts(folder)
    hub = folder.with_name("hub")
    build_tiny_model("bert-uncased", hub / "bert-base-uncased")
    lines = [" ".join(word for word, _ in one) for one in [a + b for a, b in pairs(60)]]
    (folder / "sentences.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    workspace.write_config(texts())
    with HubServer(hub) as server:
        result = workspace.snakemake(
            "--cores", "2", environment={"HF_ENDPOINT": server.url, "HF_HUB_DISABLE_TELEMETRY": "1"}
        )
    assert result.returncode == 0, result.stdout + result.stderr
    return workspace


@pytest.fixture(scope="session")
def own_image_run(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished run of vision models in folders."""
    return run_example(EXAMPLES["image"], tmp_path_factory.mktemp("a folder") / "taskspace")
