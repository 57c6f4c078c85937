"""Trains and scores, on one task, the heads of every selection of one size.

A set of checkpoints that several methods chose is trained once, and a head whose fit is known is
not trained again. With ``--singles`` the selections are the checkpoints one by one, which is what
the method peek looks at.
"""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.evaluation.design_matrix import Subset
from workflow_scripts.evaluation.head_fits import Head, add_head_flags, head_seeds, read_head_flags


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
        UserError: if a file is missing or something else, or a set has another size than it says.
    """
    sets: dict[tuple[str, int], list[str]] = {}
    for path in paths:
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = csv.DictReader(file)
                if not {"method", "draw", "k", "checkpoint"} <= {*(rows.fieldnames or [])}:
                    raise KeyError("a column")
                for row in rows:
                    if int(row["k"]) == size:
                        key = (row["method"], int(row["draw"]))
                        sets.setdefault(key, []).append(row["checkpoint"])
        except (OSError, KeyError, ValueError) as error:
            raise UserError(f"{path}: this is no selection table; select again") from error
    for (method, draw), picks in sets.items():
        if len(picks) != size or len(set(picks)) != size:
            raise UserError(
                f"the selections of size {size} hold a set of {len(set(picks))}, draw {draw} of "
                f"{method}; select again"
            )
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


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the task, the selections and features; train; write the scores."""
    flags = parser(__doc__)
    flags.add_argument("--zoo", required=True, help="its name, for the table")
    what = flags.add_mutually_exclusive_group(required=True)
    what.add_argument("--selections", type=Path, nargs="+", help="selection tables, .csv")
    what.add_argument("--singles", action="store_true", help="every checkpoint alone")
    flags.add_argument("--k", type=int, default=1, help="size of the selections")
    flags.add_argument("--known", type=existing_file, help="scores whose fits are taken over, .csv")
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    add_head_flags(flags)
    arguments = flags.parse_args(argv)
    options = read_head_flags(arguments, ranking=arguments.singles)

    if arguments.singles:
        names = options.checkpoints
        requests = [Request("single", draw, (name,)) for draw, name in enumerate(names)]
    else:
        requests = read_requests(arguments.selections, arguments.k)
    subsets = sorted({request.subset for request in requests})
    foreign = sorted({one for subset in subsets for one in subset} - set(options.checkpoints))
    if foreign or not subsets:
        wrong = f"name {foreign[0]}, which is not in the zoo" if foreign else "hold no set"
        raise UserError(f"the selections of size {arguments.k} {wrong}; select again")

    if arguments.known:
        if not arguments.code:
            raise UserError("--known needs --code, so that fits of other code are not used")
        options.kept.know(arguments.known)
    heads = [
        Head(subset, seed, width)
        for seed in head_seeds(options.settings, arguments.seed, options.task)
        for width in sorted({0, options.settings.project})
        for subset in subsets
    ]
    try:
        fits, trained = options.fits.of(heads)
    except ValueError as error:
        raise UserError(f"task {options.task}: {error}") from error
    rows = [
        Score(
            arguments.zoo,
            options.task,
            options.files.task.metric,
            request.method,
            request.draw,
            len(request.subset),
            "+".join(request.subset),
            fit.dev_score,
            fit.test_score,
            fit.epochs,
            head.seed,
            head.project,
            options.fits.key(head),
        )
        for request in requests
        for head, fit in fits.items()
        if head.subset == request.subset
    ]
    write_scores(arguments.output, rows)
    best = max(rows, key=lambda row: row.dev_score)
    found(
        f"{len(heads)} heads for {len(requests)} selections, {trained} trained, "
        f"{len(heads) - trained} kept; best on dev: {best.checkpoints}, test "
        f"{options.files.task.metric} {best.test_score:.3f}"
    )


if __name__ == "__main__":
    run(main)
