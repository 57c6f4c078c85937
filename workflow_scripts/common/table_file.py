"""Tables in CSV files."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError

SELECTION_COLUMNS = ["method", "draw", "task", "k", "rank", "checkpoint"]
SELECTION_COLUMNS += ["objective", "bound", "gap"]
STABILITY_COLUMNS = ["method", "k", "checkpoint", "picked", "share", "set_share"]
FORWARD_COLUMNS = ["rank", "checkpoint", "dev_score"]
TRANSFERABILITY_COLUMNS = ["checkpoint", "logme", "h_score"]
QUALITY_COLUMNS = ["checkpoint", "rankme", "alpha_req", "stable_rank", "alpha"]

# What users name. These stay texts, also where they look like numbers, or are NA or None.
_NAMES = ["checkpoint", "checkpoints", "classes", "family", "kind", "method", "model", "network"]
_NAMES += ["pick_1", "pick_2", "pick_3", "picks", "revision", "rival", "source", "task", "zoo"]


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that has at least the given columns.

    Raises:
        UserError: if the file is missing or has other columns.
    """
    try:
        table = pd.read_csv(path, converters=dict.fromkeys(_NAMES, str))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such table") from None
    except PermissionError:
        raise
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: this is no table in CSV") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path}: the table has no column {', '.join(missing)}")
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)
