"""Trains and scores, on one task, the heads of every selection of one size.

A set of checkpoints that several methods chose is trained once. With ``--singles`` the selections
are the checkpoints one by one, which is what the method peek looks at.
"""

import csv
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.feature_file import Features, check_same_corpus, open_features
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.common.task_file import SPLITS, Task, read_task
from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.metrics import metric_for
from workflow_scripts.evaluation.settings import (
    SOLVERS,
    AdamSettings,
    LbfgsSettings,
    SgdSettings,
)
from workflow_scripts.evaluation.training import train_head

log = logging.getLogger(__name__)

Subset = tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """A selection whose score is wanted."""

    method: str
    draw: int
    subset: Subset


@dataclass(frozen=True)
class Score:
    """A row of the scores: a selection, how its head did, and what decided that.

    Attributes:
        checkpoints: the selection, sorted and joined with ``+``.
        epochs: passes over the training examples (iterations of L-BFGS) of the head that dev chose.
        seed: of the order of the batches.
        fit: a hash of everything that decides the score.
    """

    zoo: str
    task: str
    metric: str
    method: str
    draw: int
    k: int
    checkpoints: str
    dev_score: float
    test_score: float
    epochs: int
    seed: int
    fit: str


def read_requests(paths: Sequence[Path], size: int) -> list[Request]:
    """The selections of one size in selection tables, each with its checkpoints sorted.

    Raises:
        UserError: if a file is missing or something else.
    """
    sets: dict[tuple[str, int], list[str]] = {}
    for path in paths:
        try:
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    if int(row["k"]) == size:
                        key = (row["method"], int(row["draw"]))
                        sets.setdefault(key, []).append(row["checkpoint"])
        except (OSError, KeyError, ValueError) as error:
            raise UserError(f"{path}: this is no selection table; select again") from error
    return [
        Request(method, draw, tuple(sorted(picks)))
        for (method, draw), picks in sorted(sets.items())
    ]


def write_scores(path: Path, scores: Sequence[Score]) -> None:
    """Write one row per score, a column per attribute."""
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, [field.name for field in fields(Score)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(score) for score in scores)


def load_task_features(
    folder: Path, checkpoints: Sequence[str], needed: Sequence[str], task: Task
) -> tuple[dict[str, NDArray[np.float32]], dict[str, str], NDArray[np.bool_]]:
    """The features of checkpoints on the units of a task.

    Args:
        checkpoints: all of the zoo. A unit counts only if each of them has it, so that all heads,
            at every size, are trained and tested on the same units.
        needed: the checkpoints whose features are wanted.

    Raises:
        UserError: if the features are of another corpus than the task.

    Returns:
        For each needed checkpoint its features [units that count, d] and its digest; and which
        units of the task count.
    """
    files: dict[str, Features] = {
        name: open_features(folder / f"{name}.safetensors") for name in checkpoints
    }
    check_same_corpus(checkpoints, list(files.values()))
    corpus = files[checkpoints[0]].metadata.get("corpus")
    if corpus != task.corpus:
        raise UserError(f"{folder} holds features of {corpus}, the task is on {task.corpus}")
    if task.unit.max() >= len(files[checkpoints[0]].present):
        raise UserError(f"{folder}: the task has units beyond these features; extract them again")
    counts = np.logical_and.reduce([one.present[task.unit] for one in files.values()])
    units = task.unit[counts]
    features = {name: files[name].features[units].astype(np.float32) for name in needed}
    return features, {name: files[name].digest for name in needed}, counts


def number_targets(task: Task, counts: NDArray[np.bool_]) -> tuple[Task, int]:
    """The same task with the classes that train saw numbered first, and how many they are.

    A head has an output for each of these only; units of other classes are always wrong. The
    targets of a regression need one output.
    """
    if task.kind == "regression":
        return task, 1
    seen = np.unique(task.target[counts & (task.split == "train")])
    order = [*seen, *np.setdiff1d(np.arange(len(task.labels)), seen)]
    number = np.argsort(order)
    labels = [task.labels[label] for label in order]
    return replace(task, labels=labels, target=number[task.target]), len(seen)


def split_examples(
    features: NDArray[np.float32], task: Task, counts: NDArray[np.bool_]
) -> dict[str, Examples]:
    """Train, dev and test examples."""
    split, target, sequence = (array[counts] for array in (task.split, task.target, task.sequence))
    return {
        name: Examples(features[split == name], target[split == name], sequence[split == name])
        for name in SPLITS
    }


