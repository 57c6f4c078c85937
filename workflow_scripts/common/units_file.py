"""The units of a corpus and the groups that they belong to, in a parquet file.

Units of a group depend on each other: the words of a sentence, the turned copies of an image. They
are drawn together or not at all. Groups are numbered in an order of which any beginning represents
the whole: sentences as a text has them, images at random.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError


@dataclass(frozen=True)
class Units:
    """One entry for each unit of a corpus, in its order.

    Attributes:
        group: [n], the number of the group that each unit belongs to.
        corpus_sha256: of the corpus that features are extracted from.
        unit_name: what units are called, in the plural.
        group_name: what groups are called, in the plural.
    """

    group: NDArray[np.int64]
    corpus_sha256: str
    unit_name: str
    group_name: str


def write_units(path: Path, units: Units, kept: Mapping[str, NDArray[Any]] | None = None) -> None:
    """Write the columns ``unit`` and ``group``; the rest is key-value metadata.

    Args:
        kept: further columns [n] by name, that the kind of zoo reads again.
    """
    table = pa.table(
        {"unit": np.arange(len(units.group)), "group": units.group} | dict(kept or {}),
        metadata={
            "corpus_sha256": units.corpus_sha256,
            "unit_name": units.unit_name,
            "group_name": units.group_name,
        },
    )
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary)


def read_units(path: Path) -> Units:
    """Read what :func:`write_units` wrote, apart from what a kind keeps.

    Raises:
        UserError: if the file is missing or something else.
    """
    table = read_unit_table(path, ["group"])
    try:
        metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
        return Units(
            np.array(table["group"].to_pylist(), np.int64),
            metadata["corpus_sha256"],
            metadata["unit_name"],
            metadata["group_name"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(_not_units(path)) from error


def read_unit_table(path: Path, columns: list[str]) -> pa.Table:
    """Some columns of a file of units.

    Raises:
        UserError: if the file is missing, or has no such columns.
    """
    try:
        # Not pq.read_table, which imports pandas: that takes longer than all else.
        table = pq.ParquetFile(path).read(columns=columns, use_threads=False)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file of units") from None
    except PermissionError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise UserError(_not_units(path)) from error
    if missing := [column for column in columns if column not in table.column_names]:
        raise UserError(f"{_not_units(path)}: it has no column {missing[0]}")
    return table


def _not_units(path: Path) -> str:
    return f"{path}: this is no file of units (parquet with unit and group); run the workflow again"
