"""What several test files share: finished runs of the small zoos, made once."""

import resource

import pytest
from hub_server import HubServer
from small_zoos import IMAGES, pairs, texts, treebank
from tiny_models import build_tiny_model
from workspace import Workspace

# Of processors, which a busy machine has fewer to give of, but needs hardly more of: it takes about
# 80 to 110, less than a minute on two idle cores.
CPU_SECONDS_ALLOWED = 200


# Before xdist looks at the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests run in two processes at a time; those that share a fixture stay in one process."""
    for item in items:
        shared = {"image_run", "text_run"} & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("+".join(sorted(shared)) or item.path.stem))


def children_cpu_seconds() -> float:
    """What all finished child processes have taken."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.fixture(scope="session")
def image_run(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished run of the agents, in a folder whose name has a space."""
    workspace = Workspace.copy_to(tmp_path_factory.mktemp("a folder") / "taskspace")
    workspace.write_config({"zoos": {"small": IMAGES}})
    started = children_cpu_seconds()
    result = workspace.snakemake("--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    seconds = children_cpu_seconds() - started
    print(f"the small zoo took {seconds:.0f} CPU seconds")
    assert seconds < CPU_SECONDS_ALLOWED
    return workspace


@pytest.fixture(scope="session")
def text_run(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished run of two zoos of language models; the hub is a server here."""
    workspace = Workspace.copy_to(tmp_path_factory.mktemp("a folder") / "taskspace")
    folder = workspace.folder
    build_tiny_model("gpt2", folder / "models/ours")
    build_tiny_model("roberta", folder / "models/theirs")
    hub = folder.with_name("hub")
    build_tiny_model("bert-uncased", hub / "bert-base-uncased")
    (folder / "treebank.conllu").write_text(treebank(120), encoding="utf-8")
    lines = [" ".join(word for word, _ in one) for one in [a + b for a, b in pairs(60)]]
    (folder / "sentences.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    workspace.write_config(texts())
    with HubServer(hub) as server:
        result = workspace.snakemake(
            "--cores", "2", environment={"HF_ENDPOINT": server.url, "HF_HUB_DISABLE_TELEMETRY": "1"}
        )
    assert result.returncode == 0, result.stdout + result.stderr
    return workspace
