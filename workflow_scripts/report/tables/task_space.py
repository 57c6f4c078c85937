"""The task space of a zoo: a tree and a map of its checkpoints, and where each is in them.

Checkpoints that see the probe alike meet near the leaves of the tree (Ward linkage on 1 − κ), and
lie near each other on the map, whose distances are as near to 1 − κ as a plane allows (metric
multidimensional scaling; Borg and Groenen 2005, "Modern Multidimensional Scaling").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram, fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform

from workflow_scripts.common.covariance_input import NamedMatrix

SPACE_COLUMNS = ["checkpoint", "family", "x", "y", "leaf", "pick", "stress"]

# Below this Ward distance checkpoints are of one group (Huang, Qiu and Church 2021, figure 1).
GROUP_DISTANCE = 0.9


def space_table(
    kappa: NamedMatrix, families: Sequence[str] | None, picks: Sequence[str]
) -> pd.DataFrame:
    """One row per checkpoint.

    Args:
        kappa: N checkpoints.
        families: of each; ``None``: the groups of the dendrogram take their place.
        picks: in their order.

    Returns:
        ``SPACE_COLUMNS``: its family; its place on the map (:func:`task_map`) and, the same in
        every row, the map's stress; its place among the dendrogram's leaves, from 0; and the number
        of the pick that it is, missing for most.
    """
    tree = ward_tree(kappa.values)
    found = task_map(kappa.values)
    leaves = {int(one): place for place, one in enumerate(leaf_order(tree))}
    ranks = {name: rank for rank, name in enumerate(picks, 1)}
    named = families or [f"group {number}" for number in groups(tree)]
    return pd.DataFrame(
        {
            "checkpoint": kappa.names,
            "family": named,
            "x": found.places[:, 0].round(9),
            "y": found.places[:, 1].round(9),
            "leaf": [leaves[number] for number in range(len(kappa.names))],
            "pick": pd.array([ranks.get(name) for name in kappa.names], dtype="Int64"),
            "stress": round(found.stress, 9),
        }
    )


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


@dataclass(frozen=True)
class Map:
    """Places of N checkpoints.

    Attributes:
        places: [N, 2].
        stress: Kruskal's stress-1: 0 where the plane shows all distances as they are; a map above
            0.2 or so is a rough one.
    """

    places: NDArray[np.float64]
    stress: float


def task_map(kappa: NDArray[np.float64]) -> Map:
    """The map of 1 − κ, by SMACOF from the classical solution, so that nothing is drawn at random.

    Args:
        kappa: [N, N], symmetric with unit diagonal.
    """
    count = len(kappa)
    if count < 3:
        # Two points have no plane, but a distance.
        apart = float(1 - kappa[0, -1])
        return Map(np.array([[-apart / 2, 0.0], [apart / 2, 0.0]])[:count], 0.0)
    distances = (1 - kappa).clip(0)
    np.fill_diagonal(distances, 0)
    if not distances.any():
        return Map(np.zeros((count, 2)), 0.0)
    # It takes longer to import than all else here, and figures do not need it.
    from sklearn.manifold import MDS

    scaling = MDS(n_init=1, init="random", metric="precomputed", normalized_stress=False, eps=1e-9)
    places = np.asarray(scaling.fit_transform(distances, init=classical(distances)), np.float64)
    return Map(upright(places), stress(places, distances))


def classical(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """The classical solution [N, 2] (Torgerson 1952); an axis that distances have no part in is 0.

    Scikit-learn's own takes the root of a negative eigenvalue where distances are of no plane.
    """
    squares = distances**2
    rows = squares.mean(axis=0)
    products = -(squares - rows - rows[:, None] + squares.mean()) / 2
    eigenvalues, vectors = np.linalg.eigh(products)
    found: NDArray[np.float64] = vectors[:, -2:] * np.sqrt(eigenvalues[-2:].clip(0))
    return found[:, ::-1]


def upright(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same map centred, its longest axis level, the point farthest along each axis positive.

    Distances leave a map free to turn and to be mirrored; so it stands the same way every time.
    """
    centred = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned: NDArray[np.float64] = centred @ axes.T
    farthest = turned[np.abs(turned).argmax(axis=0), range(turned.shape[1])]
    return turned * np.where(farthest < 0, -1.0, 1.0)


def stress(places: NDArray[np.float64], distances: NDArray[np.float64]) -> float:
    """Kruskal's stress-1, √(Σ (d − δ)² / Σ d²) over pairs; d in the map, δ given; 0 if d = 0."""
    shown = np.linalg.norm(places[:, None] - places[None], axis=2)
    total = float((shown**2).sum())
    return float(np.sqrt(((shown - distances) ** 2).sum() / total)) if total else 0.0
