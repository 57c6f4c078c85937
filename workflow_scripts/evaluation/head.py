"""A head: one linear layer on the concatenated features of a selection."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.metrics import Metric


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
