"""Tables in CSV files."""

from pathlib import Path

import pandas as pd

from workflow_scripts.common.atomic import atomic_path


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)
