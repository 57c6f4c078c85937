"""A step of stochastic gradient descent.

Written out because making any optimizer of torch.optim imports its compiler, which takes as long as
importing torch itself: more than the networks of the embedded zoos train.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def sgd_step(
    parameters: Iterable[Tensor],
    gradients: Iterable[Tensor],
    velocities: Iterable[Tensor],
    rate: float,
    momentum: float,
    weight_decay: float,
) -> None:
    """Change parameters and velocities in place, as torch.optim.SGD does.

    Args:
        velocities: of the parameters; zeros before the first step.
        rate: the learning rate.
    """
    for parameter, gradient, velocity in zip(parameters, gradients, velocities, strict=True):
        velocity.mul_(momentum).add_(gradient).add_(parameter, alpha=weight_decay)
        parameter.sub_(velocity, alpha=rate)
