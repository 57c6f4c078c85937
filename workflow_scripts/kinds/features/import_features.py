"""Checks a file of features and writes what later stages read: where its matrix lies.

Matrices of float16, float32 and float64 in .npy and .safetensors stay where they are; others are
converted to float32.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.facts import found, record_speed
from workflow_scripts.common.feature_file import FeatureWriter, InPlace, write_in_place
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.common.units_file import read_units
from workflow_scripts.kinds.features.feature_source import FeatureSource, open_source

_BLOCK_BYTES = 1 << 26


def check_rows(source: FeatureSource, path: Path, units: int, corpus: str) -> None:
    """Look at every row of a matrix, a block at a time.

    Raises:
        UserError: if there are more or fewer rows than units, a row is not finite, or all rows are
            the same.
    """
    values = source.values
    if len(values) != units:
        raise UserError(
            f"{path} has {len(values):,} rows, the other checkpoints have {units:,} on {corpus}; "
            "row i must be the same unit in every file"
        )
    block = max(1, _BLOCK_BYTES // max(1, values.shape[1] * values.itemsize))
    varies = False
    for start in range(0, len(values), block):
        rows = values[start : start + block]
        finite = np.isfinite(rows).all(axis=1)
        if not finite.all():
            raise UserError(
                f"{path}, row {start + int(np.argmin(finite))}: the features are not finite; fix "
                "the row, or leave the unit out of every file"
            )
        varies = varies or bool((rows != values[0]).any())
    if not varies:
        raise UserError(f"{path}: all {units:,} rows are the same; leave the checkpoint out")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and the matrix, write the feature file."""
    flags = parser(__doc__)
    flags.add_argument("--source", type=existing_file, required=True, help="the matrix")
    flags.add_argument("--card", type=existing_file, required=True, help="of the checkpoint, .json")
    flags.add_argument("--units", type=existing_file, required=True, help="of the corpus, .parquet")
    flags.add_argument("--output", type=Path, required=True, help="features, .safetensors")
    arguments = flags.parse_args(argv)
    started = time.monotonic()
    units = read_units(arguments.units)
    source = open_source(arguments.source)
    corpus = arguments.units.name.removesuffix(".units.parquet")
    check_rows(source, arguments.source, len(units.group), corpus)
    count, width = source.values.shape
    card = read_card(arguments.card)
    dtype = source.values.dtype.name if source.offset is not None else "float32"
    metadata = {
        "checkpoint": card.checkpoint,
        "source": card.source,
        "revision": card.revision,
        "dtype": dtype,
        "corpus": corpus,
        "corpus_sha256": units.corpus_sha256,
    }
    if source.offset is not None:
        place = InPlace(str(arguments.source), source.offset, dtype, (count, width))
        write_in_place(arguments.output, place, metadata)
        said = f"{dtype}, used in place"
    else:
        with FeatureWriter(arguments.output, count, width, "float32", metadata) as writer:
            block = max(1, _BLOCK_BYTES // max(1, 4 * width))
            for start in range(0, count, block):
                rows = slice(start, min(start + block, count))
                writer.write(rows, source.values[rows].astype(np.float32))
        said = "converted to float32"
    record_speed(card.checkpoint, time.monotonic() - started, count)
    found(f"{count:,} units, {width} dims, {said}")


if __name__ == "__main__":
    run(main)
