"""Runs of the whole workflow that cannot go on."""

import re

from workspace import Workspace

from tests.faults.configs import zoo
from tests.faults.scene import Outcome, Scene, fault


def sentence_of(workspace: Workspace) -> Outcome:
    """What Snakemake says before any job; its name of the error, with the place, left out."""
    result = workspace.snakemake("--cores", "1", "--quiet", "host", timeout=60)
    said = result.stdout + result.stderr
    assert "Traceback" not in said
    assert "Execute" not in said
    after = re.search(r"^(?:WorkflowError|LockException).*\n(?:Error: )?(.*)$", said, re.MULTILINE)
    own = re.findall(r"^(?:error|config error): .*$", said, re.MULTILINE)
    return Outcome(result.returncode, [f"error: {after[1]}"] if after else own)


def small_workspace(scene: Scene) -> Workspace:
    """Two folders that are not there, and a covariance that is."""
    workspace = Workspace.copy_to(scene.folder / "taskspace")
    small = zoo(covariance={"precomputed": "kappa.csv"})
    del small["probe"]
    workspace.write_config({"zoos": {"mine": small}})
    kappa = ",ant,bee\nant,1,0.5\nbee,0.5,1\n"
    (workspace.folder / "kappa.csv").write_text(kappa, encoding="utf-8")
    return workspace


@fault
def config_with_tabs(scene: Scene) -> Outcome:
    workspace = small_workspace(scene)
    (workspace.folder / "config.yaml").write_text("zoos:\n\tmine: {}\n", encoding="utf-8")
    return sentence_of(workspace)


@fault
def two_runs_in_one_folder(scene: Scene) -> Outcome:
    """The second finds the lock of the first."""
    workspace = small_workspace(scene)
    locks = workspace.folder / ".snakemake/locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("results/report.html\n", encoding="utf-8")
    return sentence_of(workspace)


@fault
def package_missing(scene: Scene) -> Outcome:
    workspace = small_workspace(scene)
    requirements = workspace.folder / "requirements.txt"
    requirements.write_text("# arrays\nnumpy==0.0.1  # any version\nnumpie==1  # none\n", "utf-8")
    return sentence_of(workspace)


@fault
def cuda_asked_for_and_absent(scene: Scene) -> Outcome:
    from tests.faults.features import estimate, write_zoo

    write_zoo(scene)
    scene.patch.setenv("CUDA_VISIBLE_DEVICES", "")
    return estimate(scene, "--device", "cuda")
