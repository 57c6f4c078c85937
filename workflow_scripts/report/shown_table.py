"""Tables as the report shows them: heads in plain words, numbers rounded and in the units of the
charts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workflow_scripts.common.score_text import (
    MIXED,
    common_metric,
    difference_text,
    gain_text,
    gain_unit,
    metric_name,
    score_text,
)

_HEADS = {
    "k": "k",
    "project": "projected to",
    "mean_score": "mean test {metric}",
    "standard_error": "standard error, {unit}",
    "gain": "gain over random, {unit}",
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
    "seconds_per_thousand": "seconds per 1,000",
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

# Shares of one, in percent.
_SHARES = {"set_share", "mean_share", "rival_share", "residual_variance", "dev_accuracy"}
_SHARES |= {"percentile", "percentile_low", "percentile_high"}

# By table, what is a score, or a difference of scores with or without a sign.
_SCORES = {"scores": {"mean_score"}, "tasks": {"score", "low", "high"}}
_GAINS = {"scores": {"gain", "low", "high"}}
_DIFFERENCES = {"scores": {"standard_error"}}

# Decimals of other numbers.
_DECIMALS = {"seconds": 1, "longest": 1, "megabytes": 0, "seconds_per_thousand": 4}
_DECIMALS |= {"objective": 3, "bound": 3, "gap": 3}
_USUAL_DECIMALS = 2


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
    """A table with its numbers rounded, in the units of the charts, and its heads in plain words.

    Args:
        name: of the table within its zoo, by which columns of equal names may differ.
        table: as in its file.
    """
    columns = [str(column) for column in table.columns]
    metric = common_metric(table["metric"]) if "metric" in table else ""
    words = {"metric": metric_name(metric), "unit": gain_unit(metric)}
    cells = [_cells(table[column], _writer(name, table[column], metric)) for column in columns]
    heads = _HEADS | _OTHER_HEADS.get(name, {})
    return Table(
        name=name,
        title=title,
        caption=caption,
        keys=columns,
        columns=[heads[key].format(**words) if key in heads else key for key in columns],
        rows=[list(row) for row in zip(*cells, strict=True)],
        numeric=[pd.api.types.is_numeric_dtype(table[column]) for column in columns],
    )


def _cells(column: "pd.Series[Any]", write: Callable[[Any], str]) -> list[Cell]:
    return [Cell("–", "") if pd.isna(one) else Cell(write(one), _value(one)) for one in column]


def _writer(table: str, column: "pd.Series[Any]", metric: str) -> Callable[[Any], str]:
    """How the numbers of a column are written."""
    name = str(column.name)
    if name == "metric":
        return lambda one: MIXED if one == MIXED else metric_name(one)
    if name in _SHARES:
        return lambda share: f"{share:.1%}"
    if name in _SCORES.get(table, ()):
        return lambda score: score_text(score, metric)
    if name in _GAINS.get(table, ()):
        return lambda gain: gain_text(gain, metric)
    if name in _DIFFERENCES.get(table, ()):
        return lambda difference: difference_text(difference, metric)
    # Whole numbers are read as fractions where a file lacks others of their column.
    whole = pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all()
    decimals = 0 if whole else _DECIMALS.get(name, _USUAL_DECIMALS)
    return lambda value: _text(value, decimals)


def _text(value: object, decimals: int) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.{decimals}f}".replace("-", "−")


def _value(value: object) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
