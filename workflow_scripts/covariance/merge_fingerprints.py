"""Merges fingerprints of checkpoints into a covariance.

Of a large zoo that is low rank plus a diagonal; of a small one, with --full, the matrix itself.
Each file is one checkpoint's fingerprint, or a part of it: successive ones are joined.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.fingerprint_file import Fingerprint, read_fingerprint
from workflow_scripts.common.low_rank_file import LowRank, write_low_rank
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.covariance.fingerprint_alignment import cosines, fingerprint_alignment
from workflow_scripts.covariance.low_rank import SMALLEST_NUGGET, low_rank

log = logging.getLogger(__name__)

_BLOCK = 1024
_SHARED = ["corpus", "units", "seed", "terms", "estimator"]


def join(parts: Sequence[Fingerprint]) -> Fingerprint:
    """The fingerprint of one checkpoint from those of successive pairs.

    Raises:
        UserError: if pairs are missing between them, or stand twice.
    """
    parts = sorted(parts, key=lambda one: one.first)
    for part in parts[1:]:
        _check_alike(parts[0], part, _SHARED)
    for before, after in pairwise(parts):
        if before.first + len(before.values) != after.first:
            raise UserError(
                f"{after.checkpoint}: after the numbers {before.first} to "
                f"{before.first + len(before.values) - 1} come those from {after.first} on; each "
                "must be there once"
            )
    return replace(parts[0], values=np.concatenate([one.values for one in parts]))


def checked(fingerprint: Fingerprint, like: Fingerprint, pairs: int) -> Fingerprint:
    """The fingerprint, if it can be compared with another.

    Raises:
        UserError: if it is of other pairs or another probe.
    """
    _check_alike(like, fingerprint, [*_SHARED, "first"])
    if len(fingerprint.values) != pairs:
        raise UserError(
            f"the fingerprint of {fingerprint.checkpoint} has {len(fingerprint.values)} numbers, "
            f"that of {like.checkpoint} {pairs}; make them with one --pairs"
        )
    return fingerprint


def _check_alike(one: Fingerprint, other: Fingerprint, attributes: Sequence[str]) -> None:
    for what in attributes:
        if getattr(one, what) != getattr(other, what):
            raise UserError(
                f"the fingerprints of {one.checkpoint} and {other.checkpoint} differ in their "
                f"{what}; make them from one probe, with the same --pairs, --seed and --first"
            )


def numbers(fingerprint: Fingerprint, common: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Those that all checkpoints have.

    Raises:
        UserError: if they are all zero.
    """
    values = fingerprint.values[common].astype(np.float64)
    if not values.any():
        raise UserError(f"the fingerprint of {fingerprint.checkpoint} is zero where all have one")
    return values


def full_matrix(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[str]]:
    """κ from fingerprints [m, p], with what a user should know of it."""
    kappa = fingerprint_alignment(rows)
    if np.linalg.eigvalsh(kappa)[0] > SMALLEST_NUGGET:
        return kappa, []
    note = (
        "the most exact estimate from the fingerprints was not positive definite; this one is "
        "from their cosines, and longer fingerprints would be better"
    )
    return cosines(rows), [note]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and fingerprints, factorise, write."""
    flags = parser(__doc__)
    flags.add_argument("--fingerprints", type=Path, required=True, help="folder of .npz files")
    flags.add_argument("--rank", type=positive_int, default=512, help="of the factor [512]")
    flags.add_argument(
        "--full", action="store_true", help="the matrix instead, of a zoo that fits in memory"
    )
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
        raise UserError(
            f"{arguments.fingerprints}: no number is in all fingerprints, as units are absent"
        )

    def rows() -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(names), _BLOCK):
            part = names[start : start + _BLOCK]
            yield np.stack([numbers(whole(name), common) for name in part])

    def unit_rows() -> Iterator[NDArray[np.float64]]:
        return (block / np.linalg.norm(block, axis=1, keepdims=True) for block in rows())

    if arguments.full:
        values, notes = full_matrix(np.concatenate([*rows()]))
        for note in notes:
            log.warning("%s", note)
        write_covariance(
            arguments.output, Covariance(names, values, like.units, like.estimator, notes)
        )
        log.info("covariance of %d checkpoints from %d numbers", len(names), common.sum())
        return
    factor, nugget = low_rank(unit_rows, int(common.sum()), arguments.rank, arguments.seed)
    write_low_rank(arguments.output, LowRank(names, factor, nugget))
    log.info(
        "%d checkpoints, %d of %d numbers in all, rank %d; the nugget is %.3g of the diagonal",
        len(names),
        common.sum(),
        len(common),
        factor.shape[1],
        nugget.mean(),
    )


if __name__ == "__main__":
    run(main)
