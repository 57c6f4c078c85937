"""Heads by mini-batches: SGD and Adam."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.evaluation.head import Examples, LinearHead
from workflow_scripts.evaluation.settings import AdamSettings, SgdSettings


def fit_epochs(
    settings: AdamSettings | SgdSettings, train: Examples, classes: int, seed: int, device: str
) -> Iterator[LinearHead]:
    """The head after each epoch.

    Weights start at zero: the problem is convex, and so selections differ by their features, not
    by luck. The order of the examples is drawn anew for every epoch.
    """
    features = torch.from_numpy(train.features).to(device)
    targets = torch.from_numpy(train.targets).to(device)
    layer = nn.Linear(features.shape[1], classes, device=device)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = _optimizer(settings, layer)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, settings.milestones, settings.gamma)
    for epoch in range(settings.epochs):
        generator = torch.Generator().manual_seed(seeded_integer(seed, "epoch", epoch))
        order = torch.randperm(len(targets), generator=generator)
        for batch in torch.split(order, settings.batch_size):
            rows = batch.to(device)
            loss = functional.cross_entropy(layer(features[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        yield LinearHead(
            layer.weight.detach().T.cpu().numpy().copy(),
            layer.bias.detach().cpu().numpy().copy(),
            epoch + 1,
        )


def _optimizer(settings: AdamSettings | SgdSettings, layer: nn.Module) -> torch.optim.Optimizer:
    if isinstance(settings, AdamSettings):
        return torch.optim.Adam(layer.parameters(), settings.learning_rate)
    return torch.optim.SGD(
        layer.parameters(),
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