def check_splits(task: Task, counts: NDArray[np.bool_]) -> None:
    """Refuse a task that no head can be trained, chosen or tested on.

    Raises:
        ValueError: naming the split.
    """
    for name in SPLITS:
        if not (task.split[counts] == name).any():
            raise ValueError(f"there is no {name} unit that every checkpoint has features of")
    if len(np.unique(task.target[counts & (task.split == "train")])) < 2:
        what = "value" if task.kind == "regression" else "class"
        raise ValueError(f"its train split has one {what} only; there is nothing to learn")


def fit_hash(
    subset: Subset,
    digests: dict[str, str],
    task_digest: str,
    counts: NDArray[np.bool_],
    settings: object,
    seed: int,
) -> str:
    """A hash of everything that decides the score of a head.

    Which units count is part of it, because other checkpoints decide that too.
    """
    counted = hashlib.sha256(counts.tobytes()).hexdigest()
    parts = [[(name, digests[name]) for name in subset], task_digest, counted, settings, seed]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the task, the selections and features; train; write the scores."""
    flags = parser(__doc__)
    flags.add_argument("--zoo", required=True, help="its name, for the table")
    flags.add_argument("--task", type=Path, required=True, help="the task, .parquet")
    what = flags.add_mutually_exclusive_group(required=True)
    what.add_argument("--selections", type=Path, nargs="+", help="selection tables, .csv")
    what.add_argument("--singles", action="store_true", help="every checkpoint alone")
    flags.add_argument("--k", type=int, default=1, help="size of the selections")
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="all of the zoo")
    flags.add_argument("--seed", type=int, default=0, help="of the zoo")
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    flags.add_argument("--solver", choices=list(SOLVERS), required=True)
    add_flags(flags, *SOLVERS.values(), skip={"solver"})
    arguments = flags.parse_args(argv)
    settings = from_flags(SOLVERS[arguments.solver], arguments, others=SOLVERS.values())

    task = read_task(arguments.task)
    name = arguments.task.stem
    checkpoints = sorted(arguments.checkpoints)
    if arguments.singles:
        requests = [Request("single", i, (one,)) for i, one in enumerate(checkpoints)]
    else:
        requests = read_requests(arguments.selections, arguments.k)
    subsets = sorted({request.subset for request in requests})
    needed = sorted({one for subset in subsets for one in subset})
    foreign = sorted(set(needed) - set(checkpoints))
    if foreign or not needed:
        wrong = f"name {foreign[0]}, which is not in the zoo" if foreign else "hold no set"
        raise UserError(f"the selections of size {arguments.k} {wrong}; select again")
    features, digests, counts = load_task_features(
        arguments.features_folder, checkpoints, needed, task
    )
    seed = seeded_integer(arguments.seed, name)
    task_digest = file_digest(arguments.task)
    device = _device(settings, arguments.device)
    scores: dict[Subset, tuple[float, float, int]] = {}
    try:
        check_splits(task, counts)
        task, classes = number_targets(task, counts)
        metric = metric_for(task.metric, task.labels, task.positive)
        for subset in tqdm(subsets, unit="head", mininterval=5):
            joined = np.concatenate([features[one] for one in subset], axis=1)
            examples = split_examples(joined, task, counts)
            train, dev, test = (examples[split] for split in SPLITS)
            head = train_head(settings, train, dev, classes, metric, seed, device)
            scores[subset] = head.score(dev, metric), head.score(test, metric), head.epochs
    except ValueError as error:
        raise UserError(f"task {name}: {error}") from error
    rows = [
        Score(
            arguments.zoo,
            name,
            task.metric,
            request.method,
            request.draw,
            len(request.subset),
            "+".join(request.subset),
            *scores[request.subset],
            seed,
            fit_hash(request.subset, digests, task_digest, counts, settings.model_dump(), seed),
        )
        for request in requests
    ]
    write_scores(arguments.output, rows)
    log.info(
        "%s, k = %d: %d heads trained for %d selections",
        name,
        arguments.k,
        len(subsets),
        len(requests),
    )


def _device(settings: AdamSettings | SgdSettings | LbfgsSettings, name: str) -> str:
    """L-BFGS runs in numpy, so it need not import torch."""
    if isinstance(settings, LbfgsSettings):
        return "cpu"
    from workflow_scripts.common.device import choose_device

    return str(choose_device(name))


if __name__ == "__main__":
    run(main)
