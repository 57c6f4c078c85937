"""Measures how stable the picks of a method are: what it would pick from other probes.

Takes the flags of workflow_scripts.selection.select, and replicates of the covariance.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.replicates_file import Replicates, read_replicates
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.table_file import STABILITY_COLUMNS, write_table
from workflow_scripts.selection.methods import select
from workflow_scripts.selection.pool import Pool, Selection
from workflow_scripts.selection.select import add_selection_flags, read_selection_flags
from workflow_scripts.selection.settings import MethodSettings

log = logging.getLogger(__name__)

# A replicate's smallest eigenvalue is raised to this. It can lie below zero.
_SMALLEST_EIGENVALUE = 1e-6


def positive_definite(
    matrix: NDArray[np.float64], smallest: float = _SMALLEST_EIGENVALUE
) -> NDArray[np.float64]:
    """A matrix [N, N] with unit diagonal, its eigenvalues raised to ``smallest`` where below.

    The diagonal is scaled back to one, so eigenvalues may end a little below.
    """
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= smallest:
        return matrix
    raised = (vectors * np.maximum(values, smallest)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    scaled: NDArray[np.float64] = (raised + raised.T) / 2 / np.outer(scale, scale)
    np.fill_diagonal(scaled, 1.0)
    return scaled


def picks_from_replicates(
    settings: MethodSettings, sizes: list[int], pool: Pool, replicates: Replicates
) -> list[dict[int, frozenset[str]]]:
    """The sets that a method picks from each replicate, by size; it may stop before the largest.

    Args:
        pool: what it picked from; the covariance is replaced.
    """
    found = []
    for values in tqdm(replicates.values, unit="replicate", mininterval=5):
        matrix = NamedMatrix(replicates.names, positive_definite(values))
        selections = select(settings, sizes, replace(pool, covariance=matrix, certify=False))
        found.append({len(one.picks): frozenset(one.picks) for one in selections})
    return found


def stability_table(
    label: str, selections: Sequence[Selection], found: Sequence[dict[int, frozenset[str]]]
) -> pd.DataFrame:
    """One row per size and checkpoint that was picked from the probe or any replicate of it.

    Returns:
        ``method, k, checkpoint, picked, share, set_share``: whether it was picked from the probe;
        the share of replicates that it is picked from; and the share that the whole set is
        picked from, in each of its rows.
    """
    rows = []
    for one in sorted(selections, key=lambda one: len(one.picks)):
        size, picked = len(one.picks), frozenset(one.picks)
        sets = [sizes.get(size, frozenset()) for sizes in found]
        counts = Counter(name for names in sets for name in names)
        whole = sets.count(picked) / len(sets)
        order = sorted(picked | counts.keys(), key=lambda name: (-counts[name], name))
        rows += [
            (label, size, name, name in picked, counts[name] / len(sets), whole) for name in order
        ]
    return pd.DataFrame(rows, columns=STABILITY_COLUMNS)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and replicates, select from each, write the shares."""
    flags = parser(__doc__)
    flags.add_argument("--replicates", type=Path, required=True, help="of the covariance, .npz")
    add_selection_flags(flags, "the shares, .csv")
    arguments = flags.parse_args(argv)
    settings, pool = read_selection_flags(arguments)
    replicates = read_replicates(arguments.replicates)
    if pool.covariance is None or pool.names != replicates.names:
        raise UserError(
            f"{arguments.replicates}: these are not of the covariance that --method "
            f"{arguments.method} picks from"
        )
    selections = select(settings, arguments.k, replace(pool, certify=False))
    found = picks_from_replicates(settings, arguments.k, pool, replicates)
    label = arguments.label or arguments.method
    table = stability_table(label, selections, found)
    write_table(table, Path(arguments.output))
    whole = table.drop_duplicates("k").set_index("k")["set_share"]
    log.info(
        "%s picks the same set from %s of the replicates",
        label,
        ", ".join(f"{share:.0%} at k = {k}" for k, share in whole.items()),
    )


if __name__ == "__main__":
    run(main)
