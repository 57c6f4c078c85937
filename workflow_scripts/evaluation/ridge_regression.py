"""Many ridge regressions at a time, in closed form: of values, and of classes coded as 0 and 1.

What subsets of checkpoints have in common is computed once (:mod:`.cross_products`). A subset is
then one small system of equations for each penalty, with a right-hand side for each output.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from workflow_scripts.evaluation.cross_products import CrossProducts
from workflow_scripts.evaluation.design_matrix import ColumnBlock, DesignMatrices
from workflow_scripts.evaluation.linear_heads import DevChoice, LinearHead, LinearHeads

Matrix = NDArray[np.float64]


def fit_ridge_paths(
    penalties: Sequence[float],
    design: DesignMatrices,
    products: CrossProducts,
    choice: DevChoice,
    memory_bytes: int,
) -> list[LinearHead | None]:
    """Each head with the penalty that dev chose, tried from the strongest on while dev gains.

    It minimises half the mean squared error, summed over outputs, plus ``penalty``/2 times the
    squared weights of standardised columns.

    Args:
        design: columns with mean zero and variance one over train.
        products: of the training units and their targets.
        choice: decides on dev.
        memory_bytes: for products.
    """
    blocks = [[design.blocks[number] for number in design.of(head)] for head in range(design.count)]
    tall = [one for one in blocks if _width(one) <= products.count]
    products.compute(tall, memory_bytes, targets=True)
    best: list[LinearHead | None] = [None] * design.count
    running = list(range(design.count))
    for penalty in sorted(penalties, reverse=True):
        heads = [fit_ridge(blocks[one], products, penalty) for one in running]
        outputs = LinearHeads(design.only(running), heads).outputs
        gained = choice.offer(running, outputs, [1] * len(running))
        for place in np.flatnonzero(gained):
            best[running[place]] = heads[place]
        running = [one for one, better in zip(running, gained, strict=True) if better]
        if not running:
            break
    return best


def fit_ridge(blocks: Sequence[ColumnBlock], products: CrossProducts, penalty: float) -> LinearHead:
    """The ridge regression on some blocks side by side.

    With n training units, its weights are W = (XᵀX + n λ)⁻¹ XᵀY = Xᵀ (XXᵀ + n λ)⁻¹ Y. The system
    that is smaller is solved: the second where there are fewer units than columns.

    Args:
        products: of these blocks, unless there are fewer units than columns.
        penalty: λ.
    """
    loading = penalty * products.count
    if _width(blocks) <= products.count:
        weights = _solve(products.gram(blocks), loading, products.with_targets(blocks))
    else:
        columns = np.concatenate([block.read(products.rows) for block in blocks], axis=1)
        columns = columns.astype(np.float64)
        targets = products.centred_targets(products.rows)
        weights = columns.T @ _solve(columns @ columns.T, loading, targets)
    borders = np.cumsum([block.width for block in blocks])[:-1]
    return LinearHead([part.T for part in np.split(weights, borders)], products.mean)


def _width(blocks: Sequence[ColumnBlock]) -> int:
    return sum(block.width for block in blocks)


def _solve(squares: Matrix, loading: float, right: Matrix) -> Matrix:
    """(A + loading)⁻¹ B for a positive semi-definite A, which is overwritten."""
    diagonal = np.einsum("ii->i", squares)
    diagonal += loading
    try:
        factor = cho_factor(squares, lower=True, check_finite=False)
    except LinAlgError:
        # A penalty beyond what single precision tells apart from zero, on columns that depend on
        # each other: rounding has made an eigenvalue negative.
        values, axes = np.linalg.eigh(squares)
        solved: Matrix = axes @ ((axes.T @ right) / values.clip(loading)[:, None])
        return solved
    solution: Matrix = cho_solve(factor, right, check_finite=False)
    return solution
