"""Writes the table of who represents whom: what the picks tell of each checkpoint left out.

In the Gaussian process over tasks a checkpoint j that was not picked is predicted from the picks P
by the weights w = κ_PP⁻¹ κ_Pj, and the variance κ_jj − κ_jP w stays (Rasmussen and Williams 2006,
equations 2.25 and 2.26; Huang, Qiu and Church 2021, section 3).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from workflow_scripts.common.covariance_file import Covariance, read_covariance
from workflow_scripts.common.script import UserError, not_negative, parser, run
from workflow_scripts.common.table_file import SELECTION_COLUMNS, read_table, write_table

# How many of the picks are named for each checkpoint.
_NAMED = 3

COLUMNS = ["checkpoint", "residual_variance"] + [
    column for place in range(1, _NAMED + 1) for column in (f"pick_{place}", f"weight_{place}")
]


def representatives(covariance: Covariance, picks: Sequence[str], jitter: float) -> pd.DataFrame:
    """A row for each checkpoint left out, those of which the picks tell least first.

    Args:
        picks: names of checkpoints.
        jitter: is added to the diagonal of κ, as it was for the selection.

    Returns:
        ``COLUMNS``: the share of the checkpoint's variance that the picks leave, from 0 to 1, and
        the picks of the largest weights, by their size, with these; missing where there are fewer.

    Raises:
        UserError: if a pick is not in the covariance, or the picks' part of it is singular.
    """
    known = {name: number for number, name in enumerate(covariance.names)}
    missing = [name for name in picks if name not in known]
    if missing:
        raise UserError(f"there is no checkpoint {missing[0]!r} in the covariance; select again")
    chosen = [known[name] for name in picks]
    rest = [number for number in range(len(known)) if number not in set(chosen)]
    kappa = covariance.values + jitter * np.eye(len(known))
    try:
        factor = cho_factor(kappa[np.ix_(chosen, chosen)])
    except np.linalg.LinAlgError as error:
        raise UserError(
            "the covariance of the picks is singular: two of them have the same features; "
            "leave one of them out, or set selection: {jitter: 1e-6}"
        ) from error
    towards = kappa[np.ix_(chosen, rest)]
    weights = cho_solve(factor, towards)
    variances = np.diag(kappa)[rest]
    residuals = 1 - (towards * weights).sum(axis=0) / variances
    table = pd.DataFrame(
        {
            "checkpoint": [covariance.names[number] for number in rest],
            # Rounding may leave a copy's variance just below zero.
            "residual_variance": residuals.clip(0, 1),
        },
        columns=COLUMNS,
    )
    order = np.argsort(-np.abs(weights), axis=0, kind="stable")[:_NAMED]
    for place, largest in enumerate(order, 1):
        table[f"pick_{place}"] = [picks[number] for number in largest]
        table[f"weight_{place}"] = weights[largest, np.arange(len(rest))]
    ordered = table.sort_values(["residual_variance", "checkpoint"], ascending=[False, True])
    return ordered.reset_index(drop=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the covariance and the selection, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument("--selection", type=Path, required=True, help="of one method, .csv")
    flags.add_argument("--jitter", type=not_negative, default=0.0, help="added to κ's diagonal")
    flags.add_argument("--output", type=Path, required=True, help="the table, .csv")
    arguments = flags.parse_args(argv)
    selection = read_table(arguments.selection, SELECTION_COLUMNS)
    largest = selection[selection["k"] == selection["k"].max()]
    first = largest[largest["draw"] == largest["draw"].min()].sort_values("rank")
    covariance = read_covariance(arguments.covariance)
    picks = first["checkpoint"].tolist()
    write_table(representatives(covariance, picks, arguments.jitter), arguments.output)


if __name__ == "__main__":
    run(main)
