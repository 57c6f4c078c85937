"""Collects the sums over units from which kernel alignment follows, in the cheaper of two ways.

Both are exact, go through the features block by block and take no more memory than they are
given. The sums over the first units are those over all of them on the way there, so that the
estimate at every size of the probe comes with that from all of it.
"""

import logging
from collections.abc import Sequence

from workflow_scripts.covariance.arrays import NUMPY, Arrays
from workflow_scripts.covariance.centred_features import ReadRows
from workflow_scripts.covariance.cross_products import (
    CrossPlan,
    plan_cross_products,
    sums_of_cross_products,
)
from workflow_scripts.covariance.gram_tiles import TilePlan, plan_gram_tiles, sums_of_gram_tiles
from workflow_scripts.covariance.kernel_alignment import GramSums

log = logging.getLogger(__name__)

# What it takes to read and centre one feature, in operations of a product.
_READING = 100


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
