"""Tables as the report shows them: heads in plain words, numbers rounded."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

_HEADS = {
    "k": "k",
    "project": "projected to",
    "mean_score": "mean test score",
    "standard_error": "standard error",
    "gain": "gain over random",
    "low": "95% from",
    "high": "95% to",
    "wins": "tasks won",
    "ties": "tied",
    "losses": "lost",
    "percentile": "random sets beaten",
    "percentile_low": "95% from",
    "percentile_high": "95% to",
    "sets": "sets",
    "correlation": "Spearman's ρ",
    "dev_accuracy": "dev accuracy",
    "train_images": "training images",
    "dev_images": "dev images",
    "heldout_loss": "held-out loss, nats",
    "unigram_entropy": "unigram entropy, nats",
    "set_share": "same set",
    "mean_share": "same checkpoint",
    "rival": "most often instead",
    "rival_share": "how often",
    "alpha_req": "α-ReQ",
    "alpha": "α",
    "rankme": "RankMe",
    "stable_rank": "stable rank",
    "residual_variance": "variance left open",
    "pick_1": "best pick",
    "weight_1": "its weight",
    "pick_2": "second",
    "weight_2": "its weight",
    "pick_3": "third",
    "weight_3": "its weight",
    "seconds": "seconds of all jobs",
    "longest": "longest job, s",
    "megabytes": "peak memory, MB",
}

# Of one table alone.
_OTHER_HEADS = {"tasks": {"low": "5% quantile", "high": "95% quantile"}}

# Decimals where four would say nothing.
_DECIMALS = {"seconds": 1, "longest": 1, "megabytes": 0}


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: as shown.
        value: as in the file, for sorting and copying; empty where it is missing.
    """

    text: str
    value: str


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Attributes:
        name: of the table within its zoo.
        title: heading.
        caption: what it shows.
        keys: columns as in the file.
        columns: heads, in plain words.
        rows: cells.
        numeric: for each column, whether it holds numbers.
    """

    name: str
    title: str
    caption: str
    keys: list[str]
    columns: list[str]
    rows: list[list[Cell]]
    numeric: list[bool]


def shown_table(name: str, title: str, caption: str, table: pd.DataFrame) -> Table:
    """A table with its numbers rounded and its heads in plain words."""
    columns = [str(column) for column in table.columns]
    cells = [_cells(table[column], _DECIMALS.get(column, 4)) for column in columns]
    heads = _HEADS | _OTHER_HEADS.get(name, {})
    return Table(
        name=name,
        title=title,
        caption=caption,
        keys=columns,
        columns=[heads.get(column, column) for column in columns],
        rows=[list(row) for row in zip(*cells, strict=True)],
        numeric=[pd.api.types.is_numeric_dtype(table[column]) for column in columns],
    )


def _cells(column: "pd.Series[Any]", decimals: int) -> list[Cell]:
    # Whole numbers are read as fractions where a file lacks others of their column.
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        decimals = 0
    return [
        Cell("–", "") if pd.isna(one) else Cell(_text(one, decimals), _value(one)) for one in column
    ]


def _text(value: object, decimals: int) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.{decimals}f}".replace("-", "−")


def _value(value: object) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
