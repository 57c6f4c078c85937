"""Writes the tables of a zoo that are named, from what the stages before have left."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.covariance_input import NamedMatrix, checked, read_matrix
from workflow_scripts.common.script import UserError, not_negative, parser, run
from workflow_scripts.common.table_file import (
    QUALITY_COLUMNS,
    SELECTION_COLUMNS,
    STABILITY_COLUMNS,
    read_table,
    write_table,
)
from workflow_scripts.report.statistics import (
    ALL,
    name_singles,
    read_projected_scores,
    read_scores,
    whole_zoo_apart,
)
from workflow_scripts.report.tables.checkpoints import (
    architectures,
    checkpoint_table,
    families_of,
    with_quality,
)
from workflow_scripts.report.tables.picks import (
    information_table,
    largest_set,
    pick_table,
    representatives,
    stability_table,
)
from workflow_scripts.report.tables.scores import (
    correlations,
    mean_sets,
    score_table,
    task_table,
    with_information,
    with_projected,
)
from workflow_scripts.report.tables.task_space import space_table

Tables = dict[str, pd.DataFrame]


def tables_of_picks(arguments: argparse.Namespace, kappa: NamedMatrix) -> Tables:
    """Task space, picks, what they tell of the rest, and what is known of the checkpoints."""
    selections = read_selections(arguments.selections, kappa.names)
    of_headline = selections[selections["method"] == arguments.recommend]
    picks = largest_set(of_headline) if arguments.recommend else []
    cards = checkpoint_table(arguments.cards) if arguments.cards else pd.DataFrame()
    families = families_of(architectures(arguments.cards), kappa.names)
    # All checkpoints leave no rest.
    some = selections[selections["method"] != ALL]
    tables = {
        "picks": pick_table(selections, arguments.random),
        "information": information_table(kappa, some),
        "space": space_table(kappa, families, picks),
    }
    if picks:
        tables["representatives"] = representatives(kappa, picks)
    if arguments.quality is not None:
        cards = with_quality(cards, read_table(arguments.quality, QUALITY_COLUMNS))
    if arguments.cards:
        tables["checkpoints"] = cards
    return tables


def read_selections(paths: Sequence[Path], checkpoints: Sequence[str]) -> pd.DataFrame:
    """The selections of several methods.

    Args:
        checkpoints: of the covariance.

    Raises:
        UserError: if a file is missing, is something else, or picks another checkpoint.
    """
    tables = []
    for path in paths:
        table = read_table(path, SELECTION_COLUMNS)
        if unknown := sorted(set(table["checkpoint"]) - set(checkpoints)):
            raise UserError(f"{path}: the covariance has no checkpoint {unknown[0]}; select again")
        tables.append(table)
    return pd.concat(tables)


def tables_of_scores(arguments: argparse.Namespace, kappa: NamedMatrix) -> Tables:
    """The scores, and how they go with mutual information where there are random sets."""
    random, singles = arguments.random, arguments.singles
    plain = read_scores(arguments.scores)
    scores, projected = (
        name_singles(one, singles) for one in (plain, read_projected_scores(arguments.scores))
    )
    tables = {
        "scores": with_projected(score_table(scores, random), projected, random),
        "tasks": task_table(scores, random),
    }
    if random is not None:
        informed = with_information(whole_zoo_apart(plain)[0], kappa)
        tables["objective"] = correlations(informed[informed["method"] == random])
        tables["sets"] = mean_sets(name_singles(informed, singles))
    return tables


def main(argv: Sequence[str] | None = None) -> None:
    """Read what there is of a zoo, write its tables."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument("--jitter", type=not_negative, default=0.0, help="as in the selection")
    flags.add_argument(
        "--selections", type=Path, nargs="+", required=True, help="of every method, .csv"
    )
    flags.add_argument("--recommend", metavar="METHOD", help="whose picks are the recommended ones")
    flags.add_argument("--random", metavar="METHOD", help="of random sets to compare with")
    flags.add_argument(
        "--singles", nargs="+", default=[], help="methods whose draws are checkpoints alone"
    )
    flags.add_argument("--cards", type=Path, nargs="*", default=[], help="checkpoint.json files")
    flags.add_argument("--quality", type=Path, nargs="?", help="of the checkpoints' features, .csv")
    flags.add_argument(
        "--stability", type=Path, nargs="*", default=[], help="of every method's picks, .csv"
    )
    flags.add_argument("--scores", type=Path, nargs="?", help="of all tasks and sizes, .csv")
    flags.add_argument(
        "--tables", type=Path, nargs="+", required=True, help="what to write, such as picks.csv"
    )
    arguments = flags.parse_args(argv)
    kappa = checked(read_matrix(arguments.covariance, None), arguments.jitter)
    tables = tables_of_picks(arguments, kappa)
    if arguments.stability:
        shares = pd.concat([read_table(path, STABILITY_COLUMNS) for path in arguments.stability])
        tables["stability"] = stability_table(shares)
    if arguments.scores is not None:
        tables |= tables_of_scores(arguments, kappa)
    for path in arguments.tables:
        if path.stem not in tables:
            known = ", ".join(sorted(tables))
            raise UserError(f"{path}: of what is given there are these tables: {known}")
    for path in arguments.tables:
        write_table(tables[path.stem], path)


if __name__ == "__main__":
    run(main)
