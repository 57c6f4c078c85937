"""Selects checkpoints by one method.

By hand, the five representatives of a covariance:

    python -m workflow_scripts.selection.select --covariance kappa.npy --names names.txt \\
        --method mmi --k 5 --output picks.csv
"""

import argparse
import logging
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from workflow_scripts.common.covariance_input import checked, read_matrix, read_names
from workflow_scripts.common.facts import found
from workflow_scripts.common.low_rank_file import is_low_rank, read_low_rank
from workflow_scripts.common.replicates_file import read_replicates
from workflow_scripts.common.script import UserError, not_negative, parser, run
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.common.table_file import (
    FORWARD_COLUMNS,
    SELECTION_COLUMNS,
    TRANSFERABILITY_COLUMNS,
    read_table,
    write_table,
)
from workflow_scripts.selection.methods import select
from workflow_scripts.selection.pool import (
    Pool,
    ReplicatedKappa,
    Selection,
    read_parameters,
    read_quality,
)
from workflow_scripts.selection.probe_features import read_probe_features
from workflow_scripts.selection.settings import METHODS, MethodSettings

log = logging.getLogger(__name__)


def selection_table(label: str, selections: Sequence[Selection]) -> pd.DataFrame:
    """One row per picked checkpoint, with the columns ``method, draw, task, k, rank, checkpoint,
    objective, bound, gap``.

    The objective of a row is that of the picks up to its rank. Bound and gap stand in the last row
    of a set: no set of its size has an objective above the bound, so the picks are at most the gap,
    bound − objective, below the best; both are empty where nothing is proven.
    """
    rows = []
    for one in selections:
        size = len(one.picks)
        objectives = one.objective or [math.nan] * size
        for rank, (name, objective) in enumerate(zip(one.picks, objectives, strict=True), start=1):
            bound = one.bound if rank == size and one.bound is not None else math.nan
            row = (label, one.draw, one.task, size, rank, name, objective, bound, bound - objective)
            rows.append(row)
    return pd.DataFrame(rows, columns=SELECTION_COLUMNS)


def read_pool(settings: MethodSettings, arguments: argparse.Namespace) -> Pool:
    """What the method picks from, as the flags say.

    Raises:
        UserError: if a flag that the method needs is missing.
    """
    pool = _read_main(settings, arguments)
    if "quality" in settings.reads_beside:
        path = _needed(arguments.quality_file, "--quality-file", arguments.method)
        pool = replace(pool, quality=read_quality(path, pool.names))
    if "cards" in settings.reads_beside:
        if not arguments.cards:
            raise UserError(f"method {arguments.method} with --cost needs --cards")
        pool = replace(pool, parameters=read_parameters(arguments.cards, pool.names))
    if "replicates" in settings.reads_beside:
        pool = replace(pool, replicates=read_replicates_of(pool, arguments))
    return pool


def read_replicates_of(pool: Pool, arguments: argparse.Namespace) -> ReplicatedKappa:
    """Replicates of the covariance that the method picks from, as the flags say.

    Raises:
        UserError: if they are missing, or of another covariance.
    """
    path = _needed(arguments.replicates, "--replicates", arguments.method)
    replicates = read_replicates(path)
    if pool.covariance is None or pool.names != replicates.names:
        raise UserError(
            f"{path}: these are not of the covariance that --method {arguments.method} picks from"
        )
    return ReplicatedKappa.of(replicates.values, arguments.jitter)


def _read_main(settings: MethodSettings, arguments: argparse.Namespace) -> Pool:
    if settings.reads == "covariance":
        path = _needed(arguments.covariance, "--covariance", arguments.method)
        if path.suffix == ".npz" and is_low_rank(path):
            low_rank = read_low_rank(path).with_jitter(arguments.jitter)
            return Pool(low_rank.names, low_rank=low_rank)
        matrix = checked(read_matrix(path, arguments.names), arguments.jitter)
        return Pool(matrix.names, covariance=matrix)
    if settings.reads == "singles":
        path = _needed(arguments.singles, "--singles", arguments.method)
        alone = read_table(path, ["checkpoints", "dev_score"])
        if "project" in alone:
            alone = alone[alone["project"] == 0]
        # Over seeds, where there are several.
        means = alone.groupby("checkpoints")["dev_score"].mean()
        singles = {str(name): float(score) for name, score in means.items()}
        return Pool(sorted(singles), singles=singles)
    if settings.reads == "forward_selection":
        path = _needed(arguments.forward_selection, "--forward-selection", arguments.method)
        picks = read_table(path, FORWARD_COLUMNS).sort_values("rank")
        forward = dict(zip(picks["checkpoint"], picks["dev_score"], strict=True))
        return Pool(sorted(forward), forward=forward)
    if settings.reads == "transferability":
        path = _needed(arguments.transferability, "--transferability", arguments.method)
        fits = read_table(path, TRANSFERABILITY_COLUMNS)
        names = fits["checkpoint"].astype(str).tolist()
        scores = {
            score: dict(zip(names, map(float, fits[score]), strict=True))
            for score in TRANSFERABILITY_COLUMNS[1:]
        }
        return Pool(sorted(names), transferability=scores)
    if arguments.checkpoints:
        names = sorted(arguments.checkpoints)
    else:
        path = _needed(arguments.names, "--names or --checkpoints", arguments.method)
        names = sorted(read_names(path))
    if settings.reads == "features":
        corpus = _needed(arguments.probe, "--probe", arguments.method)
        if arguments.features_folder is None:
            raise UserError(f"method {arguments.method} needs --features-folder")
        features = read_probe_features(arguments.features_folder, names, corpus)
        return Pool(names, features=features)
    return Pool(names)


