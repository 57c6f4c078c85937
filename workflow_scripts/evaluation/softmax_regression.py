"""Many softmax regressions at a time, by L-BFGS: the optimum of the loss with an L2 penalty."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.cross_products import CrossProducts
from workflow_scripts.evaluation.design_matrix import ColumnBlock, DesignMatrices, row_blocks
from workflow_scripts.evaluation.lbfgs import minimise
from workflow_scripts.evaluation.learning_problem import Examples
from workflow_scripts.evaluation.linear_heads import (
    DevChoice,
    LinearHead,
    LinearHeads,
    add_products,
    of_heads,
)
from workflow_scripts.evaluation.principal_axes import PrincipalAxes, principal_axes
from workflow_scripts.evaluation.settings import LbfgsSettings

log = logging.getLogger(__name__)

# Estimated distance of the loss from its optimum, and largest entry of its gradient, at which
# L-BFGS stops. The loss is then within 1e-4 of its optimum; going on moves fewer than one
# prediction in a hundred.
TOLERANCE = 2e-5
GRADIENT_TOLERANCE = 1e-5
# Outputs, and columns, of a block of examples, which should stay in the processor's cache.
_BLOCK_OUTPUTS, _BLOCK_COLUMNS = 1 << 18, 1 << 19
# Exponentials of more are infinite in single precision.
_LARGEST_OUTPUT = 80

Table = NDArray[np.float64]


def fit_softmax_paths(
    settings: LbfgsSettings,
    design: DesignMatrices,
    train: Examples,
    products: CrossProducts,
    choice: DevChoice,
    memory_bytes: int,
) -> list[LinearHead | None]:
    """Each head with the penalty that dev chose; none where the loss is not finite.

    Penalties are tried from the strongest to the weakest, each from the optimum before, which is
    close, for as long as a head gains on dev: along the path dev gains, and then loses for good.
    The first starts from the shares of the classes.

    Args:
        design: columns with mean zero and variance one over train.
        products: of train.
        choice: decides on dev.
        memory_bytes: for products.
    """
    problem = SoftmaxProblem(design, train, products, memory_bytes)
    best: list[LinearHead | None] = [None] * design.count
    running = list(range(design.count))
    shares = products.mean
    tables = [np.zeros((one.axes.shape[1] + 1, len(shares))) for one in problem.axes]
    for table in tables:
        table[-1] = np.log(shares.clip(1 / len(train.targets)))
    iterations = np.zeros(design.count, np.int64)
    curvatures = np.repeat((np.diag(shares) - np.outer(shares, shares))[None], design.count, axis=0)
    for penalty in sorted(settings.l2, reverse=True):
        scalings = problem.scalings(running, curvatures, penalty)
        points, steps = minimise(
            partial(problem.loss, running, scalings, penalty),
            [scaling.point(tables[one]) for one, scaling in zip(running, scalings, strict=True)],
            settings.max_iterations,
            TOLERANCE,
            GRADIENT_TOLERANCE,
        )
        if max(steps) >= settings.max_iterations:
            log.warning("L-BFGS stopped after %d iterations at l2 = %g", max(steps), penalty)
        iterations[running] += steps
        for one, point, scaling in zip(running, points, scalings, strict=True):
            tables[one] = scaling.table(point)
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


@dataclass(frozen=True)
class Scaling:
    """Coordinates in which the loss of a head curves about alike in all directions.

    In these, L-BFGS needs some tens of iterations where it would need hundreds. The second
    derivative of the cross-entropy is the mean over examples x of (diag(p) − ppᵀ) ⊗ xxᵀ, for the
    chances p of the classes. It is about the product of the means of the factors (Martens and
    Grosse 2015), whose axes are the principal axes of the examples and of the classes.

    Attributes:
        rotation: [classes, classes], the axes of the classes as columns.
        factors: [r + 1, classes], √(variance along an axis of the examples · curvature along an
            axis of the classes + penalty).
    """

    rotation: Table
    factors: Table

    def point(self, table: Table) -> NDArray[np.float64]:
        """A table in these coordinates, flattened."""
        return ((table @ self.rotation) * self.factors).ravel()

    def table(self, point: NDArray[np.float64]) -> Table:
        """The table of a point."""
        return (point.reshape(self.factors.shape) / self.factors) @ self.rotation.T

    def gradient(self, slope: Table) -> NDArray[np.float64]:
        """The gradient in these coordinates, of that along the entries of a table."""
        return ((slope @ self.rotation) / self.factors).ravel()


class SoftmaxProblem:
    """Mean cross-entropy plus a penalty, as a function of weights along principal axes.

    A table [r + 1, classes] holds the weights of a head along its r axes, and its biases.

    Attributes:
        axes: of each head.
    """

    def __init__(
        self, design: DesignMatrices, train: Examples, products: CrossProducts, memory_bytes: int
    ) -> None:
        self.axes = principal_axes(design, products, memory_bytes)
        self._design = _along_axes(design, self.axes, train.start)
        self._train = train
        self._targets = train.targets.astype(np.int64)
        self._classes = len(products.mean)
        self._of_heads: dict[tuple[int, ...], DesignMatrices] = {}

    def scalings(
        self, heads: Sequence[int], curvatures: NDArray[np.float64], penalty: float
    ) -> list[Scaling]:
        """Coordinates for some heads.

        Args:
            curvatures: [len(heads), classes, classes], the mean of diag(p) − ppᵀ for each.
        """
        scalings = []
        for one, curvature in zip(heads, curvatures, strict=True):
            along, rotation = np.linalg.eigh(curvature)
            # Nothing curves where all classes gain alike, but for the penalty.
            along = along.clip(_LEAST_CURVATURE * along[-1])
            # Biases belong to an axis of variance one, without a penalty.
            variances = np.append(self.axes[one].variances, 1.0)
            penalties = np.append(np.full(len(variances) - 1, penalty), 0.0)
            factors = np.sqrt(np.outer(variances, along) + penalties[:, None])
            scalings.append(Scaling(rotation, factors))
        return scalings

    def head(self, head: int, table: Table) -> LinearHead:
        """The head of a table, on columns as they are."""
        return LinearHead(self.axes[head].weights(table[:-1]), table[-1])

    def loss(
        self,
        heads: Sequence[int],
        scalings: Sequence[Scaling],
        penalty: float,
        places: Sequence[int],
        points: Sequence[NDArray[np.float64]],
    ) -> tuple[list[float], list[NDArray[np.float64]]]:
        """The mean cross-entropy plus ``penalty``/2 times the squared weights, and its gradient.

        Args:
            heads: numbers of heads, to which the scalings belong.
            places: among these, those that are evaluated.
            points: their tables in scaled coordinates.
        """
        numbers = [heads[place] for place in places]
        scalings = [scalings[place] for place in places]
        tables = [one.table(point) for one, point in zip(scalings, points, strict=True)]
        design, weights, bias = self._packed(numbers, tables)
        losses = np.zeros(len(numbers))
        slopes = [np.zeros_like(table) for table in weights]
        offsets = np.zeros(bias.size)
        for rows in self._row_blocks(design):
            columns = [block.read(rows) for block in design.blocks]
            outputs = add_products(design, weights, bias, columns)
            targets = self._targets[rows.start - self._train.start : rows.stop - self._train.start]
            right = (np.arange(len(targets)), slice(None), targets)
            losses -= outputs[right].sum(axis=0, dtype=np.float64)
            losses += _to_chances(outputs).sum(axis=0, dtype=np.float64)
            outputs[right] -= 1
            for block, slope, values in zip(design.blocks, slopes, columns, strict=True):
                slope += of_heads(outputs, block.heads).T @ values
            offsets += np.ones(len(targets), np.float32) @ outputs.reshape(len(targets), -1)
        found, gradients = [], []
        count = len(self._targets)
        parts = _unpacked(design, slopes, self._classes)
        for place, (number, table, scaling) in enumerate(
            zip(numbers, tables, scalings, strict=True)
        ):
            along = self._along(number, parts[place]) / count + penalty * table[:-1]
            offset = offsets[place * self._classes : (place + 1) * self._classes] / count
            # Nothing is gained by raising all biases alike; what is left of it is rounding.
            whole: Table = np.vstack([along, offset - offset.mean()])
            gradients.append(scaling.gradient(whole))
            found.append(losses[place] / count + penalty / 2 * float(np.sum(table[:-1] ** 2)))
        return found, gradients

    def curvatures(self, heads: Sequence[int], tables: Sequence[Table]) -> NDArray[np.float64]:
        """The mean of diag(p) − ppᵀ over the examples, [len(heads), classes, classes]."""
        design, weights, bias = self._packed(heads, tables)
        sums = np.zeros((len(heads), self._classes, self._classes))
        for rows in self._row_blocks(design):
            chances = add_products(design, weights, bias, [one.read(rows) for one in design.blocks])
            _to_chances(chances)
            for head in range(len(heads)):
                sums[head] += np.diag(chances[:, head].sum(axis=0, dtype=np.float64))
                sums[head] -= chances[:, head].T @ chances[:, head]
        return sums / len(self._targets)

    def _row_blocks(self, design: DesignMatrices) -> list[slice]:
        columns = sum(block.width for block in design.blocks)
        size = min(_BLOCK_OUTPUTS // (design.count * self._classes), _BLOCK_COLUMNS // columns)
        return row_blocks(self._train.rows(), max(size, 256))

    def _packed(
        self, heads: Sequence[int], tables: Sequence[Table]
    ) -> tuple[DesignMatrices, list[NDArray[np.float32]], NDArray[np.float32]]:
        """The design of these heads, their weights for each block, and their biases."""
        if tuple(heads) not in self._of_heads:
            self._of_heads[tuple(heads)] = self._design.only(heads)
        design = self._of_heads[tuple(heads)]
        left = [
            iter(
                self.axes[one].weights(table[:-1])
                if self.axes[one].components is None
                else [table[:-1].T.astype(np.float32)]
            )
            for one, table in zip(heads, tables, strict=True)
        ]
        weights = [
            np.concatenate([next(left[one]) for one in block.heads]) for block in design.blocks
        ]
        return design, weights, np.stack([table[-1] for table in tables]).astype(np.float32)

    def _along(self, head: int, parts: Sequence[NDArray[np.float32]]) -> Table:
        """The gradient [r, classes] along the axes, of that of the weights of each block."""
        whole = np.concatenate(parts, axis=1).T
        one = self.axes[head]
        return (one.axes.T @ whole if one.components is None else whole).astype(np.float64)


# Relative to the largest.
_LEAST_CURVATURE = 1e-6


def _to_chances(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make outputs [n, S, classes] chances, in place.

    Returns:
        [n, S], the logarithms of the sums of their exponentials.
    """
    shift = np.zeros(outputs.shape[:2], np.float32)
    if outputs.max() > _LARGEST_OUTPUT:
        shift = outputs.max(axis=2)
        outputs -= shift[:, :, None]
    np.exp(outputs, out=outputs)
    # A product with ones sums faster than a sum along short rows.
    sums = outputs.reshape(-1, outputs.shape[2]) @ np.ones(outputs.shape[2], np.float32)
    sums = sums.reshape(outputs.shape[:2])
    outputs *= np.reciprocal(sums)[:, :, None]
    found: NDArray[np.float32] = np.log(sums) + shift
    return found


def _along_axes(
    design: DesignMatrices, axes: Sequence[PrincipalAxes], start: int
) -> DesignMatrices:
    """The same, where heads with fewer examples than columns read the components of these."""
    shared = [head for head, one in enumerate(axes) if one.components is None]
    blocks = [
        ColumnBlock(block.name, block.width, block.heads[np.isin(block.heads, shared)], block.read)
        for block in design.blocks
        if np.isin(block.heads, shared).any()
    ]
    for head, one in enumerate(axes):
        if one.components is not None:
            read = partial(_rows_from, one.components, start)
            name = f"components of {head}"
            blocks.append(ColumnBlock(name, one.components.shape[1], np.array([head]), read))
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
