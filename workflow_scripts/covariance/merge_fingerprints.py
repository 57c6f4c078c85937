"""Merges fingerprints of checkpoints into a covariance.

Of a large zoo that is low rank plus a diagonal; of a small one, with --full, the matrix itself.
Each file is one checkpoint's fingerprint, or a part of it: successive ones are joined.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
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

log = logging.getLogger(__name__)

_BLOCK = 1024
_SHARED = ["corpus", "units", "seed", "terms", "estimator"]
_STEPS = 4
# Beside those wanted; they make the directions found nearly the best.
_MORE_DIRECTIONS = 10
# A nugget of zero would make κ singular where fingerprints are fewer than their rank.
SMALLEST_NUGGET = 1e-6

# Goes through F once more, in blocks of rows [b, p] of norm one.
Rows = Callable[[], Iterator[NDArray[np.floating]]]


def fingerprint_alignment(numbers: NDArray[np.floating]) -> NDArray[np.float64]:
    """κ [m, m], symmetric, with unit diagonal; rounding and noise may leave it not definite.

    The means s_ij of products of numbers estimate κ_ij without bias, and those of squares are known
    to have expectation one. What they are off by tells what s_ij is off by: with Gaussian numbers
    s_ij − κ / (1 + κ²) (s_ii + s_jj − 2) has the least variance of all such corrections,
    (1 − κ²)² / ((1 + κ²) p), where the cosine has (1 − κ²)² / p. (The regression of f g on f² and
    g², as in Cochran 1977, "Sampling techniques", chapter 7.)

    Args:
        numbers: [m, p], the fingerprints, of checkpoints that have all units; with p as many as
            all pairs of units κ is exact.
    """
    rows = numbers.astype(np.float64)
    means = rows @ rows.T / rows.shape[1]
    off = np.diag(means) - 1
    both = off[:, None] + off
    kappa = cosines(rows)
    for _ in range(_STEPS):
        kappa = means - kappa / (1 + kappa**2) * both
    kappa = np.clip((kappa + kappa.T) / 2, -1, 1)
    np.fill_diagonal(kappa, 1.0)
    return kappa


def cosines(numbers: NDArray[np.floating]) -> NDArray[np.float64]:
    """The cosines between fingerprints [m, m]: a less exact estimate of κ, but never indefinite."""
    rows = numbers.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    kappa: NDArray[np.float64] = rows @ rows.T
    np.fill_diagonal(kappa, 1.0)
    return kappa


def low_rank(
    rows: Rows, width: int, rank: int, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """U [m, r] and ν [m] with κ ≈ U Uᵀ + diag(ν), for zoos of any size.

    A fingerprint divided by its norm is a row of F [m, p] with κ ≈ F Fᵀ. Its best r directions are
    found from products with random vectors (Halko, Martinsson and Tropp 2011, "Finding structure
    with randomness", algorithm 4.4 with one power iteration), and what they leave of the unit
    diagonal becomes the nugget ν. No matrix of m × m is made; the rows are gone through three times
    after they are counted.

    Args:
        rows: of F.
        width: p.
        rank: r, made smaller where F has no more directions.
        seed: of the random vectors.
    """
    count = sum(len(block) for block in rows())
    wanted = min(rank + _MORE_DIRECTIONS, width, count)
    basis = np.random.default_rng(seed).normal(size=(width, wanted))
    if wanted < width:
        for _ in range(2):
            basis = np.linalg.qr(_gram_times(rows, basis))[0]
    else:
        basis = np.eye(width)
    projected = np.concatenate([block @ basis for block in rows()])
    _, axes = np.linalg.eigh(projected.T @ projected)
    kept = axes[:, ::-1][:, : min(rank, wanted)]
    factor: NDArray[np.float64] = projected @ kept
    nugget = np.maximum(1 - np.einsum("mr,mr->m", factor, factor), SMALLEST_NUGGET)
    return factor, nugget


def _gram_times(rows: Rows, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """FᵀF times vectors [p, q]."""
    product = np.zeros(vectors.shape)
    for block in rows():
        product += block.T @ (block @ vectors)
    return product


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
