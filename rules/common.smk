# What the rules share: the validated config, the zoos, and how rules ask the planner.
import platform
import sys
from functools import cache
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from workflow_scripts.common.packages import missing_packages

# With --sdm conda the jobs have packages of their own.
if not workflow.deployment_settings.deployment_method:
    if missing := missing_packages(ROOT / "requirements.txt"):
        sys.exit(
            f"error: {', '.join(missing)} cannot be found by {sys.executable}; run "
            "pip install -r requirements.txt there"
        )

from workflow_scripts.common.source_files import source_files
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
from workflow_scripts.report.provenance import write_provenance

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
    """What a job's code does: a parameter, so that other code runs the job again."""
    return source_files(module.replace(".", "/") + ".py", ROOT)


def write_provenances():
    """Write where the results of each zoo come from."""
    for name, zoo in ZOOS.items():
        folder = Path(zoo.paths.folder)
        if folder.is_dir():
            write_provenance(folder, ROOT, zoo.settings.model_dump(mode="json"))
