"""Who represents whom: how well the picks tell of every other checkpoint, and which of them do.

Under the Gaussian process with covariance κ a checkpoint j that is not picked is predicted from the
picks P by its conditional mean, whose weights are κ_PP⁻¹ κ_Pj; what is left of its variance is
1 − κ_jP κ_PP⁻¹ κ_Pj (Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning",
equation 2.19).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from workflow_scripts.common.covariance_input import NamedMatrix

# How many of the picks are named for each checkpoint.
_NAMED = 3

COLUMNS = ["checkpoint", "residual_variance"] + [
    column for number in range(1, _NAMED + 1) for column in (f"pick_{number}", f"weight_{number}")
]


def regression(
    kappa: NDArray[np.float64], picks: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights [k, N] of the picks in the prediction of each checkpoint, and what is left of
    its variance [N], between 0 and 1.

    Args:
        kappa: [N, N], positive definite with unit diagonal.
        picks: k indices.
    """
    across = kappa[np.asarray(picks)]
    weights = cho_solve(cho_factor(across[:, np.asarray(picks)]), across)
    explained = (weights * across).sum(axis=0)
    return weights, (np.diag(kappa) - explained).clip(0, 1)


def representatives(kappa: NamedMatrix, picks: Sequence[str]) -> pd.DataFrame:
    """One row for each checkpoint that was not picked, the best predicted first.

    Args:
        kappa: positive definite.
        picks: names of the picks.

    Returns:
        ``COLUMNS``: the share of the checkpoint's variance that the picks leave open, and the picks
        of the largest weights, by their size, with these; missing where there are fewer picks.
    """
    places = [kappa.names.index(name) for name in picks]
    weights, residual = regression(kappa.values, places)
    rows = []
    for number, name in enumerate(kappa.names):
        if number in places:
            continue
        named = np.argsort(-np.abs(weights[:, number]), kind="stable")[:_NAMED]
        row: dict[str, object] = {"checkpoint": name, "residual_variance": residual[number]}
        for rank, pick in enumerate(named, 1):
            row |= {f"pick_{rank}": picks[pick], f"weight_{rank}": weights[pick, number]}
        rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(["residual_variance", "checkpoint"], ignore_index=True)
