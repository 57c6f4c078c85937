"""Jobs that are killed at any moment leave nothing that looks finished; the next run does them."""

import copy
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from dying import Script
from hub_server import HubServer
from kind_examples import FEATURES, build_features
from pyarrow.parquet import write_table
from small_zoos import IMAGES, ODD, OWN_IMAGES, texts
from workspace import ROOT, Workspace

from workflow_scripts.common.facts import SUFFIX
from workflow_scripts.kinds.text.public_data import FILES

# At which each evaluation is killed.
MOMENTS = 20
MINIATURE: dict[str, Any] = {
    "modality": "text",
    "data": {"source": "python-stdlib"},
    "checkpoints": {
        name: {
            "kind": "pretrain",
            "family": family,
            "tokenizer": "bpe",
            "objective": "causal",
            "steps": 3,
        }
        for name, family in (("tiny", "gpt2"), ("other", "gpt2"))
    },
    "probe": {"source": "python-stdlib"},
    "selection": {"sizes": [1], "methods": {"mmi": {}}},
}


@dataclass(frozen=True)
class Job:
    """A job of a finished run: where it ran, the module and flags it ran, and what it wrote."""

    folder: Path
    module: str
    flags: list[str]
    outputs: list[Path]

    def start(self, dies_at: int | None = None) -> Script:
        """Start it as Snakemake does: without its outputs."""
        for path in self.outputs:
            path.unlink(missing_ok=True)
        return Script(self.folder, self.module, self.flags, self.log, dies_at)

    @property
    def log(self) -> Path:
        return self.folder / "killed.log"

    def complete(self) -> tuple[dict[Path, bytes], int]:
        """Run it to its end: its outputs, and how many files it renamed."""
        status, renames = self.start().wait()
        assert status == 0, self.log.read_text(encoding="utf-8")
        # Facts say how long the job took.
        kept = [path for path in self.outputs if not path.name.endswith(SUFFIX)]
        return {path: path.read_bytes() for path in kept}, renames


def first_jobs(workspace: Workspace, config: dict[str, Any]) -> dict[str, Job]:
    """One job of each rule."""
    workspace.write_config(config)
    plan = workspace.folder / "jobs.json"
    command = [sys.executable, str(ROOT / "tests/planned_jobs.py"), str(plan)]
    subprocess.run(command, cwd=workspace.folder, check=True, capture_output=True)
    jobs: dict[str, Job] = {}
    for job in json.loads(plan.read_text(encoding="utf-8")):
        python, dash, module, *flags = words_of(job["command"].partition(" > ")[0])
        assert (python, dash) == ("python", "-m"), job
        outputs = [workspace.folder / path for path in job["outputs"]]
        # Some rules are a zoo's own, and have its name behind theirs.
        zoo = next((zoo for zoo in config["zoos"] if job["rule"].endswith(f"_{zoo}")), "")
        rule = job["rule"].removesuffix(f"_{zoo}")
        jobs.setdefault(rule, Job(workspace.folder, module, flags, outputs))
    return jobs


def words_of(command: str) -> list[str]:
    """The words of a command, as a shell takes them."""
    printed = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {command}"], check=True, capture_output=True, text=True
    )
    return printed.stdout.split("\0")[:-1]


