"""Writes the units of a corpus of features: its rows, and which of them belong together.

Without ``--groups`` each row is a group by itself. Groups are numbered at random by the seed, since
rows are often sorted, and the covariance is also estimated from the first groups alone.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.common.units_file import Units, write_units
from workflow_scripts.kinds.features.feature_source import open_source
from workflow_scripts.tables.labelled_table import column, read_labelled_table


def numbered(labels: Sequence[object], seed: int) -> NDArray[np.int64]:
    """A number for each distinct label, in an order drawn at random by the seed, [n]."""
    distinct = sorted({str(label) for label in labels})
    number = {label: rank for rank, label in enumerate(seeded_order(distinct, seed, "groups"))}
    return np.array([number[str(label)] for label in labels], np.int64)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and a feature file, write the units."""
    flags = parser(__doc__)
    flags.add_argument("--corpus", required=True, help="its name among the results")
    flags.add_argument(
        "--source", type=existing_file, required=True, help="features of one checkpoint on it"
    )
    flags.add_argument("--groups", type=existing_file, help="table with a row for each unit")
    flags.add_argument("--group", default="group", help="its column that names groups")
    flags.add_argument("--seed", type=int, default=0, help="of the order of groups")
    flags.add_argument("--output", type=Path, required=True, help="the units, .parquet")
    arguments = flags.parse_args(argv)
    count = len(open_source(arguments.source).values)
    if count < 1:
        raise UserError(f"{arguments.source}: the matrix has no rows")
    labels: Sequence[object] = range(count)
    if arguments.groups is not None:
        table = read_labelled_table(arguments.groups)
        labels = column(table, arguments.group, arguments.groups).tolist()
        if len(labels) != count:
            raise UserError(
                f"{arguments.groups} has {len(labels):,} rows, {arguments.source} has {count:,}; "
                "row i of both must be the same unit"
            )
    groups = numbered(labels, arguments.seed)
    digest = hashlib.sha256(f"{arguments.corpus} {count}".encode() + groups.tobytes()).hexdigest()
    write_units(arguments.output, Units(groups, digest, "units", "groups"))
    distinct = len(np.unique(groups))
    found(f"{count:,} units" + (f" in {distinct:,} groups" if distinct < count else ""))


if __name__ == "__main__":
    run(main)
