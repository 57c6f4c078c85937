"""Writes the fingerprint of a checkpoint: a sketch of its features on a probe.

The fingerprints of two checkpoints on the same probe give an estimate of κ between them; they tell
neither features nor weights, so they can be shared. Those of successive --first continue each
other.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.fingerprint_file import Fingerprint, write_fingerprint
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.covariance.gram_entries import centred_entries, draw_pairs

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and features, write the fingerprint."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features", type=Path, required=True, help="of a checkpoint on the probe, .safetensors"
    )
    flags.add_argument(
        "--pairs", type=positive_int, default=16384, help="of probe units [default: 16384]"
    )
    flags.add_argument("--first", type=int, default=0, help="number of the first pair [default: 0]")
    flags.add_argument("--seed", type=int, default=0, help="of the pairs [default: 0]")
    flags.add_argument("--output", type=Path, required=True, help="the fingerprint, .npz")
    arguments = flags.parse_args(argv)

    features = open_features(arguments.features)
    units = len(features.present)
    try:
        pairs = draw_pairs(units, arguments.seed, arguments.first, arguments.pairs)
        values = centred_entries(features.features, features.present, pairs)
    except ValueError as error:
        raise UserError(f"{arguments.features}: {error}") from error
    fingerprint = Fingerprint(
        features.metadata.get("checkpoint", arguments.features.stem),
        features.metadata.get("corpus_sha256", ""),
        units,
        arguments.seed,
        arguments.first,
        values,
    )
    write_fingerprint(arguments.output, fingerprint)
    log.info("%s: %d pairs of %d units", fingerprint.checkpoint, len(values), units)


if __name__ == "__main__":
    run(main)
