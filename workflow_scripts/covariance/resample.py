"""Resamples the probe, to see how sure the covariance is.

Writes replicates of the covariance that vary about it as it varies about the truth, each from a
random half of the probe.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_names import feature_path
from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.feature_file import (
    Features,
    check_same_corpus,
    common_units,
    open_features,
)
from workflow_scripts.common.finding import found
from workflow_scripts.common.replicates_file import Replicates, write_replicates
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.common.unit_groups import read_unit_groups
from workflow_scripts.covariance.kernel_alignment import Estimator
from workflow_scripts.covariance.resampling import (
    block_sums,
    draw_blocks,
    half_samples,
    spread_about,
)
from workflow_scripts.covariance.settings import StabilitySettings


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, covariance and features; resample; write the replicates."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help="the estimate, .npz")
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument(
        "--corpus",
        type=existing_file,
        required=True,
        help="what the features are of, .txt or .units.parquet",
    )
    flags.add_argument("--seed", type=int, default=0, help="of the blocks and their halves")
    flags.add_argument("--output", type=Path, required=True, help="the replicates, .npz")
    add_flags(flags, StabilitySettings)
    arguments = flags.parse_args(argv)
    settings = from_flags(StabilitySettings, arguments)

    covariance = read_covariance(arguments.covariance)
    names = covariance.names
    if covariance.estimator not in get_args(Estimator):
        raise UserError(f"{arguments.covariance}: it was brought along, with no probe to resample")
    features = [open_features(feature_path(arguments.features_folder, name)) for name in names]
    check_same_corpus(names, features)
    groups = read_unit_groups(arguments.corpus)
    units = common_units(features)
    if len(groups) != len(features[0].present) or len(units) != covariance.rows:
        raise UserError(
            f"{arguments.covariance}, {arguments.features_folder} and {arguments.corpus} do not "
            "belong together; estimate the covariance again"
        )
    try:
        blocks = draw_blocks(groups[units], settings.blocks, settings.units, arguments.seed)
        sums = block_sums([partial(_rows, one, units) for one in features], blocks)
        halves = half_samples(
            sums, cast(Estimator, covariance.estimator), settings.replicates, arguments.seed
        )
    except ValueError as error:
        raise UserError(
            f"{arguments.features_folder}: {error}; use a larger probe, or stability: "
            "{replicates: 0}"
        ) from error
    used = int(sums.starts[-1])
    replicates = Replicates(
        names,
        spread_about(covariance.values, halves, used / len(units)),
        used,
        len(blocks),
    )
    write_replicates(arguments.output, replicates)
    above = replicates.standard_errors[np.triu_indices(len(names), 1)]
    found(
        f"{settings.replicates} replicates from {used:,} units in {len(blocks)} blocks; "
        f"standard errors of κ: median {np.median(above):.4f}, largest {above.max():.4f}"
    )


def _rows(
    features: Features, units: NDArray[np.int64], chosen: NDArray[np.int64]
) -> NDArray[np.floating]:
    return features.read(units[chosen])


if __name__ == "__main__":
    run(main)
