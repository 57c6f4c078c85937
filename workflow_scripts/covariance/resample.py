"""Resamples the probe, to see how sure the covariance is.

Writes replicates of the covariance that vary about it as it varies about the truth, each from a
random half of the probe.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

import numpy as np

from workflow_scripts.common.checkpoint_names import feature_path
from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.facts import found
from workflow_scripts.common.feature_file import (
    check_same_corpus,
    common_units,
    open_features,
)
from workflow_scripts.common.replicates_file import Replicates, write_replicates
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.common.units_file import read_units
from workflow_scripts.covariance.jackknife import (
    draw_blocks,
    draw_halves,
    half_samples,
    half_sums,
    spread_about,
)
from workflow_scripts.covariance.kernel_alignment import Estimator
from workflow_scripts.covariance.settings import StabilitySettings


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, covariance and features; resample; write the replicates."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help="the estimate, .npz")
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument(
        "--probe",
        type=existing_file,
        required=True,
        help="the units of the probe and their groups, .parquet",
    )
    flags.add_argument("--seed", type=int, default=0, help="of the blocks and their halves")
    flags.add_argument(
        "--memory-mb",
        type=positive_int,
        default=1000,
        help="for tiles and blocks of features, beside replicates and sums of rows [default: 1000]",
    )
    flags.add_argument("--output", type=Path, required=True, help="the replicates, .npz")
    add_flags(flags, StabilitySettings)
    arguments = flags.parse_args(argv)
    settings = from_flags(StabilitySettings, arguments)

    covariance = read_covariance(arguments.covariance)
    names = covariance.names
    if covariance.estimator not in get_args(Estimator):
        raise UserError(f"{arguments.covariance}: it was brought along, with no probe to resample")
    if len(names) < 2:
        raise UserError(
            f"{arguments.covariance}: it is of one checkpoint, which varies with no other; "
            "estimate it of several"
        )
    features = [open_features(feature_path(arguments.features_folder, name)) for name in names]
    check_same_corpus(names, features)
    groups = read_units(arguments.probe).group
    units = common_units(features)
    if len(groups) != len(features[0].present) or len(units) != covariance.rows:
        raise UserError(
            f"{arguments.covariance}, {arguments.features_folder} and {arguments.probe} do not "
            "belong together; estimate the covariance again"
        )
    try:
        blocks = draw_blocks(groups[units], settings.blocks, settings.units, arguments.seed)
        used = units[np.concatenate(blocks)]
        # Sums and halves may each fill much of the memory; none is kept longer than it is needed.
        values = spread_about(
            covariance.values,
            half_samples(
                half_sums(
                    lambda i, rows: features[i].read(used[rows]),
                    [one.features.shape[1] for one in features],
                    [len(block) for block in blocks],
                    draw_halves(len(blocks), settings.replicates, arguments.seed),
                    arguments.memory_mb << 20,
                ),
                cast(Estimator, covariance.estimator),
            ),
            len(used) / len(units),
        )
    except ValueError as error:
        raise UserError(
            f"{arguments.features_folder}: {error}; use a larger probe, or stability: "
            "{replicates: 0}"
        ) from error
    replicates = Replicates(names, values, len(used), len(blocks))
    write_replicates(arguments.output, replicates)
    above = replicates.standard_errors[np.triu_indices(len(names), 1)]
    found(
        f"{settings.replicates} replicates from {len(used):,} units in {len(blocks)} blocks; "
        f"standard errors of κ: median {np.median(above):.4f}, largest {above.max():.4f}"
    )


if __name__ == "__main__":
    run(main)
