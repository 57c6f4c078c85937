"""Features of images: the penultimate layer of an agent, batch by batch."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from workflow_scripts.kinds.agents.agent_file import AgentCard
from workflow_scripts.kinds.agents.augmentation import normalised
from workflow_scripts.kinds.agents.networks import penultimate_features


@torch.inference_mode()
def image_features(
    network: nn.Module,
    card: AgentCard,
    images: NDArray[np.uint8],
    batch_size: int,
    device: torch.device,
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """The features of images, normalised as in the agent's training.

    Args:
        images: [n, height, width, channel]; a memory map is read batch by batch.

    Yields:
        The rows of a batch and their features [b, d].
    """
    network = network.to(device).eval()
    mean, std = (torch.tensor(values, device=device) for values in (card.mean, card.std))
    for start in range(0, len(images), batch_size):
        batch = torch.from_numpy(np.moveaxis(images[start : start + batch_size], -1, 1).copy())
        features = penultimate_features(network, normalised(batch.to(device), mean, std))
        yield slice(start, start + len(batch)), features.float().cpu().numpy()
