"""Writes the table of the picks of every method."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import SELECTION_COLUMNS, read_table, write_table


def pick_table(selections: pd.DataFrame, random: str | None) -> pd.DataFrame:
    """One row per method, draw and size, with the picks in order; random sets are left out.

    The gap is how much better than the picks a set can be at most: bound − objective.
    """
    chosen = selections[selections["method"] != random].sort_values(["method", "k", "draw", "rank"])
    groups = chosen.groupby(["method", "k", "draw"], sort=False)
    table = groups["checkpoint"].agg(" + ".join).rename("picks").to_frame()
    for column in ("objective", "bound", "gap"):
        table[column] = groups[column].last()
    return table.reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Read the selections, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--selections", type=Path, nargs="+", required=True, help=".csv")
    flags.add_argument("--random", help="a method whose sets are left out")
    flags.add_argument("--output", type=Path, required=True, help="the table, .csv")
    arguments = flags.parse_args(argv)
    selections = pd.concat([read_table(path, SELECTION_COLUMNS) for path in arguments.selections])
    write_table(pick_table(selections, arguments.random), arguments.output)


if __name__ == "__main__":
    run(main)
