"""What is known of every checkpoint beside κ: scores of its features, and its size."""

import json
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import QUALITY_COLUMNS, read_table

Quality = dict[str, dict[str, float]]


def read_quality(path: Path, names: Sequence[str]) -> Quality:
    """Each score of every checkpoint, by the score's name and the checkpoint's.

    Args:
        path: the table that workflow_scripts.covariance.score_quality writes.

    Raises:
        UserError: if it is no such table, or lacks a checkpoint.
    """
    table = read_table(path, QUALITY_COLUMNS)
    known = table["checkpoint"].astype(str).tolist()
    for name in names:
        if name not in known:
            raise UserError(f"{path}: the table has no row for {name}; score the quality again")
    return {
        score: dict(zip(known, map(float, table[score]), strict=True))
        for score in QUALITY_COLUMNS
        if score != "checkpoint"
    }


def read_parameters(cards: Sequence[Path], names: Sequence[str]) -> dict[str, float]:
    """The number of weights of every checkpoint.

    Args:
        cards: their checkpoint.json files.

    Raises:
        UserError: if a file is no card, or a checkpoint has none that says its number.
    """
    found: dict[str, float] = {}
    for path in cards:
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
            parameters = card.get("details", {}).get("parameters")
            if parameters is not None:
                found[card["checkpoint"]] = float(parameters)
        except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}: this is no card of a checkpoint; delete it and run again"
            ) from error
    for name in names:
        if name not in found:
            raise UserError(
                f"{name}: its card says no number of parameters; leave out cost, and give costs"
            )
    return found
