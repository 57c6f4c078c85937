"""Estimates the covariance between checkpoints from their features on the probe."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.feature_file import Features, check_same_corpus, open_features
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.covariance.kernel_alignment import (
    ConstantFeaturesError,
    gram_sums,
    kernel_alignment,
)
from workflow_scripts.covariance.settings import CovarianceSettings

log = logging.getLogger(__name__)


def common_units(features: Sequence[Features]) -> NDArray[np.int64]:
    """The units that every checkpoint has a vector for, in order.

    Using the same units for all pairs keeps κ positive semi-definite.
    """
    return np.flatnonzero(np.logical_and.reduce([one.present for one in features]))


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and features, estimate, write the covariance."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="their names")
    flags.add_argument("--output", type=Path, required=True, help="the covariance, .npz")
    flags.add_argument(
        "--memory-mb", type=positive_int, default=1500, help="for sums and blocks of features"
    )
    add_flags(flags, CovarianceSettings)
    arguments = flags.parse_args(argv)
    settings = from_flags(CovarianceSettings, arguments)

    names = sorted(arguments.checkpoints)
    features = [open_features(arguments.features_folder / f"{name}.safetensors") for name in names]
    check_same_corpus(names, features)
    units = common_units(features)
    dropped = len(features[0].present) - len(units)
    if dropped:
        log.info("%d units left out, which some checkpoint has no vector for", dropped)
    dims = [one.features.shape[1] for one in features]
    try:
        sums = gram_sums(
            lambda i, rows: features[i].features[units[rows]],
            dims,
            len(units),
            arguments.memory_mb << 20,
        )
        values = kernel_alignment(sums, settings.estimator)
    except ConstantFeaturesError as error:
        blame = ", ".join(names[index] for index in error.indices)
        raise UserError(
            f"the probe features of {blame} do not vary (to this estimator); "
            "leave the checkpoint out, or use more probe units"
        ) from error
    except ValueError as error:
        raise UserError(f"{arguments.features_folder}: {error}; use a larger probe") from error
    write_covariance(arguments.output, Covariance(names, values, len(units), settings.estimator))
    log.info(
        "covariance (%s) of %d checkpoints from %d units; smallest eigenvalue %.4g",
        settings.estimator,
        len(names),
        len(units),
        np.linalg.eigvalsh(values)[0],
    )


if __name__ == "__main__":
    run(main)
