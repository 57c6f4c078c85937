"""Merges fingerprints of many checkpoints into a covariance of low rank plus a diagonal.

Each file is one checkpoint's fingerprint, or a part of it: those of successive pairs are joined.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.fingerprint_file import Fingerprint, read_fingerprint
from workflow_scripts.common.low_rank_file import LowRank, write_low_rank
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.covariance.low_rank import low_rank

log = logging.getLogger(__name__)

_BLOCK = 1024


def join(parts: Sequence[Fingerprint]) -> Fingerprint:
    """The fingerprint of one checkpoint from those of successive pairs.

    Raises:
        UserError: if pairs are missing between them, or stand twice.
    """
    parts = sorted(parts, key=lambda one: one.first)
    for before, after in pairwise(parts):
        if before.first + len(before.values) != after.first:
            raise UserError(
                f"{after.checkpoint}: after the pairs {before.first} to "
                f"{before.first + len(before.values) - 1} come those from {after.first} on; each "
                "must be there once"
            )
    values = np.concatenate([one.values for one in parts])
    first = parts[0]
    return Fingerprint(first.checkpoint, first.corpus, first.units, first.seed, first.first, values)


def checked(fingerprint: Fingerprint, like: Fingerprint, pairs: int) -> Fingerprint:
    """The fingerprint, if it can be compared with another.

    Raises:
        UserError: if it is of other pairs or another probe.
    """
    for what in ("corpus", "units", "seed", "first"):
        if getattr(fingerprint, what) != getattr(like, what):
            raise UserError(
                f"the fingerprints of {like.checkpoint} and {fingerprint.checkpoint} differ in "
                f"their {what}; make them from one probe, with one --seed and one --first"
            )
    if len(fingerprint.values) != pairs:
        raise UserError(
            f"the fingerprint of {fingerprint.checkpoint} has {len(fingerprint.values)} pairs, "
            f"that of {like.checkpoint} {pairs}; make them with one --pairs"
        )
    return fingerprint


def unit_row(fingerprint: Fingerprint, common: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Its entries at the common pairs, divided by their norm.

    Raises:
        UserError: if they are all zero.
    """
    values = fingerprint.values[common].astype(np.float64)
    norm = np.linalg.norm(values)
    if not norm > 0:
        raise UserError(f"the fingerprint of {fingerprint.checkpoint} is zero at the common pairs")
    return values / norm


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and fingerprints, factorise, write."""
    flags = parser(__doc__)
    flags.add_argument("--fingerprints", type=Path, required=True, help="folder of .npz files")
    flags.add_argument("--rank", type=positive_int, default=512, help="of the factor [512]")
    flags.add_argument("--seed", type=int, default=0, help="of the factorisation [default: 0]")
    flags.add_argument("--output", type=Path, required=True, help="the covariance, .npz")
    arguments = flags.parse_args(argv)

    files: dict[str, list[Path]] = {}
    for path in sorted(arguments.fingerprints.glob("*.npz")):
        files.setdefault(read_fingerprint(path).checkpoint, []).append(path)
    if len(files) < 2:
        raise UserError(f"{arguments.fingerprints}: there are no two fingerprints (.npz) in it")
    names = sorted(files)

    def whole(name: str) -> Fingerprint:
        return join([read_fingerprint(path) for path in files[name]])

    like = whole(names[0])
    common = np.ones(len(like.values), bool)
    for name in names:
        common &= ~np.isnan(checked(whole(name), like, len(like.values)).values)
    if not common.any():
        raise UserError(f"{arguments.fingerprints}: no pair of units is in all fingerprints")

    def rows() -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(names), _BLOCK):
            part = names[start : start + _BLOCK]
            yield np.stack([unit_row(whole(name), common) for name in part])

    factor, nugget = low_rank(rows, int(common.sum()), arguments.rank, arguments.seed)
    write_low_rank(arguments.output, LowRank(names, factor, nugget))
    log.info(
        "%d checkpoints, %d of %d pairs in all, rank %d; the nugget is %.3g of the diagonal",
        len(names),
        common.sum(),
        len(common),
        factor.shape[1],
        nugget.mean(),
    )


if __name__ == "__main__":
    run(main)
