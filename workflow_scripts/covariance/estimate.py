"""Estimates the covariance between checkpoints from their features on the probe.

Also from the first groups of the probe (sentences, images), to see how fast the estimate
converges; the features are not gone through more often for it. With ``--sums`` what was added up
for a pair of checkpoints is kept, and the next time only pairs with a new one are computed.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_names import feature_path
from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.facts import found
from workflow_scripts.common.feature_file import (
    Features,
    check_same_corpus,
    common_units,
    open_features,
)
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.common.units_file import read_units
from workflow_scripts.covariance.convergence import (
    Prefix,
    Step,
    by_group,
    compare,
    prefixes_of,
    write_steps,
)
from workflow_scripts.covariance.diagnostics import on_chance, on_convergence, on_duplicates
from workflow_scripts.covariance.feature_blocks import choose_arrays
from workflow_scripts.covariance.gram_sums import (
    NOTHING_KNOWN,
    completed,
    fresh_among,
    gram_sums,
    read_sums,
    sums_key,
    write_sums,
)
from workflow_scripts.covariance.kernel_alignment import (
    ConstantFeaturesError,
    Estimator,
    GramSums,
    kernel_alignment,
)
from workflow_scripts.covariance.settings import CovarianceSettings

log = logging.getLogger(__name__)


def sums_of_all_pairs(
    features: Sequence[Features],
    units: NDArray[np.int64],
    prefixes: Sequence[int],
    memory_bytes: int,
    device: str,
    kept: Path | None,
    code: str,
) -> list[GramSums]:
    """The sums over the units of each prefix, as far as possible from the file where they are
    kept, which then holds them all; ``code`` is a digest of what adds up."""
    digests = [one.digest for one in features]
    key = sums_key(units, prefixes, code)
    known = read_sums(kept, key) if kept else NOTHING_KNOWN
    fresh = fresh_among(digests, known)
    new: list[GramSums] = []
    if fresh:
        with choose_arrays(device) as arrays:
            new = gram_sums(
                lambda i, rows: features[i].read(units[rows]),
                [one.features.shape[1] for one in features],
                prefixes,
                memory_bytes,
                fresh,
                arrays,
            )
    everything = completed(digests, known, new)
    if kept:
        write_sums(kept, key, everything)
    old = len(digests) - len(fresh)
    taken, pairs = (count * (count + 1) // 2 for count in (old, len(digests)))
    found(f"{pairs - taken} pairs computed, {taken} taken from before")
    return everything.sums


def convergence(
    prefixes: Sequence[Prefix],
    sums: Sequence[GramSums],
    estimator: Estimator,
    whole: NDArray[np.float64],
) -> list[Step]:
    """The covariance from every part of the probe against the whole's; first, from no probe."""
    steps = [compare(Prefix(0, 0), whole, np.eye(len(whole)))]
    for prefix, part in zip(prefixes, sums, strict=True):
        where = f"the first {prefix.groups} groups ({prefix.units} units)"
        try:
            step = compare(prefix, whole, kernel_alignment(part, estimator))
        except ValueError as error:
            log.info("%s: no covariance, %s", where, error)
            step = Step(prefix.groups, prefix.units, np.nan, np.nan, np.nan)
        else:
            if np.isnan(step.kl):
                log.info("%s: no divergence, one of the two is not positive definite", where)
        steps.append(step)
    return steps


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and features, estimate, write the covariance."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features-folder", type=Path, required=True, help="holds CHECKPOINT.safetensors"
    )
    flags.add_argument("--checkpoints", nargs="+", required=True, help="their names")
    flags.add_argument("--output", type=Path, required=True, help="the covariance, .npz")
    flags.add_argument(
        "--memory-mb",
        type=positive_int,
        default=1500,
        help="for sums and blocks of features, also on a GPU",
    )
    flags.add_argument(
        "--sums", type=Path, help="keeps what a later estimate can use, .npz; need not be there"
    )
    flags.add_argument(
        "--code", default="", help="digest of what adds up; other code's sums are not used"
    )
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    flags.add_argument(
        "--probe",
        type=existing_file,
        required=True,
        help="the units of the probe and their groups, .parquet",
    )
    flags.add_argument(
        "--convergence", type=Path, required=True, help="how the estimate converges, .csv"
    )
    flags.add_argument(
        "--prefixes",
        type=positive_int,
        nargs="+",
        default=[],
        help="numbers of groups to estimate from beside half and all; larger ones than all do not "
        "count",
    )
    add_flags(flags, CovarianceSettings)
    arguments = flags.parse_args(argv)
    settings = from_flags(CovarianceSettings, arguments)
    if arguments.sums and not arguments.code:
        raise UserError("--sums needs --code, so that sums of other code are not used")

    names = sorted(arguments.checkpoints)
    features = [open_features(feature_path(arguments.features_folder, name)) for name in names]
    check_same_corpus(names, features)
    probe = read_units(arguments.probe)
    if features[0].metadata.get("corpus_sha256") != probe.corpus_sha256:
        raise UserError(
            f"{arguments.probe}: the features are of another corpus; extract them again"
        )
    units = by_group(probe.group, common_units(features))
    prefixes = prefixes_of(probe.group, arguments.prefixes, units)
    dropped = len(features[0].present) - len(units)
    if dropped:
        log.info("%d units left out, which some checkpoint has no vector for", dropped)
    try:
        sums = sums_of_all_pairs(
            features,
            units,
            [prefix.units for prefix in prefixes],
            arguments.memory_mb << 20,
            arguments.device,
            arguments.sums,
            arguments.code,
        )
        values = kernel_alignment(sums[-1], settings.estimator)
    except ConstantFeaturesError as error:
        blame = ", ".join(names[index] for index in error.indices)
        raise UserError(
            f"the probe features of {blame} do not vary (to this estimator); "
            "leave the checkpoint out, or use more probe units"
        ) from error
    except ValueError as error:
        raise UserError(f"{arguments.features_folder}: {error}; use a larger probe") from error
    notes = on_duplicates(names, values)
    if settings.estimator == "biased":
        notes += on_chance(sums[-1])
    steps = convergence(prefixes, sums, settings.estimator, values)
    write_steps(arguments.convergence, steps)
    notes += on_convergence(steps, probe.group_name)
    for note in notes:
        log.warning("%s", note)
    write_covariance(
        arguments.output, Covariance(names, values, len(units), settings.estimator, notes)
    )
    found(
        f"{settings.estimator} covariance of {len(names)} checkpoints from {len(units):,} units, "
        f"smallest eigenvalue {np.linalg.eigvalsh(values)[0]:.4g}"
    )


if __name__ == "__main__":
    run(main)
