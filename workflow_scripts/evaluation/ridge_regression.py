"""Many ridge regressions at a time, in closed form."""

from collections.abc import Sequence

import numpy as np

from workflow_scripts.evaluation.design_matrix import DesignMatrices, row_blocks
from workflow_scripts.evaluation.learning_problem import Examples
from workflow_scripts.evaluation.linear_heads import DevChoice, LinearHead, LinearHeads
from workflow_scripts.evaluation.principal_axes import principal_axes


def fit_ridge_paths(
    penalties: Sequence[float], design: DesignMatrices, train: Examples, choice: DevChoice
) -> list[LinearHead | None]:
    """Each head with the penalty that dev chose, tried from the strongest on while dev gains.

    It minimises half the mean squared error plus ``penalty``/2 times the squared weights of
    standardised columns, whose principal coordinates serve all penalties.

    Args:
        design: columns with mean zero and variance one over train.
        choice: decides on dev.
    """
    mean = train.targets.mean()
    coordinates = principal_axes(design, train.rows())
    # Xᵀy of each block; y is centred.
    products = [np.zeros(block.width) for block in design.blocks]
    for rows in row_blocks(train.rows()):
        values = train.targets[rows.start - train.start : rows.stop - train.start] - mean
        for block, product in zip(design.blocks, products, strict=True):
            product += values @ block.read(rows)
    along = [
        one.axes.T @ np.concatenate([products[number] for number in design.of(head)])
        for head, one in enumerate(coordinates)
    ]
    best: list[LinearHead | None] = [None] * design.count
    running = list(range(design.count))
    for penalty in sorted(penalties, reverse=True):
        heads = []
        for one in running:
            shrunk = along[one] / len(train.targets) / (coordinates[one].variances + penalty)
            heads.append(LinearHead(coordinates[one].weights(shrunk[:, None]), np.array([mean])))
        outputs = LinearHeads(design.only(running), heads).outputs
        gained = choice.offer(running, outputs, [1] * len(running))
        for place in np.flatnonzero(gained):
            best[running[place]] = heads[place]
        running = [one for one, better in zip(running, gained, strict=True) if better]
        if not running:
            break
    return best
