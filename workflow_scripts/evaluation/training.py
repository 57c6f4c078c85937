"""Training a head: a solver offers heads, and dev chooses among them."""

import numpy as np

from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.head import LinearHead
from workflow_scripts.evaluation.metrics import Metric
from workflow_scripts.evaluation.settings import AdamSettings, LbfgsSettings, SgdSettings


class DevChoice:
    """The head that scores best on dev among those offered.

    Equal scores, frequent on a small dev split, are told apart by the loss on dev; then
    the head that was offered first stays.
    """

    def __init__(self, dev: Examples, metric: Metric) -> None:
        self._dev = dev
        self._metric = metric
        self._merit = (-np.inf, -np.inf)
        self.head: LinearHead | None = None

    def offer(self, head: LinearHead) -> bool:
        """Take the head if it beats the best so far, and say so; a diverged one never does."""
        loss = head.loss(self._dev)
        merit = (head.score(self._dev, self._metric), -loss)
        gained = bool(np.isfinite(loss)) and merit > self._merit
        if gained:
            self._merit, self.head = merit, head
        return gained


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

    Penalties are tried from the strongest on, for as long as dev gains.

    Args:
        classes: that train saw: they are numbered first; 1 if the targets are values.
        seed: of the order of the batches.
        device: for the solvers by mini-batches.

    Raises:
        ValueError: if training diverged.
    """
    choice = DevChoice(dev, metric)
    if isinstance(settings, LbfgsSettings) and not train.are_classes:
        from workflow_scripts.evaluation.ridge_regression import fit_ridge_path

        heads = fit_ridge_path(train, settings.l2)
    elif isinstance(settings, LbfgsSettings):
        from workflow_scripts.evaluation.softmax_regression import fit_path

        heads = fit_path(train, classes, settings.l2, settings.max_iterations)
    else:
        from workflow_scripts.evaluation.gradient_head import fit_epochs

        heads = fit_epochs(settings, train, classes, seed, device)
    for head in heads:
        gained = choice.offer(head)
        # Along a path of penalties dev gains, and then loses for good.
        if isinstance(settings, LbfgsSettings) and not gained:
            break
    if choice.head is None:
        raise ValueError("training diverged; lower head.learning_rate")
    return choice.head