def _needed(path: Path | None, flag: str, method: str) -> Path:
    if path is None:
        raise UserError(f"method {method} needs {flag}")
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    return path


def add_selection_flags(flags: argparse.ArgumentParser, output: str) -> None:
    """Add what decides a selection, and where to write.

    Args:
        output: what is written, for the help.
    """
    flags.add_argument("--covariance", type=Path, help="κ: .npz, .npy with --names, or .csv")
    flags.add_argument("--names", type=Path, help="names of the rows of a .npy, one a line")
    flags.add_argument("--checkpoints", nargs="+", help="names, for methods that read no κ")
    flags.add_argument("--singles", type=Path, help="scores of every checkpoint alone, for peek")
    flags.add_argument("--forward-selection", type=Path, help="on a task, for greedy_dev, .csv")
    flags.add_argument("--transferability", type=Path, help="for logme and h_score, .csv")
    flags.add_argument(
        "--features-folder", type=Path, help="holds CHECKPOINT.safetensors, for expected_risk"
    )
    flags.add_argument("--probe", type=Path, help="units of the probe and their groups, .parquet")
    flags.add_argument("--quality-file", type=Path, help="scores of features, for quality_entropy")
    flags.add_argument("--replicates", type=Path, help="of the covariance, .npz, for --stop noise")
    flags.add_argument("--cards", type=Path, nargs="+", help="checkpoint.json files, for --cost")
    flags.add_argument("--k", type=int, nargs="+", required=True, help="sizes of the sets")
    flags.add_argument("--label", help="of the method in the table [default: its name]")
    flags.add_argument(
        "--jitter", type=not_negative, default=0.0, help="added to κ's diagonal [default: 0]"
    )
    flags.add_argument("--output", required=True, help=output)
    flags.add_argument("--method", choices=list(METHODS), required=True)
    add_flags(flags, *METHODS.values(), skip={"method"})


def read_selection_flags(arguments: argparse.Namespace) -> tuple[MethodSettings, Pool]:
    """The settings of a method, and what it picks from.

    Raises:
        UserError: if a size or the method's flags make no sense.
    """
    if min(arguments.k) < 1:
        raise UserError(f"--k {min(arguments.k)}: a set has at least one checkpoint")
    models = METHODS.values()
    settings = from_flags(METHODS[arguments.method], arguments, others=models)
    return settings, read_pool(settings, arguments)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and what the method picks from, select, write the picks."""
    flags = parser(__doc__)
    add_selection_flags(flags, "the picks, .csv; - for the screen")
    arguments = flags.parse_args(argv)
    settings, pool = read_selection_flags(arguments)
    selections = select(settings, arguments.k, pool)
    table = selection_table(arguments.label or arguments.method, selections)
    if arguments.output == "-":
        table.to_csv(sys.stdout, index=False)
        return
    write_table(table, Path(arguments.output))
    largest = max(selections, key=lambda one: len(one.picks))
    size = len(largest.picks)
    stopped = f"stops at k = {size}: " if settings.may_stop and size < max(arguments.k) else ""
    found(stopped + " + ".join(largest.picks))
    for one in selections:
        if one.objective is not None and one.bound is not None:
            say = found if one is largest else log.info
            say(
                f"k = {len(one.picks)}: objective {one.objective[-1]:.4f} nats, at most "
                f"{one.bound:.4f} possible (gap {one.bound - one.objective[-1]:.2g})"
            )


if __name__ == "__main__":
    run(main)
