"""A map of the task space: checkpoints as points whose distances are as near to 1 − κ as a plane
allows (metric multidimensional scaling; Borg and Groenen 2005, "Modern Multidimensional Scaling").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import MDS


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
