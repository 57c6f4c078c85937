"""An agent on disk: ``model.safetensors`` and, beside it, ``checkpoint.json``."""

from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.checkpoint_card import CheckpointCard, read_card, write_card
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.agents.networks import build_network


@dataclass(frozen=True)
class AgentCard:
    """What an agent is.

    Attributes:
        checkpoint: its name.
        network: architecture.
        image_shape: height, width, channels of its images.
        classes: the numbers of the classes that it was trained on.
        labels: their names, in the order of the network's outputs.
        mean: mean of its training images for each channel, of values in [0, 1].
        std: their standard deviation.
        seed: seed of its initial weights and of its batches.
        training: the settings of its training.
        train_images: number of training images.
        dev_images: number of dev images.
        train_loss: mean cross-entropy in each epoch, nats.
        dev_accuracy: share of dev images classified right after each epoch.
        torch: version of torch.
    """

    checkpoint: str
    network: str
    image_shape: tuple[int, int, int]
    classes: list[int]
    labels: list[str]
    mean: list[float]
    std: list[float]
    seed: int
    training: dict[str, object]
    train_images: int
    dev_images: int
    train_loss: list[float]
    dev_accuracy: list[float]
    torch: str


def save_agent(weights: Path, card_path: Path, network: nn.Module, agent: AgentCard) -> None:
    """Write the weights, then the card of the checkpoint, which says of an agent what it is."""
    state = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    with atomic_path(weights) as temporary:
        temporary.write_bytes(save(state))
    digest = file_digest(weights)
    card = CheckpointCard(
        checkpoint=agent.checkpoint,
        source=f"trained on {' '.join(agent.labels)}",
        revision=digest,
        architecture=agent.network,
        parameters=sum(one.numel() for one in network.parameters()),
        files={weights.name: digest},
        details={
            "network": agent.network,
            "classes": " ".join(agent.labels),
            "train_images": agent.train_images,
            "dev_images": agent.dev_images,
            "epochs": len(agent.dev_accuracy),
            "dev_accuracy": agent.dev_accuracy[-1],
        },
        reading=asdict(agent),
    )
    write_card(card_path, card)


def read_agent(path: Path) -> AgentCard:
    """Read what ``checkpoint.json`` says of an agent.

    Raises:
        UserError: if the file is missing or is something else.
    """
    try:
        fields = read_card(path).reading
        return AgentCard(**fields | {"image_shape": tuple(fields["image_shape"])})
    except (UserError, OSError, KeyError, TypeError) as error:
        raise UserError(f"{path}: this is no agent of this workflow; train it again") from error


def load_agent(folder: Path) -> tuple[nn.Module, AgentCard]:
    """The network of an agent, in evaluation mode on the CPU, and its card.

    Raises:
        UserError: if the folder does not hold a complete agent.
    """
    card = read_agent(folder / "checkpoint.json")
    weights = folder / "model.safetensors"
    try:
        network = build_network(card.network, len(card.classes), card.image_shape)
    except ValueError as error:
        raise UserError(f"{folder}: {error}") from error
    try:
        network.load_state_dict(load_file(weights))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise UserError(
            f"{weights}: not the weights of a {card.network}; train it again"
        ) from error
    return network.eval(), card
