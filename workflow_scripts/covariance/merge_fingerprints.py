"""Merges fingerprints of checkpoints into a covariance.

Of a large zoo that is low rank plus a diagonal; of a small one, with --full, the matrix itself.
Each file is one checkpoint's fingerprint, or a part of it: successive ones are joined.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

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
        UserError: if they are not of the same features, or pairs are missing between them or stand
            twice.
    """
    parts = sorted(parts, key=lambda one: one.first)
    for part in parts[1:]:
        _check_alike(parts[0], part, _SHARED)
        if part.features != parts[0].features:
            raise UserError(
                f"the fingerprints of {part.checkpoint} are of different features; make all of "
                "them from one feature file"
            )
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


@dataclass(frozen=True)
class Zoo:
    """The fingerprints of a zoo.

    Attributes:
        names: the m checkpoints, sorted.
        numbers: float32 [m, p], in a file, so that memory does not grow with the zoo.
        common: [p], the numbers that all checkpoints have.
        like: the first fingerprint; all are of the same probe and numbers.
    """

    names: list[str]
    numbers: NDArray[np.float32]
    common: NDArray[np.bool_]
    like: Fingerprint

    def rows(self) -> Iterator[NDArray[np.float64]]:
        """The common numbers, block by block.

        Raises:
            UserError: if those of a checkpoint are all zero.
        """
        for start in range(0, len(self.names), _BLOCK):
            block = self.numbers[start : start + _BLOCK, self.common].astype(np.float64)
            zero = ~block.any(axis=1)
            if zero.any():
                name = self.names[start + int(np.argmax(zero))]
                raise UserError(f"the fingerprint of {name} is zero where all have one")
            yield block

    def unit_rows(self) -> Iterator[NDArray[np.float64]]:
        """The same, each row divided by its norm."""
        return (block / np.linalg.norm(block, axis=1, keepdims=True) for block in self.rows())


def files_by_checkpoint(folder: Path) -> dict[str, list[Path]]:
    """The fingerprints in a folder.

    Raises:
        UserError: if they are of fewer than two checkpoints.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.npz")):
        files.setdefault(read_fingerprint(path).checkpoint, []).append(path)
    if len(files) < 2:
        raise UserError(f"{folder}: there are no two fingerprints (.npz) in it")
    return files


def gather(files: dict[str, list[Path]], path: Path) -> Zoo:
    """Check all fingerprints, and put their numbers into one file.

    Raises:
        UserError: as :func:`join` and :func:`checked`.
    """
    names = sorted(files)
    like = join([read_fingerprint(part) for part in files[names[0]]])
    length = len(like.values)
    numbers = np.lib.format.open_memmap(path, "w+", np.float32, (len(names), length))
    common = np.ones(length, bool)
    for row, name in enumerate(names):
        whole = checked(join([read_fingerprint(part) for part in files[name]]), like, length)
        numbers[row] = whole.values
        common &= ~np.isnan(whole.values)
    return Zoo(names, numbers, common, like)


def full_matrix(rows: NDArray[np.float64], complete: bool) -> tuple[NDArray[np.float64], list[str]]:
    """κ from fingerprints [m, p], with what a user should know of it.

    Args:
        complete: whether all numbers are here. Numbers are scaled by all units that their
            checkpoint has; over those that all checkpoints have, their squares have another mean
            than one. Cosines need no mean.
    """
    if not complete:
        return cosines(rows), []
    kappa = fingerprint_alignment(rows)
    if np.linalg.eigvalsh(kappa)[0] > SMALLEST_NUGGET:
        return kappa, []
    note = (
        "the most exact estimate from the fingerprints was not positive definite; this one is "
        "from their cosines, and longer fingerprints would be better"
    )
    return cosines(rows), [note]


def write_full(path: Path, zoo: Zoo) -> None:
    """Write the matrix, of a zoo that fits in memory."""
    values, notes = full_matrix(np.concatenate([*zoo.rows()]), bool(zoo.common.all()))
    for note in notes:
        log.warning("%s", note)
    like = zoo.like
    write_covariance(path, Covariance(zoo.names, values, like.units, like.estimator, notes))
    log.info(
        "covariance of %d checkpoints from %d of %d numbers",
        len(values),
        zoo.common.sum(),
        len(zoo.common),
    )


def write_factor(path: Path, zoo: Zoo, rank: int, seed: int) -> None:
    """Write the low rank and the nugget."""
    factor, nugget = low_rank(zoo.unit_rows, int(zoo.common.sum()), rank, seed)
    write_low_rank(path, LowRank(zoo.names, factor, nugget))
    log.info(
        "%d checkpoints, %d of %d numbers in all, rank %d; the nugget is %.3g of the diagonal",
        len(zoo.names),
        zoo.common.sum(),
        len(zoo.common),
        factor.shape[1],
        nugget.mean(),
    )


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

    files = files_by_checkpoint(arguments.fingerprints)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=arguments.output.parent) as folder:
        zoo = gather(files, Path(folder) / "numbers.npy")
        if not zoo.common.any():
            raise UserError(
                f"{arguments.fingerprints}: no number is in all fingerprints, as units are absent"
            )
        if arguments.full:
            write_full(arguments.output, zoo)
        else:
            write_factor(arguments.output, zoo, arguments.rank, arguments.seed)


if __name__ == "__main__":
    run(main)
