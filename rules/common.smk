# What the rules share: the validated config, the zoos, and how rules ask the planner.
import platform
import sys
from functools import cache
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from workflow_scripts.common.packages import (
    installed_versions,
    missing_packages,
    pinned_versions,
)

# With --sdm conda the jobs have packages of their own.
if not workflow.deployment_settings.deployment_method:
    if missing := missing_packages():
        sys.exit(
            f"error: {', '.join(missing)} cannot be found by {sys.executable}; run "
            "pip install -r requirements.txt there"
        )

from workflow_scripts.common.code_digest import code_digest
from workflow_scripts.config.config import ConfigError, read_config, repeated_keys
from workflow_scripts.kinds.registry import KINDS
from workflow_scripts.kinds.zoo import Zoo
from workflow_scripts.planning.patterns import (
    one_of,
    zoos_of_kind,
    zoos_with_checkpoint,
    zoos_with_covariance,
    zoos_with_probe,
)
from workflow_scripts.planning.planner import (
    Planner,
    name_of_checkpoint,
    names_of_checkpoints,
)
from workflow_scripts.planning.user_files import missing_files
from workflow_scripts.progress.terminal import show_failure, show_progress, show_success
from workflow_scripts.common.provenance import (
    keep_provenance,
    made_since_provenance,
    write_provenance,
)

try:
    for path in map(Path, workflow.configfiles):
        if repeated := repeated_keys(path.read_text(encoding="utf-8")):
            raise ConfigError([f"{path}, {line}" for line in repeated])
    CONFIG = read_config(config)
except ConfigError as error:
    sys.exit("\n".join(f"config error: {line}" for line in error.lines))


@cache
def report_missing_files():
    """Name all of the users' files that are missing, once; only a dry run goes on without them."""
    lines = missing_files(ZOOS.values())
    if not workflow.dryrun:
        sys.exit("\n".join(lines))
    print(*lines, sep="\n", file=sys.stderr)


ZOOS = {
    name: Zoo(name, settings, report_missing_files)
    for name, settings in CONFIG.zoos.items()
}
# With --sdm conda those of the environment that jobs get, which need not be those here.
VERSIONS = (
    pinned_versions(ROOT / "envs/taskspace.yaml")
    if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
    else installed_versions()
)
PLANNER = Planner(ZOOS)
planned, growing = PLANNER.planned, PLANNER.growing


wildcard_constraints:
    zoo=one_of(ZOOS),
    checkpoint=r"[^/]+",
    corpus=r"[^/]+",
    probe=one_of({name for zoo in ZOOS.values() for name in zoo.settings.probe_names}),
    task=r"[^/]+",
    method=one_of(
        {name for zoo in ZOOS.values() for name in zoo.settings.selection.methods}
    ),
    k=r"\d+",


def code(module):
    """A digest of a script, what it imports and in which versions: a parameter, so that other code
    runs the job again."""
    return code_digest(module, ROOT, VERSIONS | CONFIG.keep_results_of)


def write_provenances():
    """Write where the results of each zoo come from, if any were made since it was written."""
    for zoo in ZOOS.values():
        folder = Path(zoo.paths.folder)
        if workflow.touch:
            keep_provenance(folder)
        elif made_since_provenance(folder):
            settings = zoo.settings.model_dump(mode="json")
            write_provenance(folder, ROOT, settings, VERSIONS, CONFIG.keep_results_of)
