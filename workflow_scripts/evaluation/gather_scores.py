"""Puts the scores of all tasks and sizes into one table."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import read_table, write_table

KEYS = ["task", "k", "method", "draw", "project", "seed"]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the tables, write one, sorted."""
    flags = parser(__doc__)
    flags.add_argument("--folder", type=Path, required=True, help="holds TASK/kK.csv")
    flags.add_argument("--tasks", nargs="+", required=True, help="their names")
    flags.add_argument("--k", type=int, nargs="+", required=True, help="sizes of the selections")
    flags.add_argument("--output", type=Path, required=True, help="the table, .csv")
    arguments = flags.parse_args(argv)
    paths = [arguments.folder / task / f"k{k}.csv" for task in arguments.tasks for k in arguments.k]
    table = pd.concat([read_table(path, KEYS) for path in paths], ignore_index=True)
    table = table.sort_values(KEYS)
    write_table(table, arguments.output)
    found(f"{len(table):,} scores on {table['task'].nunique()} tasks")


if __name__ == "__main__":
    run(main)