@pytest.fixture(scope="module")
def jobs(
    image_run: Workspace,
    text_run: Workspace,
    own_image_run: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Job]]:
    """One job of each rule; all that they read is there."""
    zoo = copy.deepcopy(IMAGES)
    zoo["selection"]["methods"] |= {
        "greedy_dev": {"task": "task-01"},
        "logme": {"task": "task-01"},
    }
    images = copied(image_run, tmp_path_factory.mktemp("images"))
    words = copied(text_run, tmp_path_factory.mktemp("words"))
    shutil.copy(words.folder / "results/mine/covariance/probe.npz", words.folder / "kappa.npz")
    brought: dict[str, Any] = copy.deepcopy(texts()["zoos"]["pair"])
    brought["checkpoints"]["theirs"] = brought["checkpoints"].pop(ODD)
    brought["selection"]["methods"] = {"mmi": {}}
    del brought["probe"], brought["tasks"]
    brought["covariance"] = {"precomputed": "kappa.npz"}
    downloaded = texts()["zoos"]["mine"] | {"probe": {"source": "wikitext-2"}}
    more = {"tiny": MINIATURE, "brought": brought, "downloaded": downloaded}
    photos = copied(own_image_run, tmp_path_factory.mktemp("photos"))
    features = Workspace.copy_to(tmp_path_factory.mktemp("features") / "taskspace")
    build_features(features.folder)
    features.write_config({"zoos": {"mine": FEATURES}})
    made = ["tasks/digit.parquet", "covariance/probe.npz"]
    result = features.snakemake("--cores", "2", *(f"results/mine/{path}" for path in made))
    assert result.returncode == 0, result.stderr
    found = first_jobs(features, {"zoos": {"mine": FEATURES}})
    found |= first_jobs(photos, {"zoos": {"photos": OWN_IMAGES}})
    # What these add has not run: only what a rule needs that is in no finished zoo.
    found |= first_jobs(words, {"zoos": more}) | first_jobs(images, {"zoos": {"small": zoo}})
    found |= first_jobs(words, texts())
    found |= first_jobs(images, {"zoos": {"small": IMAGES}})
    # Heads of several seeds are done one seed after another.
    zoo = IMAGES | {"head": {"solver": "adam", "epochs": 4, "seeds": 8}}
    seeds = first_jobs(images, {"zoos": {"small": zoo}})
    found |= {f"{rule}, 8 seeds": seeds[rule] for rule in EVALUATIONS}
    hub = tmp_path_factory.mktemp("hub")
    shutil.copytree(text_run.folder.with_name("hub"), hub, dirs_exist_ok=True)
    (address,) = FILES["wikitext-2.txt"].addresses
    _, repository, name = re.split(r"/datasets/|/resolve/[0-9a-f]{40}/", address)
    parquet = hub / "datasets" / repository / name
    parquet.parent.mkdir(parents=True)
    write_table(pyarrow.table({"text": [" some words \n"] * 100}), parquet)
    with pytest.MonkeyPatch.context() as patch, HubServer(hub) as server:
        # The processes inherit the environment of the first.
        patch.setenv("HF_ENDPOINT", server.url)
        patch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        yield found


def copied(workspace: Workspace, folder: Path) -> Workspace:
    """A copy of a finished run, to be hurt."""
    shutil.copytree(workspace.folder, folder / "taskspace", copy_function=shutil.copy2)
    return Workspace(folder / "taskspace")


RULES = [
    rule
    for path in sorted((ROOT / "rules").glob("*.smk"))
    for pattern in (r"^(?:use rule \w+ as|rule) (\w+)", r'^ +f"(\w+)_\{ZOO\}"$')
    for rule in re.findall(pattern, path.read_text("utf-8"), re.M)
]
# torchvision unpacks in place, and checks every file whenever it is opened: see test_data.py.
CHECKED_WHEN_READ = {"fetch_cifar100"}
# What pretrain reads is in no finished zoo.
WRITTEN = sorted(set(RULES) - CHECKED_WHEN_READ, key=lambda rule: (rule != "write_stdlib", rule))
EVALUATIONS = ["evaluate", "evaluate_singles"]


def unfinished_files(job: Job) -> list[Path]:
    """What is written but not renamed, beside the outputs."""
    return [path for output in job.outputs for path in output.parent.glob(".*part*")]


@pytest.mark.parametrize("rule", WRITTEN)
def test_a_job_killed_while_it_writes_leaves_no_output_that_looks_finished(
    jobs: dict[str, Job], rule: str
) -> None:
    job = jobs[rule]
    whole, renames = job.complete()
    assert renames > 0
    # At its last output: the others are there by then.
    status, _ = job.start(dies_at=renames).wait()
    assert status == -signal.SIGKILL
    there = [path for path in whole if path.exists()]
    assert len(there) < len(job.outputs)
    assert all(path.read_bytes() == whole[path] for path in there)
    again, _ = job.complete()
    assert again == whole
    assert not unfinished_files(job)


@pytest.mark.parametrize("rule", EVALUATIONS)
def test_evaluations_killed_at_random_moments_give_the_same_scores(
    jobs: dict[str, Job], rule: str
) -> None:
    """Each starts from nothing, is killed at a moment of its run, and is done by the next."""
    job = jobs[f"{rule}, 8 seeds"]
    [output] = [path for path in job.outputs if not path.name.endswith(SUFFIX)]
    fits = job.folder / job.flags[job.flags.index("--fits") + 1]
    fits.unlink(missing_ok=True)
    started = time.monotonic()
    whole, _ = job.complete()
    seconds = time.monotonic() - started
    killed = kept = 0
    for moment in np.random.default_rng(0).uniform(0, seconds, size=MOMENTS):
        fits.unlink(missing_ok=True)
        script = job.start()
        time.sleep(moment)
        script.process.kill()
        status, _ = script.wait()
        killed += status == -signal.SIGKILL
        kept += fits.exists()
        # It may have been done already.
        assert not output.exists() or output.read_bytes() == whole[output]
        again, _ = job.complete()
        assert again == whole
    assert killed >= 5
    assert kept >= 1
    print(f"{rule}: {killed} of {MOMENTS} were killed, {kept} after some heads were done")
