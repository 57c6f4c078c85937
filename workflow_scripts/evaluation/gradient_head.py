"""Heads by mini-batches: SGD and Adam."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.head import LinearHead
from workflow_scripts.evaluation.settings import AdamSettings, SgdSettings


def fit_epochs(
    settings: AdamSettings | SgdSettings, train: Examples, classes: int, seed: int, device: str
) -> Iterator[LinearHead]:
    """The head after each epoch.

    A step sees some sequences whole. Weights start at zero: the problem is convex, and so
    selections differ by their features, not by luck. The order of the sequences is drawn anew for
    every epoch. Values are standardised while they are learned.

    Args:
        classes: number of outputs; 1 if the targets are values.
    """
    mean, scale = 0.0, 1.0
    targets = torch.from_numpy(train.targets).to(device)
    if not train.are_classes:
        mean, scale = float(train.targets.mean()), float(train.targets.std()) or 1.0
        targets = ((targets - mean) / scale).float()
    features = torch.from_numpy(train.features).to(device)
    layer = nn.Linear(features.shape[1], classes, device=device)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = _optimizer(settings, layer)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, settings.milestones, settings.gamma)
    sequences = rows_of_sequences(train.sequences)
    for epoch in range(settings.epochs):
        generator = torch.Generator().manual_seed(seeded_integer(seed, "epoch", epoch))
        order = torch.randperm(len(sequences), generator=generator).tolist()
        for start in range(0, len(order), settings.batch_size):
            batch = [sequences[number] for number in order[start : start + settings.batch_size]]
            rows = torch.from_numpy(np.concatenate(batch)).to(device)
            outputs = layer(features[rows])
            if train.are_classes:
                loss = functional.cross_entropy(outputs, targets[rows])
            else:
                loss = functional.mse_loss(outputs[:, 0], targets[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        yield LinearHead(
            scale * layer.weight.detach().T.cpu().numpy().copy(),
            scale * layer.bias.detach().cpu().numpy().copy() + mean,
            epoch + 1,
        )


def rows_of_sequences(sequences: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each sequence; the units of one stand together."""
    borders = np.flatnonzero(np.diff(sequences)) + 1
    return np.split(np.arange(len(sequences)), borders)


def _optimizer(settings: AdamSettings | SgdSettings, layer: nn.Module) -> torch.optim.Optimizer:
    if isinstance(settings, AdamSettings):
        return torch.optim.Adam(layer.parameters(), settings.learning_rate)
    return torch.optim.SGD(
        layer.parameters(),
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
