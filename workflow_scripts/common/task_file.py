"""Tasks: targets on units of a corpus, in parquet files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        kind: ``"classification"``.
        labels: the label encoding: target i stands for class ``labels[i]``.
        unit: [n], rows of the corpus.
        sequence: [n], which units belong together (a sentence; an image by itself).
        split: [n], ``"train"``, ``"dev"`` or ``"test"``.
        target: [n], indices into ``labels``.
    """

    corpus: str
    metric: str
    kind: str
    labels: list[str]
    unit: NDArray[np.int64]
    sequence: NDArray[np.int64]
    split: NDArray[np.str_]
    target: NDArray[np.int64]


def write_task(path: Path, task: Task) -> None:
    """Write the columns ``unit, sequence, split, target``; the rest is key-value metadata."""
    labels = np.array(task.labels)
    table = pa.table(
        {
            "unit": task.unit,
            "sequence": task.sequence,
            "split": task.split,
            "target": labels[task.target],
        },
        metadata={
            "corpus": task.corpus,
            "metric": task.metric,
            "kind": task.kind,
            "labels": json.dumps(task.labels),
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
        table = pq.read_table(path)
        metadata: dict[str, str] = {
            key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()
        }
        labels: list[str] = json.loads(metadata["labels"])
        index = {label: number for number, label in enumerate(labels)}
        return Task(
            corpus=metadata["corpus"],
            metric=metadata["metric"],
            kind=metadata["kind"],
            labels=labels,
            unit=_integers(table["unit"]),
            sequence=_integers(table["sequence"]),
            split=np.array(table["split"].to_pylist()),
            target=np.array([index[label] for label in table["target"].to_pylist()], np.int64),
        )
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such task file") from None
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise UserError(
            f"{path}: this is no task file (parquet with unit, sequence, split, target)"
        ) from error


def _integers(column: Any) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), np.int64)
