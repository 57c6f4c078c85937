"""The fits of heads on one task: those that are kept from before, and those that are trained now.

A fit is found by a hash of everything that decides it, so that none can be stale.
"""

import csv
import hashlib
import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from workflow_scripts.common.disk_error import told
from workflow_scripts.common.script import UserError, positive_int
from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.evaluation.design_matrix import Subset
from workflow_scripts.evaluation.learning_problem import (
    LearningProblem,
    TaskFiles,
    make_problem,
    open_task,
)
from workflow_scripts.evaluation.settings import (
    SOLVERS,
    LbfgsSettings,
    PenaltySettings,
    Solver,
)
from workflow_scripts.evaluation.training import Fit, train_heads


@dataclass(frozen=True)
class Head:
    """A head that is wanted.

    Attributes:
        subset: the checkpoints that it reads, sorted.
        seed: of the order of the batches.
        project: dimensions that the features are projected to; 0: none are.
    """

    subset: Subset
    seed: int
    project: int = 0


def head_seeds(settings: Solver, seed: int, task: str) -> list[int]:
    """The seed of every head of a selection.

    Args:
        seed: of the zoo.
        task: its name.
    """
    count = 1 if isinstance(settings, PenaltySettings) else settings.seeds
    more = [seeded_integer(seed, task, number) for number in range(1, count)]
    return [seeded_integer(seed, task), *more]


class KeptFits:
    """Fits by their hashes, in a file that grows line by line.

    Lines are written as soon as the heads that are trained together are done, so that a job that is
    killed loses only the heads in flight.

    Args:
        path: where they are kept, made where it is missing; lines that make no sense, such as one
            that was cut short, are passed over. ``None``: they are kept nowhere.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[str, Fit] = {}
        if path is not None and path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            self._found = dict(_parsed(line.split(",") for line in lines))

    def know(self, scores: Path) -> None:
        """Take over the fits of a table of scores; none where it is something else."""
        with scores.open(newline="", encoding="utf-8", errors="replace") as file:
            columns = ("fit", "dev_score", "test_score", "epochs")
            rows = ([row.get(column) or "" for column in columns] for row in csv.DictReader(file))
            self._found |= dict(_parsed(rows))

    def __contains__(self, key: str) -> bool:
        """Whether the fit of a hash is there."""
        return key in self._found

    def __getitem__(self, key: str) -> Fit:
        """The fit of a hash."""
        return self._found[key]

    def add(self, fits: dict[str, Fit]) -> None:
        """Keep fits, on disk when this returns.

        Raises:
            UserError: if the disk is full or refuses the file otherwise.
        """
        self._found |= fits
        if self._path is None:
            return
        try:
            self._append(self._path, fits)
        except OSError as error:
            if (sentence := told(error, self._path)) is None:
                raise
            raise UserError(sentence) from error

    @staticmethod
    def _append(path: Path, fits: dict[str, Fit]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            text = "".join(
                f"{key},{fit.dev_score!r},{fit.test_score!r},{fit.epochs}\n"
                for key, fit in fits.items()
            )
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                # The last line was cut short; it must not spoil the next.
                text = text if file.read(1) == b"\n" else "\n" + text
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def _parsed(rows: Iterable[list[str]]) -> Iterable[tuple[str, Fit]]:
    for row in rows:
        try:
            key, dev, test, epochs = row
            yield key, Fit(float(dev), float(test), int(epochs))
        except ValueError:
            continue


class HeadFits:
    """The fits of heads on one task.

    Args:
        files: the task, with features.
        settings: of the heads.
        kept: where fits are found and kept.
        memory_bytes: for features and heads.
        device: name of that for the solvers by mini-batches, or auto.
        code: a digest of the code that trains heads and scores them.
    """

    def __init__(
        self,
        files: TaskFiles,
        settings: Solver,
        kept: KeptFits,
        memory_bytes: int,
        device: str,
        code: str,
    ) -> None:
        self._files = files
        self._settings = settings
        self._kept = kept
        self._memory_bytes = memory_bytes // 2
        self._device = device
        self._code = code
        self._problem: LearningProblem | None = None
        self._names: set[str] = set()

    def key(self, head: Head) -> str:
        """A hash of everything that decides the score of a head, and nothing else.

        Raises:
            UserError: if the features of a checkpoint were changed in place.
        """
        digests = [(name, self._files.features[name].digest) for name in head.subset]
        # Which other heads are wanted decides nothing.
        settings = self._settings.model_dump(exclude={"seeds", "project", "screen"})
        parts = [digests, self._files.decided, settings, head.seed, head.project, self._code]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def of(self, heads: Sequence[Head]) -> tuple[dict[Head, Fit], int]:
        """The fits of heads, and how many had to be trained.

        Those of one seed and width are trained together, and kept as soon as they are done.

        Raises:
            ValueError: if the task cannot be learned, or training diverged.
        """
        keys = {head: self.key(head) for head in heads}
        missing = [head for head in keys if keys[head] not in self._kept]
        if missing:
            self._train(missing, keys)
        return {head: self._kept[key] for head, key in keys.items()}, len(missing)

    def _train(self, heads: Sequence[Head], keys: dict[Head, str]) -> None:
        problem = self._problem_of({name for head in heads for name in head.subset})
        device = _device(self._settings, self._device)
        with tqdm(total=len(heads), unit="head", mininterval=5) as progress:
            for seed, width in dict.fromkeys((head.seed, head.project) for head in heads):
                trained = train_heads(
                    self._settings,
                    problem,
                    [head.subset for head in heads if (head.seed, head.project) == (seed, width)],
                    seed,
                    self._memory_bytes,
                    device,
                    width,
                )
                for group in trained:
                    self._kept.add(
                        {keys[Head(one, seed, width)]: fit for one, fit in group.items()}
                    )
                    progress.update(len(group))

    def _problem_of(self, names: set[str]) -> LearningProblem:
        """The task with the features of some checkpoints, and perhaps of others.

        It is kept, so that forward selection reads features and computes their products once.
        """
        if self._problem is None or not names <= self._names:
            features = {name: self._files.features[name].features for name in sorted(names)}
            self._problem = make_problem(
                self._files.task, features, self._settings, self._memory_bytes
            )
            self._names = names
        return self._problem


def _device(settings: Solver, name: str) -> str:
    """Heads with a penalty are solved in numpy, which need not import torch."""
    if isinstance(settings, PenaltySettings):
        return "cpu"
    from workflow_scripts.common.device import choose_device

    return str(choose_device(name))


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
    settings: Solver
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


def read_head_flags(arguments: Namespace, ranking: bool = False) -> HeadOptions:
    """The settings, and the task and features that the flags name.

    Args:
        ranking: whether heads only rank checkpoints by dev.

    Raises:
        UserError: if a flag or a file is wrong.
    """
    if arguments.fits and not arguments.code:
        raise UserError("--fits needs --code, so that fits of other code are not used")
    settings = from_flags(SOLVERS[arguments.solver], arguments, others=SOLVERS.values())
    if ranking and isinstance(settings, LbfgsSettings):
        settings = settings.screening
    checkpoints = sorted(arguments.checkpoints)
    files = open_task(arguments.task, arguments.features_folder, checkpoints)
    kept = KeptFits(arguments.fits)
    memory_bytes = arguments.memory_mb << 20
    fits = HeadFits(files, settings, kept, memory_bytes, arguments.device, arguments.code)
    return HeadOptions(arguments.task.stem, checkpoints, files, settings, kept, fits)
