"""Trains and scores, on one task, the heads of every selection of one size.

A set of checkpoints that several methods chose is trained once, and a head whose fit is known is
not trained again. With ``--singles`` the selections are the checkpoints one by one, which is what
the method peek looks at.
"""

import csv
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tqdm import tqdm

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run
from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.common.source_files import source_files
from workflow_scripts.evaluation.head_inputs import Subset
from workflow_scripts.evaluation.kept_fits import KeptFits
from workflow_scripts.evaluation.settings import (
    SOLVERS,
    AdamSettings,
    LbfgsSettings,
    SgdSettings,
)
from workflow_scripts.evaluation.task_problem import TaskFiles, make_problem, open_task
from workflow_scripts.evaluation.training import train_heads

log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]


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
        project: dimensions that the features were projected to; 0: none were.
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
    project: int
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


@dataclass(frozen=True)
class Head:
    """A head that is wanted.

    Attributes:
        subset: the checkpoints that it reads.
        seed: of the order of the batches.
        project: dimensions that the features are projected to; 0: none are.
    """

    subset: Subset
    seed: int
    project: int


def wanted_heads(
    settings: AdamSettings | SgdSettings | LbfgsSettings,
    subsets: Sequence[Subset],
    seed: int,
    task: str,
) -> list[Head]:
    """The heads of every subset, as many as there are seeds, as they are and projected.

    Args:
        seed: of the zoo.
        task: its name.
    """
    count = 1 if isinstance(settings, LbfgsSettings) else settings.seeds
    seeds = [seeded_integer(seed, task)]
    seeds += [seeded_integer(seed, task, number) for number in range(1, count)]
    return [
        Head(subset, one, width)
        for one in seeds
        for width in sorted({0, settings.project})
        for subset in subsets
    ]


def fit_hash(
    head: Head,
    files: TaskFiles,
    settings: AdamSettings | SgdSettings | LbfgsSettings,
    code: str,
) -> str:
    """A hash of everything that decides the score of a head.

    Args:
        code: a hash of the code that trains and scores heads.
    """
    digests = [(name, files.digests[name]) for name in head.subset]
    # Which other heads are wanted decides nothing.
    own = settings.model_dump(exclude={"seeds", "project"})
    parts = [digests, files.decided, own, head.seed, head.project, code]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def code_digest() -> str:
    """A hash of the code that trains and scores heads."""
    code = hashlib.sha256()
    for path in source_files("workflow_scripts/evaluation/task_problem.py", _ROOT):
        code.update(f"{path}\0".encode() + (_ROOT / path).read_bytes())
    return code.hexdigest()


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
    flags.add_argument(
        "--memory-mb",
        type=positive_int,
        default=1000,
        help="for features and heads [default: 1000]",
    )
    flags.add_argument(
        "--fits", type=Path, help="keeps fits, so that they are not made again; it may be missing"
    )
    flags.add_argument("--known", type=existing_file, help="scores whose fits are taken over, .csv")
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    flags.add_argument("--solver", choices=list(SOLVERS), required=True)
    add_flags(flags, *SOLVERS.values(), skip={"solver"})
    arguments = flags.parse_args(argv)
    settings = from_flags(SOLVERS[arguments.solver], arguments, others=SOLVERS.values())

    name = arguments.task.stem
    checkpoints = sorted(arguments.checkpoints)
    files = open_task(arguments.task, arguments.features_folder, checkpoints)
    if arguments.singles:
        requests = [Request("single", i, (one,)) for i, one in enumerate(checkpoints)]
    else:
        requests = read_requests(arguments.selections, arguments.k)
    subsets = sorted({request.subset for request in requests})
    foreign = sorted({one for subset in subsets for one in subset} - set(checkpoints))
    if foreign or not subsets:
        wrong = f"name {foreign[0]}, which is not in the zoo" if foreign else "hold no set"
        raise UserError(f"the selections of size {arguments.k} {wrong}; select again")

    fits = KeptFits(arguments.fits)
    if arguments.known:
        fits.know(arguments.known)
    code = code_digest()
    keys = {
        head: fit_hash(head, files, settings, code)
        for head in wanted_heads(settings, subsets, arguments.seed, name)
    }
    missing = [head for head, key in keys.items() if key not in fits]
    if missing:
        device = _device(settings, arguments.device)
        try:
            _train(missing, keys, fits, files, settings, arguments.memory_mb << 19, device)
        except ValueError as error:
            raise UserError(f"task {name}: {error}") from error
    rows = [
        Score(
            arguments.zoo,
            name,
            files.task.metric,
            request.method,
            request.draw,
            len(request.subset),
            "+".join(request.subset),
            fits[key].dev_score,
            fits[key].test_score,
            fits[key].epochs,
            head.seed,
            head.project,
            key,
        )
        for request in requests
        for head, key in keys.items()
        if head.subset == request.subset
    ]
    write_scores(arguments.output, rows)
    log.info(
        "%s, k = %d: %d heads for %d selections, %d trained, %d kept",
        name,
        arguments.k,
        len(keys),
        len(requests),
        len(missing),
        len(keys) - len(missing),
    )


def _train(
    heads: Sequence[Head],
    keys: dict[Head, str],
    fits: KeptFits,
    files: TaskFiles,
    settings: AdamSettings | SgdSettings | LbfgsSettings,
    memory_bytes: int,
    device: str,
) -> None:
    """Train heads, those of one seed and width together, and keep what becomes of each."""
    needed = sorted({name for head in heads for name in head.subset})
    features = {name: files.features[name] for name in needed}
    problem = make_problem(files.task, features, settings, memory_bytes)
    with tqdm(total=len(heads), unit="head", mininterval=5) as progress:
        for seed, width in dict.fromkeys((head.seed, head.project) for head in heads):
            subsets = [head.subset for head in heads if (head.seed, head.project) == (seed, width)]
            trained = train_heads(settings, problem, subsets, seed, memory_bytes, device, width)
            for group in trained:
                fits.add({keys[Head(one, seed, width)]: fit for one, fit in group.items()})
                progress.update(len(group))


def _device(settings: AdamSettings | SgdSettings | LbfgsSettings, name: str) -> str:
    """L-BFGS runs in numpy, so it need not import torch."""
    if isinstance(settings, LbfgsSettings):
        return "cpu"
    from workflow_scripts.common.device import choose_device

    return str(choose_device(name))


if __name__ == "__main__":
    run(main)
