"""Low rank plus a diagonal, κ ≈ U Uᵀ + diag(ν), from fingerprints: for zoos of any size.

A fingerprint divided by its norm is a row of F [m, p] with κ ≈ F Fᵀ. Its best r directions are
found from products with random vectors (Halko, Martinsson and Tropp 2011, "Finding structure with
randomness", algorithm 4.4 with one power iteration), and what they leave of the unit diagonal
becomes the nugget ν. No matrix of m × m is made.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

# Beside those wanted; they make the directions found nearly the best.
_MORE_DIRECTIONS = 10
# A nugget of zero would make κ singular where fingerprints are fewer than their rank.
SMALLEST_NUGGET = 1e-6

# Goes through F once more, in blocks of rows [b, p] of norm one.
Rows = Callable[[], Iterator[NDArray[np.floating]]]


def low_rank(
    rows: Rows, width: int, rank: int, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """U [m, r] and ν [m], for F Fᵀ; the rows are gone through three times after they are counted.

    Args:
        rows: of F.
        width: p.
        rank: r, made smaller where F has no more directions.
        seed: of the random vectors.
    """
    count = sum(len(block) for block in rows())
    wanted = min(rank + _MORE_DIRECTIONS, width, count)
    basis = np.random.default_rng(seed).normal(size=(width, wanted))
    if wanted < width:
        for _ in range(2):
            basis = np.linalg.qr(_gram_times(rows, basis))[0]
    else:
        basis = np.eye(width)
    projected = np.concatenate([block @ basis for block in rows()])
    _, axes = np.linalg.eigh(projected.T @ projected)
    kept = axes[:, ::-1][:, : min(rank, wanted)]
    factor: NDArray[np.float64] = projected @ kept
    nugget = np.maximum(1 - np.einsum("mr,mr->m", factor, factor), SMALLEST_NUGGET)
    return factor, nugget


def _gram_times(rows: Rows, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """FᵀF times vectors [p, q]."""
    product = np.zeros(vectors.shape)
    for block in rows():
        product += block.T @ (block @ vectors)
    return product
