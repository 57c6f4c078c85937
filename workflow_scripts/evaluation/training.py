"""Training many heads of one task, and scoring them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.dev_choice import DevChoice, judge
from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.head_inputs import HeadInputs, Subset, concatenated, projected
from workflow_scripts.evaluation.heads import LinearHeads
from workflow_scripts.evaluation.metrics import Metric
from workflow_scripts.evaluation.settings import (
    AdamSettings,
    LbfgsSettings,
    SgdSettings,
)
from workflow_scripts.evaluation.task_features import TaskFeatures

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


@dataclass(frozen=True)
class Problem:
    """A task as heads see it.

    Attributes:
        features: of the checkpoints on its units, standardised where the settings say so.
        train, dev, test: the examples.
        classes: that train saw, which are numbered first; 1 if the targets are values.
        metric: what dev and test are scored by.
    """

    features: TaskFeatures
    train: Examples
    dev: Examples
    test: Examples
    classes: int
    metric: Metric


def train_heads(
    settings: AdamSettings | SgdSettings | LbfgsSettings,
    problem: Problem,
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
            inputs = projected(problem.features, group, width, memory_bytes)
        else:
            inputs = concatenated(problem.features, group)
        yield dict(zip(group, _fit(settings, problem, inputs, seed, device), strict=True))


def _fit(
    settings: AdamSettings | SgdSettings | LbfgsSettings,
    problem: Problem,
    inputs: HeadInputs,
    seed: int,
    device: str,
) -> list[Fit]:
    train, classes = problem.train, problem.classes
    choice = DevChoice(inputs.count, classes, problem.dev, problem.metric)
    if isinstance(settings, LbfgsSettings) and not train.are_classes:
        from workflow_scripts.evaluation.ridge_heads import fit_ridge_paths

        found = fit_ridge_paths(settings.l2, inputs, train, choice)
    elif isinstance(settings, LbfgsSettings):
        from workflow_scripts.evaluation.softmax_heads import fit_softmax_paths

        found = fit_softmax_paths(settings, inputs, train, classes, choice)
    else:
        from workflow_scripts.evaluation.gradient_heads import fit_by_gradient

        found = fit_by_gradient(settings, inputs, train, classes, choice, seed, device)
    heads = [head for head in found if head is not None]
    if len(heads) < len(found):
        raise ValueError("training diverged; lower head.learning_rate")
    outputs = LinearHeads(inputs, heads).outputs
    scores, _ = judge(outputs, inputs.count, classes, problem.test, problem.metric)
    return [
        Fit(float(dev), float(test), int(epochs))
        for dev, test, epochs in zip(choice.scores, scores, choice.epochs, strict=True)
    ]


def _groups(
    settings: AdamSettings | SgdSettings | LbfgsSettings,
    problem: Problem,
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


def check_targets(targets: NDArray[np.int64] | NDArray[np.float64]) -> None:
    """Refuse targets of train that teach nothing.

    Raises:
        ValueError: naming what is missing.
    """
    if len(np.unique(targets)) < 2:
        what = "class" if targets.dtype.kind == "i" else "value"
        raise ValueError(f"its train split has one {what} only; there is nothing to learn")
