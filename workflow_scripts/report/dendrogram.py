"""The tree of a zoo's checkpoints: those that see the probe alike meet near its leaves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram, fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform

# Below this Ward distance checkpoints are of one group (Huang, Qiu and Church 2021, figure 1).
GROUP_DISTANCE = 0.9


@dataclass(frozen=True)
class Branches:
    """The upper part of a tree, as it is drawn.

    Attributes:
        leaves: the checkpoints below each of its L leaves, in their order.
        heights: [L − 1, 4], Ward distances of the four corners of each bracket.
        places: [L − 1, 4], where the corners are along the leaves, which stand at ½, 1½, ….
    """

    leaves: list[list[int]]
    heights: NDArray[np.float64]
    places: NDArray[np.float64]


def ward_tree(kappa: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ward linkage on 1 − κ, its leaves in the order that puts the most alike side by side.

    Args:
        kappa: [N, N], symmetric with unit diagonal, N ≥ 2.

    Returns:
        [N − 1, 4], as of :func:`scipy.cluster.hierarchy.linkage`.
    """
    distance = squareform(1 - kappa, checks=False)
    # Rounding may leave the distance of duplicates just below zero.
    return linkage(distance.clip(0), method="ward", optimal_ordering=True)


def leaf_order(tree: NDArray[np.float64]) -> NDArray[np.int64]:
    """The checkpoints in the order of the leaves: [N]."""
    return leaves_list(tree).astype(np.int64)


def groups(tree: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of each checkpoint's group, from 1, in the order of the leaves: [N]."""
    found = fcluster(tree, GROUP_DISTANCE, criterion="distance")
    numbers: dict[int, int] = {}
    for leaf in leaf_order(tree):
        numbers.setdefault(int(found[leaf]), len(numbers) + 1)
    return np.array([numbers[int(one)] for one in found], np.int64)


def branches(tree: NDArray[np.float64], most: int) -> Branches:
    """The tree, or of a larger one the upper part with ``most`` leaves."""
    count = len(tree) + 1
    drawn = dendrogram(tree, truncate_mode="lastp", p=min(most, count), no_plot=True)
    # SciPy puts leaves at 5, 15, ….
    return Branches(
        [_members(tree, node) for node in drawn["leaves"] or []],
        np.array(drawn["dcoord"], np.float64),
        np.array(drawn["icoord"], np.float64) / 10,
    )


def _members(tree: NDArray[np.float64], node: int) -> list[int]:
    """The checkpoints below a node, in the order of the leaves."""
    count = len(tree) + 1
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        if one < count:
            found.append(one)
        else:
            left, right = tree[one - count, :2].astype(int).tolist()
            waiting += [right, left]
    return found
