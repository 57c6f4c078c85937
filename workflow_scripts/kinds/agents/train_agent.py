"""Trains one agent: an image classifier on some of the classes.

An interrupted training goes on from its last saved epoch: its state is kept beside the weights
until the agent is finished, and counts only for the very same images and settings.
"""

import hashlib
import logging
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.device import choose_device
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.common.sgd_step import sgd_step
from workflow_scripts.images.image_units import ImageUnits, read_image_units
from workflow_scripts.kinds.agents.agent_file import AgentCard, save_agent
from workflow_scripts.kinds.agents.augmentation import augmented, normalised
from workflow_scripts.kinds.agents.networks import build_network
from workflow_scripts.kinds.agents.settings import TrainingSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentData:
    """What an agent learns from.

    Attributes:
        images: uint8 [n, channels, height, width]; training images first, then dev.
        targets: [n], outputs of the network.
        train: number of training images.
        mean: [channels], of the training images, of values in [0, 1].
        std: [channels].
    """

    images: Tensor
    targets: Tensor
    train: int
    mean: Tensor
    std: Tensor

    def normalised(self, rows: Tensor | slice) -> Tensor:
        """float32 images with the training images' mean and standard deviation taken out."""
        return normalised(self.images[rows], self.mean, self.std)


def agent_data(
    images: NDArray[np.uint8], units: ImageUnits, classes: Sequence[int], device: torch.device
) -> AgentData:
    """The training and dev images of an agent's classes.

    Raises:
        ValueError: if a class has no training image.
    """
    of_agent = np.isin(units.class_index, classes)
    train = np.flatnonzero(of_agent & (units.split == "train"))
    dev = np.flatnonzero(of_agent & (units.split == "dev"))
    missing = set(classes) - set(units.class_index[train].tolist())
    if missing:
        raise ValueError(f"there is no training image of class {min(missing)}")
    rows = np.concatenate([train, dev])
    chosen = torch.from_numpy(np.moveaxis(images[rows], -1, 1).copy()).to(device)
    targets = torch.from_numpy(np.searchsorted(sorted(classes), units.class_index[rows])).to(device)
    values = chosen[: len(train)].double() / 255
    mean, std = values.mean(dim=(0, 2, 3)).float(), values.std(dim=(0, 2, 3)).float()
    return AgentData(chosen, targets, len(train), mean, std)


def learning_rate(settings: TrainingSettings, epoch: int, step: int, steps: int) -> float:
    """The learning rate of a step: linear warm-up, then a factor at every milestone passed.

    Args:
        epoch: from 0.
        step: from 0, within the epoch.
        steps: steps of an epoch.
    """
    if epoch < settings.warmup_epochs:
        return (
            settings.learning_rate * (epoch * steps + step + 1) / (settings.warmup_epochs * steps)
        )
    passed = sum(epoch >= milestone for milestone in settings.milestones)
    return settings.learning_rate * settings.gamma**passed


