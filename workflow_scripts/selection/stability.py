"""Measures how stable the picks of a method are: what it would pick from other probes.

Takes the flags of workflow_scripts.selection.select, and replicates of the covariance. Whatever
else a method reads, such as the quality of features, stays that of the whole probe.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import STABILITY_COLUMNS, write_table
from workflow_scripts.selection.methods import select
from workflow_scripts.selection.pool import Pool, Selection
from workflow_scripts.selection.select import (
    add_selection_flags,
    read_replicates_of,
    read_selection_flags,
)
from workflow_scripts.selection.settings import MethodSettings


def picks_from_replicates(
    settings: MethodSettings, sizes: list[int], pool: Pool
) -> list[dict[int, frozenset[str]]]:
    """The sets that a method picks from each replicate, by size; it may stop before the largest.

    Args:
        pool: what it picked from, with the replicates that take the covariance's place.
    """
    assert pool.replicates is not None
    found = []
    for values in tqdm(pool.replicates.values, unit="replicate", mininterval=5):
        matrix = NamedMatrix(pool.names, values)
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
    add_selection_flags(flags, "the shares, .csv")
    arguments = flags.parse_args(argv)
    settings, pool = read_selection_flags(arguments)
    pool = replace(pool, replicates=read_replicates_of(pool, arguments), certify=False)
    selections = select(settings, arguments.k, pool)
    # Where it stops on the whole probe is a size to compare, too.
    sizes = sorted({*arguments.k, *(len(one.picks) for one in selections)})
    sets = picks_from_replicates(settings, sizes, pool)
    label = arguments.label or arguments.method
    table = stability_table(label, selections, sets)
    write_table(table, Path(arguments.output))
    whole = table.drop_duplicates("k").set_index("k")["set_share"]
    shares = ", ".join(f"{share:.0%} at k = {k}" for k, share in whole.items())
    found(f"the same set comes back from {shares} of the replicates")


if __name__ == "__main__":
    run(main)
