"""The checkpoints of a zoo: where each comes from, and what is known of it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import QUALITY_COLUMNS

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
