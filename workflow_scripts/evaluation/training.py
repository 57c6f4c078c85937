"""Training many heads of one task, and scoring them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workflow_scripts.evaluation.cross_products import pairs_of
from workflow_scripts.evaluation.design_matrix import (
    DesignMatrices,
    Subset,
    concatenate_features,
    project_features,
)
from workflow_scripts.evaluation.learning_problem import LearningProblem
from workflow_scripts.evaluation.linear_heads import (
    DevChoice,
    LinearHead,
    LinearHeads,
    Loss,
    score_heads,
)
from workflow_scripts.evaluation.settings import (
    AdamSettings,
    LbfgsSettings,
    PenaltySettings,
    RidgeSettings,
    SgdSettings,
    Solver,
)

# What a solver keeps for each weight, in bytes: the weights, their gradient, the optimizer's
# moments and the best so far; the steps and changes of L-BFGS; or the weights and the best so far.
_GRADIENT_BYTES = 20
_LBFGS_BYTES = 220
_RIDGE_BYTES = 16
_MOST_HEADS = 64


@dataclass(frozen=True)
class Fit:
    """What became of a head.

    Attributes:
        dev_score: of the state that dev chose.
        test_score: of the same.
        epochs: passes over the training examples (iterations of L-BFGS) that made it.
    """

    dev_score: float
    test_score: float
    epochs: int


def train_heads(
    settings: Solver,
    problem: LearningProblem,
    subsets: Sequence[Subset],
    seed: int,
    memory_bytes: int,
    device: str = "cpu",
    width: int = 0,
) -> Iterator[dict[Subset, Fit]]:
    """The heads of subsets of the checkpoints, group after group, as many at a time as fit.

    Args:
        subsets: distinct.
        seed: of the order of the batches.
        memory_bytes: for what belongs to the heads.
        device: for the solvers by mini-batches.
        width: project every subset to so many dimensions; 0: read the features as they are.

    Raises:
        ValueError: if training diverged.
    """
    for group in _groups(settings, problem, subsets, memory_bytes, width):
        if width:
            design = project_features(problem.features, group, width, memory_bytes)
        else:
            design = concatenate_features(problem.features, group)
        fits = _fit(settings, problem, design, seed, memory_bytes, device)
        yield dict(zip(group, fits, strict=True))


def _fit(
    settings: Solver,
    problem: LearningProblem,
    design: DesignMatrices,
    seed: int,
    memory_bytes: int,
    device: str,
) -> list[Fit]:
    train, classes = problem.train, problem.classes
    squared = _is_ridge(settings, problem)
    loss: Loss = "squared error" if squared else "cross-entropy"
    choice = DevChoice(design.count, classes, problem.dev, problem.metric, loss)
    found: Sequence[LinearHead | None]
    if isinstance(settings, AdamSettings | SgdSettings):
        from workflow_scripts.evaluation.stochastic_gradient import fit_by_minibatches

        found = fit_by_minibatches(settings, design, train, classes, choice, seed, device)
    elif isinstance(settings, RidgeSettings) or not train.are_classes:
        from workflow_scripts.evaluation.ridge_regression import fit_ridge_paths

        found = fit_ridge_paths(settings.l2, design, problem.products, choice, memory_bytes // 2)
    else:
        from workflow_scripts.evaluation.softmax_regression import fit_softmax_paths

        found = fit_softmax_paths(
            settings, design, train, problem.products, choice, memory_bytes // 2
        )
    heads = [head for head in found if head is not None]
    if len(heads) < len(found):
        raise ValueError("training diverged; lower head.learning_rate")
    outputs = LinearHeads(design, heads).outputs
    scores, _ = score_heads(outputs, design.count, classes, problem.test, problem.metric)
    return [
        Fit(float(dev), float(test), int(epochs))
        for dev, test, epochs in zip(choice.scores, scores, choice.epochs, strict=True)
    ]


def _is_ridge(settings: Solver, problem: LearningProblem) -> bool:
    """Whether heads are ridge regressions: always by L-BFGS, too, if targets are values."""
    if isinstance(settings, LbfgsSettings):
        return not problem.train.are_classes
    return isinstance(settings, RidgeSettings)


def _groups(
    settings: Solver,
    problem: LearningProblem,
    subsets: Sequence[Subset],
    memory_bytes: int,
    width: int,
) -> Iterator[list[Subset]]:
    """Subsets that are trained at a time.

    Heads with products of columns get half of the memory for these, and half for the rest.
    """
    group: list[Subset] = []
    for subset in subsets:
        longer = [*group, subset]
        if isinstance(settings, PenaltySettings):
            products = 2 * _product_bytes(problem, longer, width)
            needed = max(products, 2 * _head_bytes(settings, problem, longer, width))
        else:
            needed = _head_bytes(settings, problem, longer, width)
        if group and (needed > memory_bytes or len(group) == _MOST_HEADS):
            yield group
            longer = [subset]
        group = longer
    yield group


def _head_bytes(
    settings: Solver, problem: LearningProblem, group: Sequence[Subset], width: int
) -> int:
    """What the heads of a group take, products apart."""
    columns = [width or sum(map(problem.features.width, subset)) for subset in group]
    weights = sum(columns) * problem.classes
    if not isinstance(settings, PenaltySettings):
        return _GRADIENT_BYTES * weights
    smaller = [min(one, len(problem.train.targets)) for one in columns]
    if _is_ridge(settings, problem):
        # One system of equations is there at a time.
        return _RIDGE_BYTES * weights + max(16 * one**2 for one in smaller)
    axes = sum(12 * one * other for one, other in zip(columns, smaller, strict=True))
    return _LBFGS_BYTES * weights + axes


def _product_bytes(problem: LearningProblem, group: Sequence[Subset], width: int) -> int:
    """What the products of columns take that the heads of a group need."""
    if width:
        return 8 * width**2 * len(group)
    pairs = set().union(*map(pairs_of, group))
    widths = {name: problem.features.width(name) for subset in group for name in subset}
    return sum(8 * widths[one] * widths[other] for one, other in pairs)
