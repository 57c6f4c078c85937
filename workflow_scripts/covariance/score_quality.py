"""Scores each checkpoint by the spectrum of its probe features, without any label.

The columns of the table: checkpoint; rankme, alpha_req and stable_rank, of which more is better;
and alpha, the exponent behind alpha_req, which is best near 1.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_names import feature_path
from workflow_scripts.common.facts import found
from workflow_scripts.common.feature_file import (
    Features,
    check_same_corpus,
    common_units,
    open_features,
)
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.table_file import QUALITY_COLUMNS, write_table
from workflow_scripts.covariance.spectrum import (
    alpha_req,
    decay_exponent,
    rankme,
    spectrum,
    stable_rank,
)

_BLOCK_BYTES = 1 << 26


def quality_table(names: Sequence[str], features: Sequence[Features]) -> pd.DataFrame:
    """One row per checkpoint, on the units that every checkpoint has.

    Raises:
        UserError: naming a checkpoint whose features do not vary.
    """
    units = common_units(features)
    rows = []
    for name, one in zip(names, features, strict=True):
        dim = one.features.shape[1]
        block = max(1, _BLOCK_BYTES // (8 * dim))
        try:
            values = spectrum(partial(_rows, one, units), len(units), dim, block)
        except ValueError as error:
            raise UserError(
                f"{name}: {error} over the {len(units)} units of the probe that every checkpoint "
                "has; leave the checkpoint out, or use a larger probe"
            ) from error
        scores = rankme(values), alpha_req(values), stable_rank(values)
        rows.append((name, *scores, decay_exponent(values)))
    return pd.DataFrame(rows, columns=QUALITY_COLUMNS)


def _rows(features: Features, units: NDArray[np.int64], rows: slice) -> NDArray[np.floating]:
    return features.read(units[rows])


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and features, score, write the table."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="their names")
    flags.add_argument("--output", type=Path, required=True, help="the scores, .csv")
    arguments = flags.parse_args(argv)
    names = sorted(arguments.checkpoints)
    features = [open_features(feature_path(arguments.features_folder, name)) for name in names]
    check_same_corpus(names, features)
    table = quality_table(names, features)
    write_table(table, arguments.output)
    low, high = _ends(table["rankme"])
    found(f"{len(table)} checkpoints; rankme from {low:.1f} to {high:.1f}")


def _ends(scores: "pd.Series[float]") -> tuple[float, float]:
    return float(scores.min()), float(scores.max())


if __name__ == "__main__":
    run(main)
