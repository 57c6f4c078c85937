"""The picks of every method: which they are, how stable, what they tell of the rest of the zoo, and
which of them represent each checkpoint left out.

In the Gaussian process over tasks a checkpoint j that was not picked is predicted from the picks P
by the weights w = κ_PP⁻¹ κ_Pj, and the variance κ_jj − κ_jP w stays (Rasmussen and Williams 2006,
equations 2.25 and 2.26; Huang, Qiu and Church 2021, section 3).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.selection.mutual_information import mutual_information, precision

INFORMATION_COLUMNS = ["method", "draw", "k", "size", "checkpoint", "information", "bound"]

# How many of the picks are named for each checkpoint.
_NAMED = 3
REPRESENTATIVE_COLUMNS = ["checkpoint", "residual_variance"] + [
    column for place in range(1, _NAMED + 1) for column in (f"pick_{place}", f"weight_{place}")
]

# Nats by which an objective may be off the information and still be that: computed step by step.
_SAME = 1e-6
# Checkpoints of one size that have a bar, beside the picks.
_BARS = 10


def pick_table(selections: pd.DataFrame, random: str | None) -> pd.DataFrame:
    """One row per method, draw and size, with the picks in order; random sets are left out.

    The gap is how much better than the picks a set can be at most: bound − objective.
    """
    chosen = selections[selections["method"] != random].sort_values(["method", "k", "draw", "rank"])
    groups = chosen.groupby(["method", "k", "draw"], sort=False)
    table = groups["checkpoint"].agg(" + ".join).rename("picks").to_frame()
    for column in ("objective", "bound", "gap"):
        table[column] = groups[column].last()
    return table.reset_index()


def largest_set(selection: pd.DataFrame) -> list[str]:
    """The picks of the first draw of the largest size, in order.

    Args:
        selection: of one method.
    """
    largest = selection[selection["k"] == selection["k"].max()]
    first = largest[largest["draw"] == largest["draw"].min()]
    return [str(name) for name in first.sort_values("rank")["checkpoint"]]


def stability_table(shares: pd.DataFrame) -> pd.DataFrame:
    """One row per method and size: ``method, k, set_share, mean_share, rival, rival_share``.

    From how many of the replicates of the covariance the whole set is picked, how often its
    checkpoints are picked on average, and which other checkpoint is picked most often.
    """
    rows = []
    for (method, k), group in shares.groupby(["method", "k"]):
        others = group[~group["picked"]].sort_values(
            ["share", "checkpoint"], ascending=[False, True]
        )
        rows.append(
            {
                "method": method,
                "k": k,
                "set_share": group["set_share"].iloc[0],
                "mean_share": group.loc[group["picked"], "share"].mean(),
                "rival": next(iter(others["checkpoint"]), None),
                "rival_share": next(iter(others["share"]), None),
            }
        )
    return pd.DataFrame(rows)


def most_picked(table: pd.DataFrame) -> pd.DataFrame:
    """The checkpoints of one size that were picked, and those that are picked most often."""
    order = table.sort_values(["share", "checkpoint"], ascending=[False, True])
    frequent = order["share"].rank(ascending=False, method="first") <= _BARS
    return order[order["picked"] | frequent]


def information_table(kappa: NamedMatrix, selections: pd.DataFrame) -> pd.DataFrame:
    """The mutual information of the first 1, 2, … picks of every selection.

    Args:
        kappa: positive definite.
        selections: as in their files.

    Returns:
        ``INFORMATION_COLUMNS``: ``size`` picks of a selection of ``k``, the last of them
        ``checkpoint``, and what they tell of the rest, in nats; with all picks of a method that
        maximises this, an upper bound on that of any set of the size, and missing in other rows.
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
    return pd.DataFrame(rows, columns=INFORMATION_COLUMNS)


def representatives(kappa: NamedMatrix, picks: Sequence[str]) -> pd.DataFrame:
    """A row for each checkpoint left out, those of which the picks tell least first.

    Args:
        kappa: that of the selection, with its jitter; positive definite among the picks.
        picks: names of checkpoints in it.

    Returns:
        ``REPRESENTATIVE_COLUMNS``: the share of the checkpoint's variance that the picks leave,
        from 0 to 1, and the picks of the largest weights, by their size, with these; missing where
        there are fewer.
    """
    known = {name: number for number, name in enumerate(kappa.names)}
    chosen = [known[name] for name in picks]
    rest = [number for number in range(len(known)) if number not in set(chosen)]
    towards = kappa.values[np.ix_(chosen, rest)]
    weights = cho_solve(cho_factor(kappa.values[np.ix_(chosen, chosen)]), towards)
    residuals = 1 - (towards * weights).sum(axis=0) / np.diag(kappa.values)[rest]
    table = pd.DataFrame(
        {
            "checkpoint": [kappa.names[number] for number in rest],
            # Rounding may leave a copy's variance just below zero.
            "residual_variance": residuals.clip(0, 1),
        },
        columns=REPRESENTATIVE_COLUMNS,
    )
    order = np.argsort(-np.abs(weights), axis=0, kind="stable")[:_NAMED]
    for place, largest in enumerate(order, 1):
        table[f"pick_{place}"] = [picks[number] for number in largest]
        table[f"weight_{place}"] = weights[largest, np.arange(len(rest))]
    ordered = table.sort_values(["residual_variance", "checkpoint"], ascending=[False, True])
    return ordered.reset_index(drop=True)
