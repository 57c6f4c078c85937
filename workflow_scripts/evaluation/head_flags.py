"""What every script that trains heads is told: the task, the features, how heads are trained."""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.script import UserError, positive_int
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.evaluation.head_fits import HeadFits
from workflow_scripts.evaluation.kept_fits import KeptFits
from workflow_scripts.evaluation.settings import (
    SOLVERS,
    AdamSettings,
    LbfgsSettings,
    SgdSettings,
)
from workflow_scripts.evaluation.task_problem import TaskFiles, open_task


@dataclass(frozen=True)
class HeadOptions:
    """What the flags say.

    Attributes:
        task: its name.
        checkpoints: all of the zoo, sorted.
        files: the task with the features.
        settings: of the heads.
        kept: fits that need not be made again.
        fits: of all heads.
    """

    task: str
    checkpoints: list[str]
    files: TaskFiles
    settings: AdamSettings | SgdSettings | LbfgsSettings
    kept: KeptFits
    fits: HeadFits


def add_head_flags(flags: ArgumentParser) -> None:
    """Add what decides the scores of heads, and where fits are kept."""
    flags.add_argument("--task", type=Path, required=True, help="the task, .parquet")
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="all of the zoo")
    flags.add_argument("--seed", type=int, default=0, help="of the zoo")
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    flags.add_argument(
        "--memory-mb", type=positive_int, default=1000, help="of features and heads [default: 1000]"
    )
    flags.add_argument(
        "--fits", type=Path, help="keeps fits, so that they are not made again; it may be missing"
    )
    flags.add_argument(
        "--code", default="", help="digest of what trains heads; other code's fits are not used"
    )
    flags.add_argument("--solver", choices=list(SOLVERS), required=True)
    add_flags(flags, *SOLVERS.values(), skip={"solver"})


def read_head_flags(arguments: Namespace) -> HeadOptions:
    """The settings, and the task and features that the flags name.

    Raises:
        UserError: if a flag or a file is wrong.
    """
    if arguments.fits and not arguments.code:
        raise UserError("--fits needs --code, so that fits of other code are not used")
    settings = from_flags(SOLVERS[arguments.solver], arguments, others=SOLVERS.values())
    checkpoints = sorted(arguments.checkpoints)
    files = open_task(arguments.task, arguments.features_folder, checkpoints)
    kept = KeptFits(arguments.fits)
    memory_bytes = arguments.memory_mb << 20
    fits = HeadFits(files, settings, kept, memory_bytes, arguments.device, arguments.code)
    return HeadOptions(arguments.task.stem, checkpoints, files, settings, kept, fits)
