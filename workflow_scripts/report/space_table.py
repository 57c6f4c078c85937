"""Writes where each checkpoint is in the task space."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.covariance_input import NamedMatrix, checked, read_matrix
from workflow_scripts.common.script import UserError, not_negative, parser, run
from workflow_scripts.common.table_file import SELECTION_COLUMNS, read_table, write_table
from workflow_scripts.report.checkpoint_table import checkpoint_table
from workflow_scripts.report.dendrogram import groups, leaf_order, ward_tree
from workflow_scripts.report.task_space import task_map

COLUMNS = ["checkpoint", "family", "x", "y", "leaf", "pick", "stress"]


def space_table(
    kappa: NamedMatrix, families: Sequence[str] | None, picks: Sequence[str]
) -> pd.DataFrame:
    """One row per checkpoint.

    Args:
        kappa: N checkpoints.
        families: of each; ``None``: the groups of the dendrogram take their place.
        picks: in their order.

    Returns:
        ``COLUMNS``: its family; its place on the map (:func:`task_map`) and, the same in every row,
        the map's stress; its place among the dendrogram's leaves, from 0; and the number of the
        pick that it is, missing for most.
    """
    tree = ward_tree(kappa.values)
    found = task_map(kappa.values)
    leaves = {int(one): place for place, one in enumerate(leaf_order(tree))}
    ranks = {name: rank for rank, name in enumerate(picks, 1)}
    named = families or [f"group {number}" for number in groups(tree)]
    return pd.DataFrame(
        {
            "checkpoint": kappa.names,
            "family": named,
            "x": found.places[:, 0].round(9),
            "y": found.places[:, 1].round(9),
            "leaf": [leaves[number] for number in range(len(kappa.names))],
            "pick": pd.array([ranks.get(name) for name in kappa.names], dtype="Int64"),
            "stress": round(found.stress, 9),
        }
    )


def families_of(cards: pd.DataFrame, names: Sequence[str]) -> list[str] | None:
    """The kind of model or network of each checkpoint, where there are at least two kinds.

    Args:
        cards: of :func:`checkpoint_table`.
        names: of the checkpoints.
    """
    column = next((one for one in ("model", "network") if one in cards), None)
    if column is None:
        return None
    kinds = cards.set_index("checkpoint")[column].fillna("unknown").astype(str).to_dict()
    found = [kinds.get(name, "unknown") for name in names]
    return found if len(set(found)) > 1 else None


def largest_set(selection: pd.DataFrame) -> list[str]:
    """The picks of the first draw of the largest size, in order."""
    first = selection[selection["draw"] == selection["draw"].min()]
    largest = first[first["k"] == first["k"].max()]
    return [str(name) for name in largest.sort_values("rank")["checkpoint"]]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the covariance, a selection and the cards; write the table."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument("--selection", type=Path, help="of the method whose picks are shown, .csv")
    flags.add_argument(
        "--cards", type=Path, nargs="+", default=[], help="checkpoint.json files, for the families"
    )
    flags.add_argument("--jitter", type=not_negative, default=0.0, help="as in the selection")
    flags.add_argument("--output", type=Path, required=True, help="places, .csv")
    arguments = flags.parse_args(argv)
    kappa = checked(read_matrix(arguments.covariance, None), arguments.jitter)
    picks = []
    if arguments.selection:
        picks = largest_set(read_table(arguments.selection, SELECTION_COLUMNS))
    unknown = [name for name in picks if name not in kappa.names]
    if unknown:
        raise UserError(
            f"{arguments.selection}: the covariance has no checkpoint {unknown[0]}; give both of "
            "the same zoo"
        )
    cards = checkpoint_table(arguments.cards) if arguments.cards else pd.DataFrame()
    table = space_table(kappa, families_of(cards, kappa.names), picks)
    write_table(table, arguments.output)


if __name__ == "__main__":
    run(main)
