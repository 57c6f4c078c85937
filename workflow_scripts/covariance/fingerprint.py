"""Writes the fingerprint of a checkpoint: a sketch of its features on a probe.

The fingerprints of two checkpoints on the same probe give an estimate of κ between them; they tell
neither features nor weights, so they can be shared. Those of successive --first continue each
other.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.fingerprint_file import Fingerprint, write_fingerprint
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.covariance.gram_entries import fingerprint_numbers, terms_of

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and features, write the fingerprint."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features", type=Path, required=True, help="of a checkpoint on the probe, .safetensors"
    )
    flags.add_argument(
        "--pairs",
        type=positive_int,
        default=16384,
        help="numbers of the fingerprint, each from a few pairs of units; as many as there are "
        "pairs, or more: all pairs, once each [default: 16384]",
    )
    flags.add_argument(
        "--first", type=int, default=0, help="which number is the first [default: 0]"
    )
    flags.add_argument("--seed", type=int, default=0, help="of the pairs [default: 0]")
    flags.add_argument("--output", type=Path, required=True, help="the fingerprint, .npz")
    arguments = flags.parse_args(argv)

    if arguments.first < 0:
        raise UserError(f"--first {arguments.first}: numbers are counted from 0")
    features = open_features(arguments.features)
    units = len(features.present)
    corpus = features.metadata.get("corpus_sha256")
    if not corpus:
        raise UserError(f"{arguments.features}: it does not say of which corpus it is")
    try:
        values = fingerprint_numbers(
            features.features,
            features.present,
            arguments.seed,
            arguments.first,
            arguments.pairs,
        )
    except ValueError as error:
        raise UserError(f"{arguments.features}: {error}") from error
    fingerprint = Fingerprint(
        features.metadata.get("checkpoint", arguments.features.stem),
        corpus,
        units,
        arguments.seed,
        terms_of(units, arguments.first, arguments.pairs),
        arguments.first,
        features.digest,
        values,
    )
    write_fingerprint(arguments.output, fingerprint)
    log.info(
        "%s: %d numbers from %d pairs of %d units; %d lack a unit",
        fingerprint.checkpoint,
        len(values),
        len(values) * fingerprint.terms,
        units,
        np.isnan(values).sum(),
    )


if __name__ == "__main__":
    run(main)
