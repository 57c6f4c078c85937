"""The units of a probe as tests write them: sentences of so many words."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.units_file import Units, write_units


def write_probe(folder: Path, lengths: Sequence[int], corpus: str = "c") -> Path:
    """Write ``probe.units.parquet``: words of sentences of these lengths.

    Args:
        corpus: the digest of the corpus, which features must have too.
    """
    path = folder / "probe.units.parquet"
    groups = np.repeat(np.arange(len(lengths)), lengths)
    write_units(path, Units(groups, corpus, "words", "sentences"))
    return path
