"""A head: one linear layer on the concatenated features of a selection."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.metrics import Metric
from workflow_scripts.evaluation.settings import AdamSettings, LbfgsSettings, SgdSettings


@dataclass(frozen=True)
class Examples:
    """Units with their features and targets.

    Attributes:
        features: [n, d].
        targets: [n], classes from 0.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64]


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Log-probabilities [n, classes] of logits [n, classes].

    Plain numpy: scipy's spends more time on dispatch than on tables as small as a task's.
    """
    shifted: NDArray[np.floating] = logits - logits.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


@dataclass(frozen=True)
class LinearHead:
    """A linear classifier.

    Attributes:
        weights: [d, classes].
        bias: [classes].
        epochs: passes over the training examples (iterations of L-BFGS) that made it.
    """

    weights: NDArray[np.floating]
    bias: NDArray[np.floating]
    epochs: int

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.floating]:
        """Scores [n, classes] of features [n, d]."""
        logits: NDArray[np.floating] = features @ self.weights + self.bias
        return logits

    def score(self, examples: Examples, metric: Metric) -> float:
        """The metric of the predicted classes."""
        return metric(examples.targets, self.logits(examples.features).argmax(axis=1))

    def loss(self, examples: Examples) -> float:
        """Mean cross-entropy, nats."""
        logs = log_softmax(self.logits(examples.features))
        return -float(logs[np.arange(len(logs)), examples.targets].mean())


class DevChoice:
    """The head that scores best on dev among those offered.

    Equal scores, frequent on a small dev split, are told apart by the cross-entropy on dev; then
    the head that was offered first stays.
    """

    def __init__(self, dev: Examples, metric: Metric) -> None:
        self._dev = dev
        self._metric = metric
        self._merit = (-np.inf, -np.inf)
        self.head: LinearHead | None = None

    def offer(self, head: LinearHead) -> None:
        """Take the head if it beats the best so far; a diverged one never does."""
        loss = head.loss(self._dev)
        merit = (head.score(self._dev, self._metric), -loss)
        if np.isfinite(loss) and merit > self._merit:
            self._merit, self.head = merit, head


def train_head(
    settings: AdamSettings | SgdSettings | LbfgsSettings,
    train: Examples,
    dev: Examples,
    classes: int,
    metric: Metric,
    seed: int,
    device: str = "cpu",
) -> LinearHead:
    """Train a head; dev chooses its epoch or, with L-BFGS, its penalty.

    Args:
        seed: of the order of the batches.
        device: for the solvers by mini-batches.

    Raises:
        ValueError: if training diverged.
    """
    choice = DevChoice(dev, metric)
    if isinstance(settings, LbfgsSettings):
        from workflow_scripts.evaluation.softmax_regression import fit_path

        heads = fit_path(train, classes, settings.l2, settings.max_iterations)
    else:
        from workflow_scripts.evaluation.gradient_head import fit_epochs

        heads = fit_epochs(settings, train, classes, seed, device)
    for head in heads:
        choice.offer(head)
    if choice.head is None:
        raise ValueError("training diverged; lower head.learning_rate")
    return choice.head
