"""Many softmax regressions at a time, by L-BFGS: the optimum of the loss with an L2 penalty."""

import logging
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.design_matrix import ColumnBlock, DesignMatrices, row_blocks
from workflow_scripts.evaluation.lbfgs import minimise
from workflow_scripts.evaluation.learning_problem import Examples
from workflow_scripts.evaluation.linear_heads import (
    DevChoice,
    LinearHead,
    LinearHeads,
    add_products,
)
from workflow_scripts.evaluation.principal_axes import PrincipalAxes, principal_axes
from workflow_scripts.evaluation.settings import LbfgsSettings

log = logging.getLogger(__name__)

# Relative change of the loss, and largest entry of its gradient, at which L-BFGS stops. The loss is
# then within 1e-4 of its optimum; going on moves fewer than one prediction in a hundred.
TOLERANCE = 1e-6
GRADIENT_TOLERANCE = 1e-5
# Outputs of a block of examples, which should stay in the processor's cache.
_BLOCK_OUTPUTS = 1 << 18

Table = NDArray[np.float64]


def fit_softmax_paths(
    settings: LbfgsSettings,
    design: DesignMatrices,
    train: Examples,
    classes: int,
    choice: DevChoice,
) -> list[LinearHead | None]:
    """Each head with the penalty that dev chose; none where the loss is not finite.

    Penalties are tried from the strongest to the weakest, each from the optimum before, which is
    close, for as long as a head gains on dev: along the path dev gains, and then loses for good.

    Args:
        design: columns with mean zero and variance one over train.
        choice: decides on dev.
    """
    problem = SoftmaxProblem(design, train, classes)
    best: list[LinearHead | None] = [None] * design.count
    running = list(range(design.count))
    tables = [np.zeros((one.axes.shape[1] + 1, classes)) for one in problem.coordinates]
    iterations = np.zeros(design.count, np.int64)
    share = np.bincount(train.targets.astype(np.int64), minlength=classes) / len(train.targets)
    curvatures = np.repeat((share * (1 - share))[None], design.count, axis=0)
    for penalty in sorted(settings.l2, reverse=True):
        scales = problem.scales(running, curvatures, penalty)
        flat, steps = minimise(
            partial(problem.loss, running, scales, penalty),
            [(tables[one] * scale).ravel() for one, scale in zip(running, scales, strict=True)],
            settings.max_iterations,
            TOLERANCE,
            GRADIENT_TOLERANCE,
        )
        if max(steps) >= settings.max_iterations:
            log.warning("L-BFGS stopped after %d iterations at l2 = %g", max(steps), penalty)
        iterations[running] += steps
        for one, point, scale in zip(running, flat, scales, strict=True):
            tables[one] = point.reshape(scale.shape) / scale
        heads = [problem.head(one, tables[one]) for one in running]
        outputs = LinearHeads(design.only(running), heads).outputs
        gained = choice.offer(running, outputs, iterations[running].tolist())
        for place in np.flatnonzero(gained):
            best[running[place]] = heads[place]
        running = [one for one, better in zip(running, gained, strict=True) if better]
        if not running:
            break
        curvatures = problem.curvatures(running, [tables[one] for one in running])
    return best


