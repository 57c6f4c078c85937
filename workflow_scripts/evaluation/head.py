"""A head: one linear layer on the concatenated features of a selection."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.metrics import Metric


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Log-probabilities [n, classes] of logits [n, classes].

    Plain numpy: scipy's spends more time on dispatch than on tables as small as a task's.
    """
    shifted: NDArray[np.floating] = logits - logits.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


@dataclass(frozen=True)
class LinearHead:
    """A linear classifier, or a linear regression.

    Attributes:
        weights: [d, classes]; [d, 1] in a regression.
        bias: [classes] or [1].
        epochs: passes over the training examples (iterations of L-BFGS) that made it.
    """

    weights: NDArray[np.floating]
    bias: NDArray[np.floating]
    epochs: int

    def outputs(self, features: NDArray[np.float32]) -> NDArray[np.floating]:
        """Scores of classes [n, classes], or values [n, 1], of features [n, d]."""
        outputs: NDArray[np.floating] = features @ self.weights + self.bias
        return outputs

    def score(self, examples: Examples, metric: Metric) -> float:
        """The metric of the outputs."""
        return metric(examples, self.outputs(examples.features))

    def loss(self, examples: Examples) -> float:
        """Mean cross-entropy in nats over units whose class train saw, or mean squared error."""
        outputs = self.outputs(examples.features)
        if not examples.are_classes:
            return float(np.mean((outputs[:, 0] - examples.targets) ** 2))
        known = np.flatnonzero(examples.targets < len(self.bias))
        if not len(known):
            return 0.0
        logs = log_softmax(outputs[known])
        return -float(logs[np.arange(len(known)), examples.targets[known].astype(np.int64)].mean())
