"""Training many heads of one task, and scoring them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workflow_scripts.evaluation.design_matrix import (
    DesignMatrices,
    Subset,
    concatenate_features,
    project_features,
)
from workflow_scripts.evaluation.learning_problem import LearningProblem
from workflow_scripts.evaluation.linear_heads import DevChoice, LinearHeads, score_heads
from workflow_scripts.evaluation.settings import (
    LbfgsSettings,
    Solver,
)

# What a solver keeps for each weight, in bytes: the weights, their gradient, the optimizer's
# moments and the best so far; or the steps and changes of L-BFGS.
_GRADIENT_BYTES = 20
_LBFGS_BYTES = 140
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
        yield dict(zip(group, _fit(settings, problem, design, seed, device), strict=True))


def _fit(
    settings: Solver,
    problem: LearningProblem,
    design: DesignMatrices,
    seed: int,
    device: str,
) -> list[Fit]:
    train, classes = problem.train, problem.classes
    choice = DevChoice(design.count, classes, problem.dev, problem.metric)
    if isinstance(settings, LbfgsSettings) and not train.are_classes:
        from workflow_scripts.evaluation.ridge_regression import fit_ridge_paths

        found = fit_ridge_paths(settings.l2, design, train, choice)
    elif isinstance(settings, LbfgsSettings):
        from workflow_scripts.evaluation.softmax_regression import fit_softmax_paths

        found = fit_softmax_paths(settings, design, train, classes, choice)
    else:
        from workflow_scripts.evaluation.stochastic_gradient import fit_by_minibatches

        found = fit_by_minibatches(settings, design, train, classes, choice, seed, device)
    heads = [head for head in found if head is not None]
    if len(heads) < len(found):
        raise ValueError("training diverged; lower head.learning_rate")
    outputs = LinearHeads(design, heads).outputs
    scores, _ = score_heads(outputs, design.count, classes, problem.test, problem.metric)
    return [
        Fit(float(dev), float(test), int(epochs))
        for dev, test, epochs in zip(choice.scores, scores, choice.epochs, strict=True)
    ]


def _groups(
    settings: Solver,
    problem: LearningProblem,
    subsets: Sequence[Subset],
    memory_bytes: int,
    width: int,
) -> Iterator[list[Subset]]:
    """Subsets that are trained at a time."""
    group: list[Subset] = []
    used = 0
    for subset in subsets:
        columns = width or sum(map(problem.features.width, subset))
        if isinstance(settings, LbfgsSettings):
            axes = 12 * columns * min(columns, len(problem.train.targets))
            size = _LBFGS_BYTES * columns * problem.classes + axes
        else:
            size = _GRADIENT_BYTES * columns * problem.classes
        if group and (used + size > memory_bytes or len(group) == _MOST_HEADS):
            yield group
            group, used = [], 0
        group.append(subset)
        used += size
    yield group
