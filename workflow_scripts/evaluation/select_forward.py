"""Forward selection on one task: picks, one after another, the checkpoint that helps dev most.

Every candidate is added in turn to the picks so far, and the head on all of them is trained. It
looks at the labels of the task, and trains many heads: an upper reference for the other methods
there.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.common.table_file import FORWARD_COLUMNS, write_table
from workflow_scripts.evaluation.design_matrix import Subset
from workflow_scripts.evaluation.head_fits import Head, add_head_flags, head_seeds, read_head_flags


def forward_selection(
    names: Sequence[str], picks: int, dev_scores: Callable[[list[Subset]], list[float]]
) -> list[tuple[str, float]]:
    """Picks in order, each with the dev score of all picks so far; ties by name.

    Args:
        names: of the candidates.
        picks: how many to make.
        dev_scores: of the heads on some subsets, each sorted.
    """
    chosen: list[tuple[str, float]] = []
    left = sorted(names)
    for _ in range(picks):
        before = [name for name, _ in chosen]
        scores = dev_scores([tuple(sorted([*before, name])) for name in left])
        best = int(np.argmax(scores))
        chosen.append((left.pop(best), scores[best]))
        found(f"{len(chosen)}: {chosen[-1][0]}, dev score {chosen[-1][1]:.4f}")
    return chosen


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the task and features, select, write the picks."""
    flags = parser(__doc__)
    flags.add_argument("--picks", type=positive_int, required=True, help="how many")
    flags.add_argument("--output", type=Path, required=True, help="the picks in order, .csv")
    add_head_flags(flags)
    arguments = flags.parse_args(argv)
    options = read_head_flags(arguments, ranking=True)
    if arguments.picks > len(options.checkpoints):
        raise UserError(
            f"--picks {arguments.picks}: there are {len(options.checkpoints)} checkpoints"
        )
    seeds = head_seeds(options.settings, arguments.seed, options.task)

    def dev_scores(subsets: list[Subset]) -> list[float]:
        fits, _ = options.fits.of([Head(subset, seed) for seed in seeds for subset in subsets])
        return [
            float(np.mean([fits[Head(subset, seed)].dev_score for seed in seeds]))
            for subset in subsets
        ]

    try:
        chosen = forward_selection(options.checkpoints, arguments.picks, dev_scores)
    except ValueError as error:
        raise UserError(f"task {options.task}: {error}") from error
    rows = [(rank, name, score) for rank, (name, score) in enumerate(chosen, 1)]
    write_table(pd.DataFrame(rows, columns=FORWARD_COLUMNS), arguments.output)


if __name__ == "__main__":
    run(main)
