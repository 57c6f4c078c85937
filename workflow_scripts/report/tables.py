"""Writes the tables of a zoo's checkpoints and of the picks of every method."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import SELECTION_COLUMNS, read_table, write_table


def checkpoint_table(cards: Sequence[Path]) -> pd.DataFrame:
    """One row per trained agent: what it knows and how well."""
    rows = []
    for path in sorted(cards):
        card = json.loads(path.read_text(encoding="utf-8"))
        rows.append(
            {
                "checkpoint": card["checkpoint"],
                "network": card["network"],
                "classes": " ".join(card["labels"]),
                "train_images": card["train_images"],
                "dev_images": card["dev_images"],
                "epochs": len(card["dev_accuracy"]),
                "dev_accuracy": card["dev_accuracy"][-1],
            }
        )
    return pd.DataFrame(rows)


def pick_table(selections: pd.DataFrame, random: str | None) -> pd.DataFrame:
    """One row per method, draw and size, with the picks in order; random sets are left out."""
    chosen = selections[selections["method"] != random].sort_values(["method", "k", "draw", "rank"])
    groups = chosen.groupby(["method", "k", "draw"], sort=False)
    table = groups["checkpoint"].agg(" ".join).rename("picks").to_frame()
    table["objective"] = groups["objective"].last()
    return table.reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Read what the tables are made from, write them."""
    flags = parser(__doc__)
    flags.add_argument("--cards", type=Path, nargs="+", required=True, help="checkpoint.json files")
    flags.add_argument("--selections", type=Path, nargs="+", required=True, help=".csv")
    flags.add_argument("--random", help="a method whose sets are left out")
    flags.add_argument("--checkpoint-table", type=Path, required=True, help="output, .csv")
    flags.add_argument("--pick-table", type=Path, required=True, help="output, .csv")
    arguments = flags.parse_args(argv)
    selections = pd.concat([read_table(path, SELECTION_COLUMNS) for path in arguments.selections])
    write_table(checkpoint_table(arguments.cards), arguments.checkpoint_table)
    write_table(pick_table(selections, arguments.random), arguments.pick_table)


if __name__ == "__main__":
    run(main)
