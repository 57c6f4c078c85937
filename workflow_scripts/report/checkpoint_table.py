"""Writes the table of a zoo's checkpoints: where each comes from, and what is known of it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.table_file import QUALITY_COLUMNS, read_table, write_table

# As many digits of a commit or digest as tell it from others.
_REVISION_DIGITS = 12


def checkpoint_table(cards: Sequence[Path]) -> pd.DataFrame:
    """One row per checkpoint: where it comes from, what it knows and how well.

    Raises:
        UserError: if a file is no card of a checkpoint.
    """
    rows = []
    for path in sorted(cards):
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
            rows.append(text_row(card) if "kind" in card else agent_row(card))
        except FileNotFoundError:
            raise UserError(f"{path}: there is no such card of a checkpoint") from None
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}: this is no card of a checkpoint; delete it and run again"
            ) from error
    # Whole numbers stay whole where some checkpoints have none.
    return pd.DataFrame(rows).convert_dtypes()


def with_quality(table: pd.DataFrame, quality: pd.DataFrame) -> pd.DataFrame:
    """The same with the scores of each checkpoint's features on the probe, as further columns."""
    return table.merge(quality[QUALITY_COLUMNS], on="checkpoint", how="left")


def agent_row(card: Mapping[str, Any]) -> dict[str, object]:
    """What the card of an image classifier says."""
    return {
        "checkpoint": card["checkpoint"],
        "network": card["network"],
        "classes": " ".join(card["labels"]),
        "train_images": card["train_images"],
        "dev_images": card["dev_images"],
        "epochs": len(card["dev_accuracy"]),
        "dev_accuracy": card["dev_accuracy"][-1],
    }


def text_row(card: Mapping[str, Any]) -> dict[str, object]:
    """What the card of a language model says."""
    return {
        "checkpoint": card["checkpoint"],
        "kind": card["kind"],
        "source": card["source"],
        "revision": card["revision"][:_REVISION_DIGITS],
        **card["details"],
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Read the cards, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--cards", type=Path, nargs="+", required=True, help="checkpoint.json files")
    flags.add_argument("--quality", type=Path, help="scores of their features, .csv")
    flags.add_argument("--output", type=Path, required=True, help="the table, .csv")
    arguments = flags.parse_args(argv)
    table = checkpoint_table(arguments.cards)
    if arguments.quality is not None:
        table = with_quality(table, read_table(arguments.quality, QUALITY_COLUMNS))
    write_table(table, arguments.output)


if __name__ == "__main__":
    run(main)
