"""The checkpoints of a zoo: where each comes from, and what is known of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.table_file import QUALITY_COLUMNS


def checkpoint_table(cards: Sequence[Path]) -> pd.DataFrame:
    """One row per checkpoint: what its card has for a table.

    Raises:
        UserError: if a file is no card of a checkpoint.
    """
    read = [read_card(path) for path in sorted(cards)]
    rows = [{"checkpoint": card.checkpoint, **card.details} for card in read]
    # Whole numbers stay whole where some checkpoints have none.
    return pd.DataFrame(rows).convert_dtypes()


def architectures(cards: Sequence[Path]) -> dict[str, str]:
    """The kind of network of each checkpoint.

    Raises:
        UserError: if a file is no card of a checkpoint.
    """
    return {card.checkpoint: card.architecture for card in map(read_card, cards)}


def with_quality(table: pd.DataFrame, quality: pd.DataFrame) -> pd.DataFrame:
    """The same with the scores of each checkpoint's features on the probe, as further columns."""
    return table.merge(quality[QUALITY_COLUMNS], on="checkpoint", how="left")


def families_of(kinds: Mapping[str, str], names: Sequence[str]) -> list[str] | None:
    """The kind of network of each checkpoint, where there are at least two kinds.

    Args:
        kinds: as :func:`architectures` has them.
        names: of the checkpoints.
    """
    found = [kinds.get(name, "unknown") for name in names]
    return found if len(set(found)) > 1 else None
