"""Writes how much the picks of every method tell of the rest of the zoo."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.common.covariance_input import NamedMatrix, checked, read_matrix
from workflow_scripts.common.script import not_negative, parser, run
from workflow_scripts.common.table_file import SELECTION_COLUMNS, read_table, write_table
from workflow_scripts.report.statistics import ALL
from workflow_scripts.selection.mutual_information import mutual_information, precision

COLUMNS = ["method", "draw", "k", "size", "checkpoint", "information", "bound"]

# Nats by which an objective may be off the information and still be that: computed step by step.
_SAME = 1e-6


def information_table(kappa: NamedMatrix, selections: pd.DataFrame) -> pd.DataFrame:
    """The mutual information of the first 1, 2, … picks of every selection.

    Args:
        kappa: positive definite.
        selections: as in their files.

    Returns:
        ``method, draw, k, size, checkpoint, information, bound``: ``size`` picks of a selection of
        ``k``, the last of them ``checkpoint``, and what they tell of the rest, in nats; with all
        picks of a method that maximises this, an upper bound on that of any set of the size, and
        missing in other rows.
    """
    inverse = precision(kappa.values)
    places = {name: number for number, name in enumerate(kappa.names)}
    rows = []
    for (method, draw, k), group in selections.groupby(["method", "draw", "k"]):
        ordered = group.sort_values("rank")
        picks = [places[name] for name in ordered["checkpoint"]]
        for size in range(1, len(picks) + 1):
            # Rounded, so that equal sets do not differ by the order of additions.
            found = round(mutual_information(kappa.values, inverse, picks[:size]), 9)
            rows.append((method, draw, k, size, kappa.names[picks[size - 1]], found, np.nan))
        objective, bound = ordered[["objective", "bound"]].iloc[-1]
        # The bounds of other objectives are bounds on those.
        if abs(objective - rows[-1][-2]) < _SAME:
            rows[-1] = (*rows[-1][:-1], bound)
    return pd.DataFrame(rows, columns=COLUMNS)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the covariance and the selections, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument("--selections", type=Path, nargs="+", required=True, help=".csv")
    flags.add_argument("--jitter", type=not_negative, default=0.0, help="as in the selection")
    flags.add_argument("--output", type=Path, required=True, help="the table, .csv")
    arguments = flags.parse_args(argv)
    selections = pd.concat([read_table(path, SELECTION_COLUMNS) for path in arguments.selections])
    # All checkpoints leave no rest.
    selections = selections[selections["method"] != ALL]
    kappa = checked(read_matrix(arguments.covariance, None), arguments.jitter)
    write_table(information_table(kappa, selections), arguments.output)


if __name__ == "__main__":
    run(main)
