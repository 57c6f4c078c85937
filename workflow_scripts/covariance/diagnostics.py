"""What a user should know of a covariance before trusting it, in sentences."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from workflow_scripts.covariance.convergence import Step
from workflow_scripts.covariance.kernel_alignment import GramSums, hsic_of

# An alignment that independent features may show: more would hide what is small but real.
_CHANCE = 0.1
# By Pinsker's inequality, Gaussians this many nats apart give no set of tasks probabilities that
# differ by more than √(0.1 / 2) = 0.22.
_DIVERGENCE = 0.1
_ALIKE = 0.99


def chance_alignment(sums: GramSums) -> NDArray[np.float64]:
    """The biased κ [N, N] that is expected between the checkpoints if nothing relates them.

    That is the mean over all orders of the units of one of the two, with K and L centred,
    tr K tr L / ((n − 1) ‖K‖ ‖L‖) (Kazi-Aoual, Hitier, Sabatier and Lebreton 1995, "Refined
    approximations to permutation tests for multivariate inference", section 3, for the RV
    coefficient, which is the biased κ).
    """
    traces = sums.diagonal_totals - sums.row_totals / sums.units
    relative = traces / np.sqrt(np.diag(hsic_of(sums, "biased")))
    return np.outer(relative, relative) / (sums.units - 1)


def on_chance(sums: GramSums) -> list[str]:
    """Whether the biased estimator has too few units for what the features spread over.

    For features of β effective dimensions the expected alignment by chance is about
    β / (n − 1 + β), which gives the number of units that would be enough.
    """
    count = len(sums.inner)
    if count < 2:
        return []
    chance = float(chance_alignment(sums)[np.triu_indices(count, 1)].mean())
    if chance <= _CHANCE:
        return []
    dimensions = (sums.units - 1) * chance / max(1 - chance, 1 / sums.units)
    needed = 1 + dimensions * (1 / _CHANCE - 1)
    return [
        f"with {sums.units} units the biased estimator shows a similarity of {chance:.2f} on "
        "average between checkpoints that have nothing in common: set estimator: debiased, or "
        f"use a probe of about {_rounded(needed)} units"
    ]


def on_convergence(steps: Sequence[Step], group_name: str) -> list[str]:
    """Whether the covariance still moved when the probe was doubled for the last time.

    Args:
        steps: in the order of their groups; one has half of the last one's, if that has several.
        group_name: what groups are called, such as sentences.
    """
    whole = steps[-1]
    if math.isnan(whole.kl):
        return [
            "whether the covariance has converged cannot be told, because it is not positive "
            f"definite: leave out copies of checkpoints, or use more {group_name} for the probe"
        ]
    halves = [step for step in steps if 0 < step.groups == whole.groups // 2]
    if not halves or halves[0].kl <= _DIVERGENCE:
        return []
    half = halves[0]
    found = (
        f"is {half.kl:.2g} nats away from that of all (more than {_DIVERGENCE})"
        if math.isfinite(half.kl)
        else "is not positive definite, or there is none"
    )
    return [
        f"the covariance has not converged: that of the first {half.groups} of "
        f"{whole.groups} {group_name} {found}; use more {group_name} for the probe"
    ]


def on_duplicates(names: Sequence[str], values: NDArray[np.float64]) -> list[str]:
    """Which checkpoints are nearly the same; a sentence for each group of them."""
    count, labels = connected_components(values > _ALIKE, directed=False)
    groups = [
        [name for name, label in zip(names, labels, strict=True) if label == group]
        for group in range(count)
    ]
    return [
        f"{', '.join(group)} see the probe alike (a similarity above {_ALIKE} to another of "
        "them): keep one and leave the others out of the zoo, if they are copies"
        for group in groups
        if len(group) > 1
    ]


def _rounded(number: float) -> str:
    """With two significant digits."""
    return f"{round(number, 1 - math.floor(math.log10(number))):,.0f}"