class SoftmaxProblem:
    """Mean cross-entropy plus a penalty, as a function of weights along principal coordinates.

    A table [r + 1, classes] holds the weights of a head along its r coordinates, and its biases.
    Scaled coordinates are the entries times √(variance along the coordinate · curvature of the
    class + penalty): in these the loss curves about alike in all directions, and L-BFGS needs
    some tens of iterations where it would need hundreds.

    Attributes:
        coordinates: of each head.
    """

    def __init__(self, design: DesignMatrices, train: Examples, classes: int) -> None:
        self.coordinates = principal_axes(design, train.rows())
        self._design = _along_axes(design, self.coordinates, train.start)
        self._train = train
        self._targets = train.targets.astype(np.int64)
        self._classes = classes
        self._of_heads: dict[tuple[int, ...], DesignMatrices] = {}

    def scales(
        self, heads: Sequence[int], curvatures: NDArray[np.float64], penalty: float
    ) -> list[Table]:
        """The factors [r + 1, classes] that lead to scaled coordinates.

        Args:
            curvatures: [len(heads), classes], p (1 − p) for the chance p of each class, the second
                derivative of the cross-entropy along a coordinate of variance one.
        """
        scales = []
        for one, curvature in zip(heads, curvatures, strict=True):
            # Biases belong to a coordinate of variance one, without a penalty.
            variances = np.append(self.coordinates[one].variances, 1.0)
            penalties = np.append(np.full(len(variances) - 1, penalty), _TINY)
            scales.append(np.sqrt(np.outer(variances, curvature) + penalties[:, None]))
        return scales

    def head(self, head: int, table: Table) -> LinearHead:
        """The head of a table, on columns as they are."""
        return LinearHead(self.coordinates[head].weights(table[:-1]), table[-1])

    def loss(
        self,
        heads: Sequence[int],
        scales: Sequence[Table],
        penalty: float,
        places: Sequence[int],
        points: Sequence[NDArray[np.float64]],
    ) -> tuple[list[float], list[NDArray[np.float64]]]:
        """The mean cross-entropy plus ``penalty``/2 times the squared weights, and its gradient.

        Args:
            heads: numbers of heads, to which the scales belong.
            places: among these, those that are evaluated.
            points: their tables in scaled coordinates, flattened.
        """
        numbers = [heads[place] for place in places]
        scales = [scales[place] for place in places]
        tables = [
            point.reshape(scale.shape) / scale for point, scale in zip(points, scales, strict=True)
        ]
        design, weights, bias = self._packed(numbers, tables)
        losses = np.zeros(len(numbers))
        slopes = [np.zeros_like(table) for table in weights]
        offsets = np.zeros((len(numbers), self._classes))
        for rows in self._row_blocks(len(numbers)):
            columns = [block.read(rows) for block in design.blocks]
            chances = add_products(design, weights, bias, columns)
            chances -= chances.max(axis=1, keepdims=True)
            targets = self._targets[rows.start - self._train.start : rows.stop - self._train.start]
            right = (slice(None), targets, np.arange(len(targets)))
            losses -= chances[right].sum(axis=1, dtype=np.float64)
            np.exp(chances, out=chances)
            sums = chances.sum(axis=1, keepdims=True)
            losses += np.log(sums[:, 0]).sum(axis=1, dtype=np.float64)
            chances /= sums
            chances[right] -= 1
            for block, slope, values in zip(design.blocks, slopes, columns, strict=True):
                errors = chances[block.heads]
                slope += errors.reshape(-1, errors.shape[-1]) @ values
            offsets += chances.sum(axis=2)
        found, gradients = [], []
        parts = _unpacked(design, slopes, self._classes)
        for place, (number, table, scale) in enumerate(zip(numbers, tables, scales, strict=True)):
            along = self._along(number, parts[place]) / len(self._targets)
            slope = np.vstack([along + penalty * table[:-1], offsets[place] / len(self._targets)])
            found.append(
                losses[place] / len(self._targets) + penalty / 2 * float(np.sum(table[:-1] ** 2))
            )
            gradients.append((slope / scale).ravel())
        return found, gradients

    def curvatures(self, heads: Sequence[int], tables: Sequence[Table]) -> NDArray[np.float64]:
        """The mean of p (1 − p) over the examples, [len(heads), classes]."""
        design, weights, bias = self._packed(heads, tables)
        sums = np.zeros((len(heads), self._classes))
        for rows in self._row_blocks(len(heads)):
            chances = add_products(design, weights, bias, [one.read(rows) for one in design.blocks])
            chances = np.exp(chances - chances.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            sums += (chances * (1 - chances)).sum(axis=2, dtype=np.float64)
        return sums / len(self._targets)

    def _row_blocks(self, heads: int) -> list[slice]:
        return row_blocks(self._train.rows(), max(_BLOCK_OUTPUTS // (heads * self._classes), 256))

    def _packed(
        self, heads: Sequence[int], tables: Sequence[Table]
    ) -> tuple[DesignMatrices, list[NDArray[np.float32]], NDArray[np.float32]]:
        """The design of these heads, their weights for each block, and their biases."""
        if tuple(heads) not in self._of_heads:
            self._of_heads[tuple(heads)] = self._design.only(heads)
        design = self._of_heads[tuple(heads)]
        left = [
            iter(
                self.coordinates[one].weights(table[:-1])
                if self.coordinates[one].components is None
                else [table[:-1].T.astype(np.float32)]
            )
            for one, table in zip(heads, tables, strict=True)
        ]
        weights = [
            np.concatenate([next(left[one]) for one in block.heads]) for block in design.blocks
        ]
        return design, weights, np.stack([table[-1] for table in tables]).astype(np.float32)

    def _along(self, head: int, parts: Sequence[NDArray[np.float32]]) -> Table:
        """The gradient [r, classes] along the coordinates, of that of the weights of each block."""
        whole = np.concatenate(parts, axis=1).T
        one = self.coordinates[head]
        return (one.axes.T @ whole if one.components is None else whole).astype(np.float64)


_TINY = np.finfo(np.float32).tiny


def _along_axes(
    design: DesignMatrices, coordinates: Sequence[PrincipalAxes], start: int
) -> DesignMatrices:
    """The same, where heads with fewer examples than columns read the components of these."""
    shared = [head for head, one in enumerate(coordinates) if one.components is None]
    blocks = [
        ColumnBlock(block.width, block.heads[np.isin(block.heads, shared)], block.read)
        for block in design.blocks
        if np.isin(block.heads, shared).any()
    ]
    for head, one in enumerate(coordinates):
        if one.components is not None:
            read = partial(_rows_from, one.components, start)
            blocks.append(ColumnBlock(one.components.shape[1], np.array([head]), read))
    return DesignMatrices(design.count, blocks)


def _rows_from(values: NDArray[np.float32], start: int, rows: slice) -> NDArray[np.float32]:
    return values[rows.start - start : rows.stop - start]


def _unpacked(
    design: DesignMatrices, tables: Sequence[NDArray[np.float32]], classes: int
) -> list[list[NDArray[np.float32]]]:
    """Of each head, its parts [classes, d] of the tables [heads · classes, d] of the blocks."""
    parts: list[list[NDArray[np.float32]]] = [[] for _ in range(design.count)]
    for block, table in zip(design.blocks, tables, strict=True):
        for place, head in enumerate(block.heads):
            parts[head].append(table[place * classes : (place + 1) * classes])
    return parts