@dataclass
class Training:
    """A network on its way: what has to be kept to go on after an interruption."""

    network: nn.Module
    velocity: dict[str, Tensor]
    train_loss: list[float] = field(default_factory=list)
    dev_accuracy: list[float] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.dev_accuracy)

    def state(self) -> dict[str, Any]:
        """Tensors and numbers for ``torch.save``."""
        return {
            "network": self.network.state_dict(),
            "velocity": self.velocity,
            "train_loss": self.train_loss,
            "dev_accuracy": self.dev_accuracy,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        self.network.load_state_dict(state["network"])
        self.velocity = state["velocity"]
        self.train_loss = state["train_loss"]
        self.dev_accuracy = state["dev_accuracy"]


def train_epoch(training: Training, data: AgentData, settings: TrainingSettings, seed: int) -> None:
    """One pass over the training images, then the dev accuracy.

    The draws of an epoch depend on the seed and its number alone, so that a resumed training
    equals an uninterrupted one.
    """
    generator = torch.Generator().manual_seed(seeded_integer(seed, "epoch", training.epoch))
    torch.manual_seed(seeded_integer(seed, "dropout", training.epoch))
    order = torch.randperm(data.train, generator=generator)
    # A last batch of a single image would have no variance to normalise by.
    batches = [batch for batch in torch.split(order, settings.batch_size) if len(batch) > 1]
    parameters = dict(training.network.named_parameters())
    total = 0.0
    training.network.train()
    for step, batch in enumerate(batches):
        rows = batch.to(data.images.device)
        images = augmented(
            data.normalised(rows),
            settings.crop_padding,
            settings.horizontal_flip,
            settings.rotation,
            generator,
        )
        loss = functional.cross_entropy(training.network(images), data.targets[rows])
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        rate = learning_rate(settings, training.epoch, step, len(batches))
        sgd_step(
            parameters.values(),
            gradients,
            (training.velocity[name] for name in parameters),
            rate,
            settings.momentum,
            settings.weight_decay,
        )
        total += loss.item() * len(batch)
    training.train_loss.append(total / data.train)
    training.dev_accuracy.append(_dev_accuracy(training.network, data, settings.batch_size))


@torch.no_grad()
def _dev_accuracy(network: nn.Module, data: AgentData, batch_size: int) -> float:
    network.eval()
    rows = torch.arange(data.train, len(data.images), device=data.images.device)
    hits = sum(
        int((network(data.normalised(batch)).argmax(dim=1) == data.targets[batch]).sum())
        for batch in torch.split(rows, batch_size)
    )
    return hits / len(rows)


def train(
    data: AgentData,
    settings: TrainingSettings,
    classes: int,
    seed: int,
    state_path: Path,
    save_seconds: float,
) -> Training:
    """Train an agent, from the saved state at ``state_path`` if it is of this very training.

    Args:
        save_seconds: the state is saved after an epoch when so many seconds have passed since the
            last time.
    """
    _, channels, height, width = data.images.shape
    torch.manual_seed(seeded_integer(seed, "weights"))
    network = build_network(settings.network, classes, (height, width, channels))
    network = network.to(data.images.device)
    zeros = {name: torch.zeros_like(weight) for name, weight in network.named_parameters()}
    training = Training(network, zeros)
    identity = training_identity(data, settings, seed)
    _resume(training, state_path, identity)

    saved = time.monotonic()
    bar = tqdm(total=settings.epochs, initial=training.epoch, unit="epoch", mininterval=5)
    while training.epoch < settings.epochs:
        train_epoch(training, data, settings, seed)
        bar.set_postfix(
            loss=f"{training.train_loss[-1]:.3f}", dev=f"{training.dev_accuracy[-1]:.3f}"
        )
        bar.update()
        if time.monotonic() - saved >= save_seconds and training.epoch < settings.epochs:
            with atomic_path(state_path) as temporary:
                torch.save({"identity": identity} | training.state(), temporary)
            saved = time.monotonic()
    bar.close()
    return training


def training_identity(data: AgentData, settings: TrainingSettings, seed: int) -> str:
    """A digest of everything that decides how a training goes."""
    digest = hashlib.sha256(
        repr((settings.model_dump(), seed, data.train, torch.__version__)).encode()
    )
    digest.update(data.images.cpu().numpy().tobytes())
    digest.update(data.targets.cpu().numpy().tobytes())
    return digest.hexdigest()


def _resume(training: Training, state_path: Path, identity: str) -> None:
    if not state_path.exists():
        return
    try:
        state = torch.load(state_path, map_location=_device_of(training.network), weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        log.warning("%s cannot be read (%s); training starts anew", state_path, error)
        return
    if not isinstance(state, dict) or state.get("identity") != identity:
        log.warning("%s is of other images or settings; training starts anew", state_path)
        return
    training.restore(state)
    log.info("resumed after epoch %d from %s", training.epoch, state_path)


def _device_of(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and images, train, write the agent."""
    flags = parser(__doc__)
    flags.add_argument(
        "--images", type=existing_file, required=True, help="the agents' images, .npy"
    )
    flags.add_argument(
        "--units", type=existing_file, required=True, help="what they show, .parquet"
    )
    flags.add_argument("--checkpoint", required=True, help="name of the agent")
    flags.add_argument("--classes", type=int, nargs="+", required=True, help="class numbers")
    flags.add_argument("--seed", type=int, default=0, help="of the zoo")
    flags.add_argument("--weights", type=Path, required=True, help="output, .safetensors")
    flags.add_argument("--card", type=Path, required=True, help="output, .json")
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    flags.add_argument(
        "--save-seconds", type=float, default=30, help="least time between saved states"
    )
    add_flags(flags, TrainingSettings)
    arguments = flags.parse_args(argv)
    settings = from_flags(TrainingSettings, arguments)

    device = choose_device(arguments.device)
    units = read_image_units(arguments.units)
    classes = sorted(arguments.classes)
    seed = seeded_integer(arguments.seed, arguments.checkpoint)
    state_path = arguments.weights.with_name("training.pt")
    try:
        data = agent_data(np.load(arguments.images, mmap_mode="r"), units, classes, device)
        training = train(data, settings, len(classes), seed, state_path, arguments.save_seconds)
    except ValueError as error:
        raise UserError(f"{arguments.checkpoint}: {error}") from error
    if not np.isfinite(training.train_loss[-1]):
        raise UserError(
            f"{arguments.checkpoint}: the training loss is {training.train_loss[-1]} after "
            f"{settings.epochs} epochs; lower agents.learning_rate"
        )
    _, channels, height, width = data.images.shape
    names = dict(zip(units.class_index.tolist(), units.label.tolist(), strict=True))
    card = AgentCard(
        checkpoint=arguments.checkpoint,
        network=settings.network,
        image_shape=(height, width, channels),
        classes=classes,
        labels=[names[number] for number in classes],
        mean=data.mean.tolist(),
        std=data.std.tolist(),
        seed=seed,
        training=settings.model_dump(),
        train_images=data.train,
        dev_images=len(data.images) - data.train,
        train_loss=training.train_loss,
        dev_accuracy=training.dev_accuracy,
        torch=torch.__version__,
    )
    save_agent(arguments.weights, arguments.card, training.network, card)
    state_path.unlink(missing_ok=True)
    parameters = sum(one.numel() for one in training.network.parameters())
    found(
        f"knows {', '.join(card.labels)} with a dev accuracy of {training.dev_accuracy[-1]:.1%} "
        f"after {training.epoch} epochs; {parameters:,} parameters, on {device}"
    )


if __name__ == "__main__":
    run(main)
