"""Tasks: targets on units of a corpus, in parquet files."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Task:
    """Targets on some units of a corpus.

    Attributes:
        corpus: the corpus that the units belong to.
        metric: how predictions are scored, such as ``"accuracy"``.
        kind: ``"classification"`` or ``"regression"``.
        labels: the label encoding: target i stands for class ``labels[i]``; none in a regression.
        unit: [n], rows of the corpus.
        group: [n], which units belong together: the words of a sentence, copies of an image.
        split: [n], ``"train"``, ``"dev"`` or ``"test"``.
        target: [n], indices into ``labels``, or floats in a regression.
        positive: the class that the metric f1 counts.
    """

    corpus: str
    metric: str
    kind: str
    labels: list[str]
    unit: NDArray[np.int64]
    group: NDArray[np.int64]
    split: NDArray[np.str_]
    target: NDArray[np.int64] | NDArray[np.float64]
    positive: str = ""


def write_task(path: Path, task: Task) -> None:
    """Write the columns ``unit, group, split, target``; the rest is key-value metadata."""
    is_class = task.kind == "classification"
    table = pa.table(
        {
            "unit": task.unit,
            "group": task.group,
            "split": task.split,
            "target": np.array(task.labels)[task.target] if is_class else task.target,
        },
        metadata={
            "corpus": task.corpus,
            "metric": task.metric,
            "kind": task.kind,
            "labels": json.dumps(task.labels),
            "positive": task.positive,
        },
    )
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary)


def read_task(path: Path) -> Task:
    """Read what :func:`write_task` wrote.

    Raises:
        UserError: if the file is missing or something else.
    """
    try:
        # Neither pq.read_table nor to_numpy: both import pandas, which takes longer than all else.
        table = pq.ParquetFile(path).read(use_threads=False)
        unit, group, split, target = (
            table[name].to_pylist() for name in ("unit", "group", "split", "target")
        )
        metadata: dict[str, str] = {
            key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()
        }
        labels: list[str] = json.loads(metadata["labels"])
        is_class = metadata["kind"] == "classification"
        number = {label: number for number, label in enumerate(labels)}
        return Task(
            corpus=metadata["corpus"],
            metric=metadata["metric"],
            kind=metadata["kind"],
            labels=labels,
            unit=np.array(unit, np.int64),
            group=np.array(group, np.int64),
            split=np.array(split, np.str_),
            target=np.array([number[label] for label in target], np.int64)
            if is_class
            else np.array(target, np.float64),
            positive=metadata["positive"],
        )
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such task file") from None
    except PermissionError:
        raise
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{path}: this is no task file (parquet with unit, group, split, target); delete it "
            "and run again"
        ) from error
