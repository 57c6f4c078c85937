"""Collects the sums over units from which kernel alignment follows, in the cheaper of two ways.

Both are exact, go through the features block by block and take no more memory than they are
given. The sums over the first units are those over all of them on the way there, so that the
estimate at every size of the probe comes with that from all of it.

Sums are kept in a file, so that one more checkpoint costs one more row. An entry is found by the
content of its two feature files; the file as a whole counts only for the same units, the same
beginnings of the probe and the same code, so that no entry is out of date.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.covariance.cross_products import (
    CrossPlan,
    plan_cross_products,
    sums_of_cross_products,
)
from workflow_scripts.covariance.feature_blocks import NUMPY, Arrays, ReadRows
from workflow_scripts.covariance.gram_tiles import TilePlan, plan_gram_tiles, sums_of_gram_tiles
from workflow_scripts.covariance.kernel_alignment import GramSums

log = logging.getLogger(__name__)

# What it takes to read and centre one feature, in operations of a product.
_READING = 100
_SUMS = [field.name for field in fields(GramSums) if field.name != "units"]


def gram_sums(
    read_rows: ReadRows,
    dims: Sequence[int],
    prefixes: Sequence[int],
    memory_bytes: int,
    fresh: Sequence[int] | None = None,
    arrays: Arrays = NUMPY,
) -> list[GramSums]:
    """Collect the sums, in whichever form is cheaper with the memory given.

    With D the total width of all checkpoints, cross products cost n D² operations if all are
    fresh, and Gram tiles n² (D + 4 N²).

    Args:
        read_rows: ``read_rows(i, rows)`` gives the features [b, d_i] of checkpoint i.
        dims: the widths d_i.
        prefixes: numbers of units, in increasing order; the last is n, all of them.
        memory_bytes: how much the sums and blocks may take.
        fresh: which checkpoints' pairs with all are wanted; other pairs stay zero. All, if none
            are named.
        arrays: where to compute.

    Returns:
        For each prefix the sums over so many of the first units.
    """
    fresh = range(len(dims)) if fresh is None else fresh
    units = prefixes[-1]
    cross = plan_cross_products(dims, units, memory_bytes, fresh, arrays.workers)
    tiles = plan_gram_tiles(dims, units, memory_bytes, fresh, arrays.workers)
    if cost(cross) <= cost(tiles):
        log.info("cross products; the features are gone through %d times", len(cross.passes))
        return sums_of_cross_products(read_rows, dims, prefixes, memory_bytes, fresh, arrays)
    log.info("tiles of Gram matrices of %d units", min(tiles.block_rows, units))
    return sums_of_gram_tiles(read_rows, dims, prefixes, memory_bytes, fresh, arrays)


def cost(plan: CrossPlan | TilePlan) -> float:
    """What a plan costs, in operations of a product."""
    return plan.operations + _READING * plan.values_read


@dataclass(frozen=True)
class KnownSums:
    """Sums that were computed before.

    Attributes:
        digests: [N], of the feature files.
        sums: for each prefix of the probe those over its units.
    """

    digests: list[str]
    sums: list[GramSums]


NOTHING_KNOWN = KnownSums([], [])


def sums_key(units: NDArray[np.int64], prefixes: Sequence[int], code: str) -> str:
    """What all sums depend on beside the features: units, prefixes, and the code that adds up, of
    which ``code`` is a digest."""
    key = hashlib.sha256(np.asarray(units, "<i8").tobytes())
    key.update(repr([int(words) for words in prefixes]).encode())
    key.update(code.encode())
    return key.hexdigest()


def read_sums(path: Path, key: str) -> KnownSums:
    """Read what :func:`write_sums` wrote; nothing is known, and the log says why, if that is not
    there, was made under another key, or is something else."""
    if not path.exists():
        return NOTHING_KNOWN
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["key"]) != key:
                log.info("%s: other units, prefixes or code; all pairs are computed anew", path)
                return NOTHING_KNOWN
            known = _checked(
                [str(digest) for digest in file["digests"]],
                [int(units) for units in file["units"]],
                [np.asarray(file[name], np.float64) for name in _SUMS],
            )
    except (OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, BadZipFile):
        log.info("%s: these are no sums of this workflow; all pairs are computed anew", path)
        return NOTHING_KNOWN
    return known


def write_sums(path: Path, key: str, known: KnownSums) -> None:
    """Write the sums of all pairs."""
    arrays: dict[str, Any] = {
        name: np.stack([getattr(one, name) for one in known.sums]) for name in _SUMS
    }
    arrays |= {"key": key, "digests": known.digests, "units": [one.units for one in known.sums]}
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def fresh_among(digests: Sequence[str], known: KnownSums) -> list[int]:
    """Which feature files have no sums yet."""
    return [i for i, digest in enumerate(digests) if digest not in known.digests]


def completed(digests: Sequence[str], known: KnownSums, new: Sequence[GramSums]) -> KnownSums:
    """The sums of all pairs of these feature files.

    Args:
        new: those of the pairs with a fresh feature file, in the order of ``digests``.
    """
    fresh = set(fresh_among(digests, known))
    old = [i for i in range(len(digests)) if i not in fresh]
    if not old:
        return KnownSums(list(digests), list(new))
    place = [known.digests.index(digests[i]) for i in old]
    before = [_placed(sums, place, old, len(digests)) for sums in known.sums]
    # The new ones are zero where the old ones are not, and the other way round.
    sums = [_added(*both) for both in zip(before, new, strict=True)] if new else before
    return KnownSums(list(digests), sums)


def _placed(sums: GramSums, place: list[int], old: list[int], count: int) -> GramSums:
    """The sums of those at ``place`` put at ``old`` among so many."""
    wider = GramSums.zeros(sums.units, count)
    for name in _SUMS:
        values, target = getattr(sums, name), getattr(wider, name)
        axes = values.ndim
        target[np.ix_(*[old] * axes)] = values[np.ix_(*[place] * axes)]
    return wider


def _added(one: GramSums, other: GramSums) -> GramSums:
    return GramSums(one.units, *(getattr(one, name) + getattr(other, name) for name in _SUMS))


def _checked(digests: list[str], units: list[int], values: list[NDArray[np.float64]]) -> KnownSums:
    """The sums in a file.

    Raises:
        ValueError: if their shapes do not fit, or some are not finite.
    """
    sums = [GramSums(words, *parts) for words, *parts in zip(units, *values, strict=True)]
    empty = GramSums.zeros(0, len(digests))
    for one in sums:
        for name in _SUMS:
            found = getattr(one, name)
            if found.shape != getattr(empty, name).shape or not np.isfinite(found).all():
                raise ValueError(name)
    return KnownSums(digests, sums)
