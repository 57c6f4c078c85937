"""Tables of labels: a row for each unit, with columns of targets, splits and groups."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.common.task_file import SPLITS, Task

# What the column of splits may call dev.
_DEV = {"dev", "val", "valid", "validation"}
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")


def read_labelled_table(path: Path) -> pd.DataFrame:
    """A table; cells of .csv and .tsv that are empty, NA or NaN are missing.

    Raises:
        UserError: if the file is missing, cannot be read or has no rows.
    """
    suffix = next((one for one in SUFFIXES if one in path.suffixes), "")
    try:
        match suffix:
            case ".csv":
                table = pd.read_csv(path)
            case ".tsv":
                table = pd.read_csv(path, sep="\t")
            case ".jsonl":
                table = pd.read_json(path, lines=True, dtype=False)
            case ".parquet":
                table = pd.read_parquet(path)
            case _:
                raise UserError(f"{path}: expected a table: {', '.join(SUFFIXES)}")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such table") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: this is no text in UTF-8 (byte {error.start}); convert the file first"
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: this is no table that can be read ({error})") from error
    if table.empty:
        raise UserError(f"{path}: the table has no rows")
    return table


def column(table: pd.DataFrame, name: str, path: Path) -> "pd.Series[Any]":
    """A column of a table.

    Raises:
        UserError: if there is none, with the nearest name.
    """
    if name not in table:
        names = list(map(str, table.columns))
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}? It has" if near else "it has"
        raise UserError(f"{path}: there is no column {name!r}; {hint} {', '.join(names)}")
    return table[name]


def table_task(
    table: pd.DataFrame,
    path: Path,
    corpus: str,
    groups: NDArray[np.int64],
    target: str,
    split: str | None,
    group: str | None,
    fractions: Mapping[str, float],
    seed: int,
    metric: str | None = None,
) -> Task:
    """The task of predicting a column from the units of a corpus; row i is unit i.

    Rows without a target, or of other splits than train, dev and test, are left out. Numbers with
    fractions are regressed (Pearson's r); texts, booleans and whole numbers are classes (accuracy).

    Args:
        path: of the table, for messages.
        groups: [n], the group of each unit of the corpus.
        target: the column that is predicted.
        split: the column that says train, dev or test; ``None``: dev and test are drawn.
        group: the column of what must not be torn apart when splits are drawn.
        fractions: of the groups, for ``dev`` and ``test`` where they are drawn.
        seed: of what is drawn.
        metric: how predictions are scored; ``None``: the usual way for the target.

    Raises:
        UserError: if a column is missing, or the targets cannot be learned.
    """
    values = column(table, target, path)
    whole = _group_numbers(column(table, group, path)) if group else groups
    parts = (
        _split_names(column(table, split, path), path)
        if split
        else np.full(len(table), "train", dtype="<U5")
    )
    kept = values.notna().to_numpy(bool) & np.isin(parts, SPLITS)
    if not kept.any():
        raise UserError(f"{path}: no row has a value of {target!r} in train, dev or test")
    for part in ("test", "dev"):
        if not (parts[kept] == part).any():
            parts = _drawn(parts, kept, whole, part, fractions[part], seed)
    labels, targets = _targets(values[kept], path, target)
    number = "pearson" if not labels else "accuracy"
    chosen = metric or number
    if (chosen == "pearson") != (not labels):
        raise UserError(
            f"{path}: the metric {chosen} does not fit the targets of {target!r}, which are "
            f"{'classes' if labels else 'numbers'}"
        )
    if labels and len(labels) < 2:
        raise UserError(f"{path}: {target!r} has one class only; there is nothing to learn")
    order = np.argsort(groups[kept], kind="stable")
    return Task(
        corpus=corpus,
        metric=chosen,
        kind="classification" if labels else "regression",
        labels=labels,
        unit=np.flatnonzero(kept)[order],
        group=groups[kept][order],
        split=parts[kept][order],
        target=targets[order],
    )


def _group_numbers(values: "pd.Series[Any]") -> NDArray[np.int64]:
    """A number for each distinct value; a missing value is a group of its own."""
    numbers, _ = pd.factorize(values)
    alone = np.flatnonzero(numbers < 0)
    numbers = numbers.astype(np.int64)
    numbers[alone] = numbers.max(initial=-1) + 1 + np.arange(len(alone))
    return numbers


def _split_names(values: "pd.Series[Any]", path: Path) -> NDArray[np.str_]:
    names = values.astype(str).str.strip().str.lower().to_numpy()
    found = np.array(["dev" if name in _DEV else name for name in names], dtype="<U16")
    if not (found == "train").any():
        some = ", ".join(sorted(set(map(str, found)))[:5])
        raise UserError(
            f"{path}: no row has the split train (found {some}); splits are train, dev and test"
        )
    return np.where(np.isin(found, SPLITS), found, "none").astype("<U5")


def _drawn(
    parts: NDArray[np.str_],
    kept: NDArray[np.bool_],
    groups: NDArray[np.int64],
    part: str,
    fraction: float,
    seed: int,
) -> NDArray[np.str_]:
    """The splits, with a share of the groups of train drawn for another part."""
    train = kept & (parts == "train")
    names = np.unique(groups[train]).tolist()
    count = min(max(1, round(fraction * len(names))), max(len(names) - 1, 0))
    drawn = seeded_order(names, seed, part)[:count]
    return np.where(train & np.isin(groups, drawn), part, parts)


def _targets(
    values: "pd.Series[Any]", path: Path, name: str
) -> tuple[list[str], NDArray[np.int64] | NDArray[np.float64]]:
    """The names of the classes, none of numbers, and the targets."""
    if pd.api.types.is_float_dtype(values):
        numbers = values.to_numpy(np.float64)
        # A column of whole numbers with gaps is read as one of floats.
        if not (np.isfinite(numbers) & (numbers == np.round(numbers))).all():
            if not np.isfinite(numbers).all():
                row = values.index[~np.isfinite(numbers)][0]
                raise UserError(f"{path}, row {row}: {name!r} is not finite")
            return [], numbers.astype(np.float64)
        values = values.astype(np.int64)
    texts = [str(value).strip() for value in values]
    if values.map(type).nunique() > 1:
        kinds = ", ".join(sorted({one.__name__ for one in values.map(type)}))
        raise UserError(f"{path}: {name!r} mixes values of several types ({kinds}); use one")
    if pd.api.types.is_integer_dtype(values):
        labels = [str(value) for value in sorted(set(values.to_numpy(np.int64).tolist()))]
    else:
        labels = sorted(set(texts))
    number = {label: position for position, label in enumerate(labels)}
    return labels, np.array([number[text] for text in texts], np.int64)


def class_counts(task: Task) -> Sequence[str]:
    """How many units each split has, in words."""
    return [f"{(task.split == name).sum():,} for {name}" for name in SPLITS]
