"""Stages 2 and 3: networks, augmentation, training of agents, and their features; and the files in
which they are kept."""

import copy
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors import torch as safetensors_torch
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.checkpoint_card import CheckpointCard, read_card, write_card
from workflow_scripts.common.device import choose_device
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import Facts
from workflow_scripts.common.feature_file import FeatureWriter, open_features
from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.images.image_units import ImageUnits, read_image_units
from workflow_scripts.kinds.agents import draw_images, extract_agent, train_agent
from workflow_scripts.kinds.agents.agent_file import AgentCard, load_agent, read_agent, save_agent
from workflow_scripts.kinds.agents.augmentation import augmented, normalised
from workflow_scripts.kinds.agents.networks import (
    build_network,
    feature_dim,
    penultimate_features,
)
from workflow_scripts.kinds.agents.settings import TrainingSettings
from workflow_scripts.kinds.agents.train_agent import AgentData, agent_data, learning_rate

CPU = torch.device("cpu")


def seeded(seed: int = 0) -> torch.Generator:
    """A generator."""
    return torch.Generator().manual_seed(seed)


# Networks.


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("alexnet", 4096),
        ("convnext_tiny", 768),
        ("densenet121", 1024),
        ("efficientnet_b0", 1280),
        ("efficientnet_v2_s", 1280),
        ("googlenet", 1024),
        ("mnasnet0_5", 1280),
        ("mobilenet_v2", 1280),
        ("mobilenet_v3_small", 1024),
        ("resnet50", 2048),
        ("resnext50_32x4d", 2048),
        ("shufflenet_v2_x0_5", 1024),
        ("squeezenet1_1", 512),
        ("vgg11", 4096),
        ("wide_resnet50_2", 2048),
    ],
)
def test_a_network_of_each_family_takes_small_images(name: str, dim: int) -> None:
    """On torch's meta device, which knows shapes and computes nothing."""
    with torch.device("meta"):
        network = build_network(name, 7, (32, 32, 3)).eval()
        images = torch.empty(2, 3, 32, 32)
        assert network(images).shape == (2, 7)
        assert penultimate_features(network, images).shape == (2, dim)
    assert feature_dim(network) == dim


def test_regnets_take_small_images() -> None:
    """Their widths are computed with tensors, so the meta device does not do."""
    network = build_network("regnet_y_400mf", 7, (32, 32, 1)).eval()
    images = torch.randn(2, 1, 32, 32, generator=seeded())
    assert network(images).shape == (2, 7)
    assert penultimate_features(network, images).shape == (2, 440) == (2, feature_dim(network))


@pytest.mark.parametrize("name", ["inception_v3", "maxvit_t", "vit_b_16", "vit_b_32"])
def test_a_network_that_cannot_take_small_images_is_refused(name: str) -> None:
    with (
        torch.device("meta"),
        pytest.raises(ValueError, match=f"^network '{name}' cannot take") as no,
    ):
        build_network(name, 7, (32, 32, 3))
    assert "32×32 pixels" in str(no.value)
    assert "resnet18" in str(no.value)


def test_a_network_that_pools_images_away_is_refused() -> None:
    with torch.device("meta"), pytest.raises(ValueError, match="cannot take images of 8×8 pixels"):
        build_network("vgg11", 7, (8, 8, 1))


def test_a_transformer_with_a_convolutional_stem_takes_small_images() -> None:
    with torch.device("meta"):
        network = build_network("swin_t", 7, (32, 32, 3)).eval()
        assert penultimate_features(network, torch.empty(2, 3, 32, 32)).shape == (2, 768)


@pytest.mark.parametrize("name", ["resnet1000", "", "ResNet18", "fasterrcnn_resnet50_fpn"])
def test_an_unknown_network_is_refused_with_the_names_of_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=f"there is no network '{name}'") as refusal:
        build_network(name, 7, (32, 32, 3))
    for known in ("convnet", "resnet18", "vgg11"):
        assert known in str(refusal.value)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d"])
def test_a_resnet_gets_the_stem_for_small_images(name: str, channels: int) -> None:
    with torch.device("meta"):
        network: Any = build_network(name, 7, (32, 32, channels)).eval()
    assert network.conv1.kernel_size == (3, 3)
    assert network.conv1.stride == (1, 1)
    assert network.conv1.padding == (1, 1)
    assert (network.conv1.in_channels, network.conv1.out_channels) == (channels, 64)
    assert network.conv1.bias is None
    assert not any(isinstance(module, nn.MaxPool2d) for module in network.modules())
    seen: list[torch.Size] = []
    network.layer1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    network(torch.empty(2, channels, 32, 32, device="meta"))
    assert seen == [(2, 64, 32, 32)]


def test_features_of_a_resnet_are_its_output_without_the_last_layer() -> None:
    torch.manual_seed(0)
    network: Any = build_network("resnet18", 7, (16, 16, 3)).eval()
    images = torch.randn(4, 3, 16, 16, generator=seeded())
    headless = copy.deepcopy(network)
    headless.fc = nn.Identity()
    with torch.no_grad():
        features = penultimate_features(network, images)
        assert features.std() > 0
        assert torch.equal(features, headless(images))
        assert torch.equal(network.fc(features), network(images))


def test_features_of_a_squeezenet_are_averaged_over_the_positions() -> None:
    torch.manual_seed(0)
    network: Any = build_network("squeezenet1_1", 7, (16, 16, 3)).eval()
    images = torch.randn(4, 3, 16, 16, generator=seeded())
    with torch.no_grad():
        features = penultimate_features(network, images)
        assert features.std() > 0
        torch.testing.assert_close(features, network.features(images).mean(dim=(2, 3)))


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (9, 16, 3)])
def test_the_convnet_is_linear_in_its_features(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    height, width, channels = shape
    network: Any = build_network("convnet", 5, shape).eval()
    images = torch.randn(6, channels, height, width, generator=seeded())
    with torch.no_grad():
        features = penultimate_features(network, images)
        assert features.shape == (6, feature_dim(network)) == (6, 64)
        torch.testing.assert_close(network[-1](features), network(images))
        torch.testing.assert_close(features, network[:-1](images))


def test_reading_features_leaves_no_hook_behind() -> None:
    network = build_network("convnet", 5, (8, 8, 1)).eval()
    penultimate_features(network, torch.zeros(2, 1, 8, 8))
    assert not any(module._forward_pre_hooks for module in network.modules())


# Augmentation.


def test_images_are_normalised_channel_by_channel() -> None:
    images = torch.randint(256, (2, 3, 4, 5), generator=seeded(), dtype=torch.uint8)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 0.5, 0.25])
    result = normalised(images, mean, std)
    for channel in range(3):
        expected = (images[:, channel] / 255 - mean[channel]) / std[channel]
        torch.testing.assert_close(result[:, channel], expected)


def test_without_augmentation_images_stay_and_nothing_is_drawn() -> None:
    images, generator = torch.randn(3, 1, 5, 5), seeded()
    before = generator.get_state()
    assert torch.equal(augmented(images, 0, False, 0.0, generator), images)
    assert torch.equal(generator.get_state(), before)


def close(one: Tensor, other: Tensor) -> bool:
    """Whether two images are the same but for rounding."""
    return bool(torch.allclose(one, other, atol=1e-4))


def test_a_shift_is_a_crop_of_the_padded_image() -> None:
    image, padding = torch.randn(2, 5, 7, generator=seeded(1)), 2
    results = augmented(image.expand(200, -1, -1, -1), padding, False, 0.0, seeded())
    padded = functional.pad(image, (padding,) * 4)
    crops = {
        (down, right): padded[:, down : down + 5, right : right + 7]
        for down in range(2 * padding + 1)
        for right in range(2 * padding + 1)
    }
    seen = [[place for place, crop in crops.items() if close(crop, result)] for result in results]
    assert all(len(places) == 1 for places in seen)
    assert {places[0] for places in seen} == set(crops)


def test_half_of_the_images_are_mirrored() -> None:
    image = torch.randn(2, 5, 7, generator=seeded(1))
    results = augmented(image.expand(200, -1, -1, -1), 0, True, 0.0, seeded())
    mirrored = [close(result, image.flip(2)) for result in results]
    same = [close(result, image) for result in results]
    assert sum(mirrored) + sum(same) == 200
    assert 70 < sum(mirrored) < 130


@pytest.mark.parametrize("quarters", [-2, -1, 1, 2])
def test_a_quarter_turn_moves_every_pixel(quarters: int) -> None:
    """The angle is drawn from [-rotation, rotation): choose the rotation that gives a quarter."""
    image = torch.randn(1, 3, 6, 6, generator=seeded(1))
    share = next(
        (seed, share)
        for seed in range(100)
        if (share := 2 * torch.rand(1, generator=seeded(seed)).item() - 1) * quarters > 0.1
    )
    result = augmented(image, 0, False, 90 * quarters / share[1], seeded(share[0]))
    assert close(result, torch.rot90(image, quarters, (2, 3)))


def test_turns_stay_within_the_angle() -> None:
    """A point far from the centre shows by how much an image was turned."""
    image = torch.zeros(1, 1, 41, 41)
    image[..., 20, 38:41] = 1
    results = augmented(image.expand(100, -1, -1, -1), 0, False, 30.0, seeded())[:, 0]
    down, right = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")
    weight = results.sum(dim=(1, 2))
    angles = torch.atan2(
        (results * down).sum(dim=(1, 2)) / weight, (results * right).sum(dim=(1, 2)) / weight
    ).rad2deg()
    assert angles.abs().max() <= 30.5
    assert angles.min() < -25
    assert angles.max() > 25
    assert 12 < angles.abs().mean() < 18


def slow_augmented(image: Tensor, mirror: float, angle: float, shift: Tensor) -> Tensor:
    """One image, pixel by pixel: from each place of the result, shift, turn and mirror to a place
    in the image, and mix the four pixels around it."""
    _, height, width = image.shape
    result = torch.zeros_like(image)
    cosine, sine = np.cos(angle), np.sin(angle)
    for row in range(height):
        for column in range(width):
            x, y = column - (width - 1) / 2, row - (height - 1) / 2
            at_x = mirror * (cosine * x - sine * y) + float(shift[0]) + (width - 1) / 2
            at_y = sine * x + cosine * y + float(shift[1]) + (height - 1) / 2
            left, top = int(np.floor(at_x)), int(np.floor(at_y))
            for near_row, near_column in (
                (top, left),
                (top, left + 1),
                (top + 1, left),
                (top + 1, left + 1),
            ):
                if 0 <= near_row < height and 0 <= near_column < width:
                    share = (1 - abs(at_x - near_column)) * (1 - abs(at_y - near_row))
                    result[:, row, column] += share * image[:, near_row, near_column]
    return result


def test_augmentation_equals_a_slow_version_also_of_images_that_are_not_square() -> None:
    count = 12
    images = torch.randn(count, 2, 6, 9, generator=seeded(1))
    results = augmented(images, 2, True, 40.0, seeded())
    generator = seeded()
    angle = (2 * torch.rand(count, generator=generator) - 1) * np.deg2rad(40)
    mirror = 1 - 2 * torch.randint(2, (count,), generator=generator)
    shift = torch.randint(-2, 3, (2, count), generator=generator)
    for number in range(count):
        slow = slow_augmented(
            images[number], float(mirror[number]), float(angle[number]), shift[:, number]
        )
        torch.testing.assert_close(results[number], slow, atol=1e-4, rtol=1e-4)


def test_the_same_generator_gives_the_same_augmentation() -> None:
    images = torch.randn(5, 1, 8, 8, generator=seeded(1))
    one, again, other = (augmented(images, 2, True, 15.0, seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


# Learning rate and descent.


def test_the_learning_rate_warms_up_and_falls_at_milestones() -> None:
    given = TrainingSettings(learning_rate=0.8, warmup_epochs=2, milestones=[3, 5], gamma=0.5)
    rates = [[learning_rate(given, epoch, step, 4) for step in range(4)] for epoch in range(7)]
    assert rates == [
        pytest.approx([0.1, 0.2, 0.3, 0.4]),
        pytest.approx([0.5, 0.6, 0.7, 0.8]),
        pytest.approx([0.8] * 4),
        pytest.approx([0.4] * 4),
        pytest.approx([0.4] * 4),
        pytest.approx([0.2] * 4),
        pytest.approx([0.2] * 4),
    ]


def test_without_milestones_the_learning_rate_stays() -> None:
    given = TrainingSettings(learning_rate=0.8)
    assert {learning_rate(given, epoch, step, 2) for epoch in range(9) for step in range(2)} == {
        0.8
    }


def made_up_data(train: int = 23, dev: int = 9, classes: int = 3) -> AgentData:
    """Images of noise whose brightness tells the class."""
    targets = torch.arange(train + dev) % classes
    noise = torch.randint(60, (train + dev, 1, 8, 8), generator=seeded())
    images = (noise + 60 * targets[:, None, None, None]).to(torch.uint8)
    values = images[:train].float() / 255
    return AgentData(images, targets, train, values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3)))


def test_training_descends_like_stochastic_gradient_descent_of_torch() -> None:
    data = made_up_data()
    given = TrainingSettings(
        epochs=4,
        batch_size=5,
        learning_rate=0.05,
        momentum=0.8,
        weight_decay=0.01,
        warmup_epochs=1,
        milestones=[2],
    )
    torch.manual_seed(0)
    network = build_network("convnet", 3, (8, 8, 1))
    twin = copy.deepcopy(network)
    zeros = {name: torch.zeros_like(weight) for name, weight in network.named_parameters()}
    training = train_agent.Training(network, zeros)
    optimizer = torch.optim.SGD(twin.parameters(), lr=1.0, momentum=0.8, weight_decay=0.01)
    for epoch in range(given.epochs):
        train_agent.train_epoch(training, data, given, seed=7)
        order = torch.randperm(23, generator=seeded(seeded_integer(7, "epoch", epoch)))
        losses = []
        twin.train()
        for step in range(5):
            rows = order[5 * step : 5 * step + 5]
            loss = functional.cross_entropy(twin(data.normalised(rows)), data.targets[rows])
            optimizer.param_groups[0]["lr"] = learning_rate(given, epoch, step, 5)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses += [loss.item()] * len(rows)
        twin.eval()
        with torch.no_grad():
            hits = twin(data.normalised(slice(23, None))).argmax(dim=1) == data.targets[23:]
        assert training.epoch == epoch + 1
        assert training.train_loss[-1] == pytest.approx(np.mean(losses), rel=1e-4)
        assert training.dev_accuracy[-1] == pytest.approx(hits.float().mean().item())
    state = network.state_dict()
    assert state.keys() == twin.state_dict().keys()
    for name, expected in twin.state_dict().items():
        torch.testing.assert_close(state[name], expected, rtol=1e-4, atol=1e-5)
    assert training.train_loss[-1] < training.train_loss[0]


def test_a_last_batch_of_one_image_is_left_out() -> None:
    """It has no variance to normalise by, and torch would refuse it."""
    data = made_up_data(train=11)
    network = build_network("convnet", 3, (8, 8, 1))
    zeros = {name: torch.zeros_like(weight) for name, weight in network.named_parameters()}
    training = train_agent.Training(network, zeros)
    train_agent.train_epoch(training, data, TrainingSettings(batch_size=5), seed=0)
    assert int(network.state_dict()["1.num_batches_tracked"]) == 2
    assert np.isfinite(training.train_loss).all()


def made_up_units() -> tuple[NDArray[np.uint8], ImageUnits]:
    """Twelve images of four classes, all splits in disorder."""
    class_index = np.array([3, 1, 2, 0, 1, 3, 2, 0, 3, 1, 2, 0])
    split = np.array(["dev", "train", "train", "dev"] * 3)
    split[[0, 3]] = "train"
    images = np.random.default_rng(0).integers(0, 256, (12, 4, 5, 3), dtype=np.uint8)
    labels = np.array(["zero", "one", "two", "three"])[class_index]
    return images, ImageUnits(np.arange(12), class_index, labels, split, np.zeros(12))


def test_an_agent_sees_the_images_of_its_classes_training_images_first() -> None:
    images, units = made_up_units()
    data = agent_data(images, units, [1, 3], CPU)
    rows = [row for row in range(12) if units.class_index[row] in (1, 3)]
    train = [row for row in rows if units.split[row] == "train"]
    dev = [row for row in rows if units.split[row] == "dev"]
    assert train
    assert dev
    assert data.train == len(train)
    assert (data.images.numpy() == images[train + dev].transpose(0, 3, 1, 2)).all()
    assert data.targets.tolist() == [{1: 0, 3: 1}[units.class_index[row]] for row in train + dev]
    pixels = images[train].reshape(-1, 3) / 255
    assert data.mean.tolist() == pytest.approx(pixels.mean(axis=0))
    assert data.std.tolist() == pytest.approx(pixels.std(axis=0, ddof=1))


def test_a_class_without_training_image_is_refused() -> None:
    images, units = made_up_units()
    with pytest.raises(ValueError, match="no training image of class 4"):
        agent_data(images, units, [1, 4], CPU)
    units.split[units.class_index == 2] = "dev"
    with pytest.raises(ValueError, match="no training image of class 2"):
        agent_data(images, units, [1, 2], CPU)


# Training as a script.


@dataclass(frozen=True)
class Corpus:
    """A corpus of digits on disk."""

    images: Path
    units: Path


def draw_corpus(folder: Path, corpus: str, *flags: str) -> Corpus:
    """A corpus of a zoo of digits, through the script."""
    drawn = Corpus(folder / f"{corpus}.npy", folder / f"{corpus}.units.parquet")
    draw_images.main(
        ["--source", "digits", "--corpus", corpus, "--probe-per-class", "10", *flags]
        + ["--output", str(drawn.images), "--units", str(drawn.units)]
    )
    return drawn


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The agents' corpus."""
    return draw_corpus(tmp_path_factory.mktemp("digits"), "agents")


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The agents' corpus when most images are kept for tasks: 12 of the rarest class."""
    folder = tmp_path_factory.mktemp("few digits")
    return draw_corpus(folder, "agents", "--task-train-per-class", "108")


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The probe."""
    return draw_corpus(tmp_path_factory.mktemp("probe"), "probe", "--rotations", "10.0")


def train(corpus: Corpus, folder: Path, *flags: str, classes: tuple[int, ...] = (1, 4, 7)) -> Path:
    """An agent trained by the script; its folder."""
    train_agent.main(
        ["--images", str(corpus.images), "--units", str(corpus.units), "--device", "cpu"]
        + ["--checkpoint", "agent-03", "--classes", *map(str, classes), *flags]
        + ["--weights", str(folder / "model.safetensors")]
        + ["--card", str(folder / "checkpoint.json")]
    )
    return folder


@pytest.fixture(scope="session")
def agent(digits: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained agent."""
    folder = tmp_path_factory.mktemp("agent")
    return train(digits, folder, "--epochs", "4", "--seed", "5", classes=(7, 1, 4))


def test_an_agent_learns_its_classes(agent: Path, digits: Corpus) -> None:
    network, card = load_agent(agent)
    assert card.dev_accuracy[-1] > 0.9
    assert card.train_loss[-1] < card.train_loss[0]
    units, images = read_image_units(digits.units), np.load(digits.images)
    rows = np.flatnonzero(np.isin(units.class_index, [1, 4, 7]) & (units.split == "dev"))
    values = (images[rows].transpose(0, 3, 1, 2) / 255 - card.mean[0]) / card.std[0]
    with torch.no_grad():
        answers = network(torch.from_numpy(values).float()).argmax(dim=1).numpy()
    hits = np.array(card.classes)[answers] == units.class_index[rows]
    assert hits.mean() == pytest.approx(card.dev_accuracy[-1])


def test_the_card_tells_what_the_agent_is(agent: Path, digits: Corpus) -> None:
    card, units = read_agent(agent / "checkpoint.json"), read_image_units(digits.units)
    ours = np.isin(units.class_index, [1, 4, 7])
    assert card.checkpoint == "agent-03"
    assert card.network == "convnet"
    assert card.image_shape == (8, 8, 1)
    assert card.classes == [1, 4, 7]
    assert card.labels == ["1", "4", "7"]
    assert card.seed == seeded_integer(5, "agent-03")
    assert card.training == TrainingSettings(epochs=4).model_dump()
    assert card.train_images == (ours & (units.split == "train")).sum()
    assert card.dev_images == (ours & (units.split == "dev")).sum()
    assert len(card.train_loss) == len(card.dev_accuracy) == 4
    assert card.torch == torch.__version__
    assert sorted(path.name for path in agent.iterdir()) == ["checkpoint.json", "model.safetensors"]


def test_the_table_of_checkpoints_shows_an_agent(agent: Path) -> None:
    card, own = read_card(agent / "checkpoint.json"), read_agent(agent / "checkpoint.json")
    digest = hashlib.sha256((agent / "model.safetensors").read_bytes()).hexdigest()
    assert card.source == "trained on 1 4 7"
    assert card.revision == digest
    assert card.files == {"model.safetensors": digest}
    assert card.architecture == "convnet"
    assert card.details == {
        "network": "convnet",
        "classes": "1 4 7",
        "train_images": own.train_images,
        "dev_images": own.dev_images,
        "epochs": 4,
        "dev_accuracy": own.dev_accuracy[-1],
    }
    weights = build_network("convnet", 3, (8, 8, 1)).parameters()
    assert card.parameters == sum(one.numel() for one in weights)


def contents(folder: Path) -> dict[str, bytes]:
    """The files in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


SHORT = ["--epochs", "4", "--crop-padding", "1", "--rotation", "10", "--warmup-epochs", "1"]


@pytest.fixture(scope="session")
def uninterrupted(few_digits: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An agent trained shortly, without interruption."""
    return train(few_digits, tmp_path_factory.mktemp("uninterrupted"), *SHORT)


def test_an_agent_is_the_same_bytes_every_time(
    few_digits: Corpus, tmp_path: Path, uninterrupted: Path
) -> None:
    """Whatever else drew random numbers before, and in whatever order the classes are given."""
    torch.manual_seed(99)
    train(few_digits, tmp_path, *SHORT, classes=(7, 4, 1))
    assert contents(tmp_path) == contents(uninterrupted)
    assert sorted(contents(tmp_path)) == ["checkpoint.json", "model.safetensors"]


@pytest.mark.parametrize("flags", [["--seed", "1"], ["--checkpoint", "agent-04"]])
def test_seed_and_name_decide_the_weights(
    few_digits: Corpus, tmp_path: Path, uninterrupted: Path, flags: list[str]
) -> None:
    """Later flags win, so the name is that of these flags."""
    train(few_digits, tmp_path, *SHORT, *flags)
    assert contents(tmp_path)["model.safetensors"] != contents(uninterrupted)["model.safetensors"]


def interrupt_after(epochs: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let Ctrl-C come in the epoch after so many; the epochs that were begun are listed."""
    begun: list[int] = []
    real = train_agent.train_epoch

    def train_epoch(training: train_agent.Training, *arguments: Any) -> None:
        begun.append(training.epoch)
        if len(begun) > epochs:
            raise KeyboardInterrupt
        real(training, *arguments)

    monkeypatch.setattr(train_agent, "train_epoch", train_epoch)
    return begun


@pytest.fixture
def interrupted(
    few_digits: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Starts a training that is interrupted in its third epoch, its state having been saved."""

    def start(*flags: str) -> Path:
        folder = tmp_path / "interrupted"
        with monkeypatch.context() as patch:
            interrupt_after(2, patch)
            with pytest.raises(KeyboardInterrupt):
                train(few_digits, folder, "--save-seconds", "0", *flags)
        assert [path.name for path in folder.iterdir()] == ["training.pt"]
        return folder

    return start


def test_an_interrupted_training_goes_on_where_it_was(
    few_digits: Corpus,
    interrupted: Callable[..., Path],
    uninterrupted: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = interrupted(*SHORT)
    begun = interrupt_after(99, monkeypatch)
    train(few_digits, folder, *SHORT)
    assert begun == [2, 3]
    assert contents(folder) == contents(uninterrupted)


def test_an_interrupted_training_with_dropout_goes_on_where_it_was(
    few_digits: Corpus, interrupted: Callable[..., Path], tmp_path: Path
) -> None:
    """Dropout draws from torch's own generator, not from the one of the batches."""
    flags = ["--network", "squeezenet1_1", "--epochs", "3", "--learning-rate", "0.01"]
    folder = train(few_digits, interrupted(*flags), *flags)
    assert contents(folder) == contents(train(few_digits, tmp_path / "again", *flags))


def test_the_state_is_saved_only_now_and_then(
    few_digits: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_after(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(few_digits, tmp_path, *SHORT, "--save-seconds", "1000")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "flags",
    [
        [*SHORT, "--learning-rate", "0.05"],
        [*SHORT, "--epochs", "5"],
        [*SHORT, "--seed", "1"],
        [*SHORT, "--checkpoint", "agent-04"],
        [*SHORT, "--classes", "1", "4", "8"],
    ],
    ids=lambda flags: flags[len(SHORT)],
)
def test_the_state_of_another_training_is_not_used(
    few_digits: Corpus,
    interrupted: Callable[..., Path],
    uninterrupted: Path,
    caplog: pytest.LogCaptureFixture,
    flags: list[str],
) -> None:
    folder = interrupted(*flags)
    train(few_digits, folder, *SHORT)
    assert "is of other images or settings; training starts anew" in caplog.text
    assert contents(folder) == contents(uninterrupted)


def test_whatever_decides_a_training_tells_it_from_others() -> None:
    data, given = made_up_data(), TrainingSettings(epochs=3)
    pixel, target = data.images.clone(), data.targets.clone()
    pixel[-1, 0, 7, 7] += 1
    target[-1] = (target[-1] + 1) % 3
    identities = [
        train_agent.training_identity(*arguments)
        for arguments in (
            (data, given, 0),
            (replace(data, images=pixel), given, 0),
            (replace(data, targets=target), given, 0),
            (replace(data, train=data.train + 1), given, 0),
            (data, TrainingSettings(epochs=3, gamma=0.3), 0),
            (data, given, 1),
        )
    ]
    assert len(set(identities)) == 6
    assert train_agent.training_identity(made_up_data(), given, 0) == identities[0]


def cut_short(path: Path) -> None:
    """Lose the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "spoil",
    [
        cut_short,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no state at all"),
        lambda path: path.write_bytes(bytes(1000)),
        lambda path: torch.save([1, 2, 3], path),
        lambda path: torch.save({"identity": Path("x")}, path),
        lambda path: torch.save({"network": {}}, path),
    ],
    ids=["cut", "empty", "text", "zeros", "list", "object", "without identity"],
)
def test_a_state_that_cannot_be_read_is_not_used(
    few_digits: Corpus,
    tmp_path: Path,
    interrupted: Callable[..., Path],
    uninterrupted: Path,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], object],
) -> None:
    folder = interrupted(*SHORT)
    spoil(folder / "training.pt")
    train(few_digits, folder, *SHORT)
    assert "training starts anew" in caplog.text
    assert contents(folder) == contents(uninterrupted)


def test_an_unknown_network_is_told_with_the_agent(few_digits: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--network: there is no network 'resnet1000'; did you"):
        train(few_digits, tmp_path, "--network", "resnet1000")


def test_a_class_without_images_is_told_with_the_agent(few_digits: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^agent-03: there is no training image of class 11"):
        train(few_digits, tmp_path, classes=(1, 11))


def test_a_training_that_diverges_is_told_with_what_to_change(
    few_digits: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(
        UserError, match=r"^agent-03: the training loss is nan .*; lower agents\.learning_rate"
    ):
        train(few_digits, tmp_path, "--epochs", "2", "--learning-rate", "1e30")
    assert not list(tmp_path.iterdir())


def test_a_bad_setting_is_told_with_its_flag(few_digits: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--batch-size: "):
        train(few_digits, tmp_path, "--batch-size", "1")


# Agents on disk.


def test_an_agent_survives_the_disk(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network("convnet", 2, (8, 8, 3)).eval()
    card = AgentCard(
        checkpoint="agent-00",
        network="convnet",
        image_shape=(8, 8, 3),
        classes=[2, 5],
        labels=["two", "fünf"],
        mean=[0.1, 0.2, 1 / 3],
        std=[0.5, 1e-7, 2.0],
        seed=2**62,
        training={"epochs": 3, "milestones": []},
        train_images=10,
        dev_images=2,
        train_loss=[0.5, 0.1],
        dev_accuracy=[0.5, 1.0],
        torch="2",
    )
    save_agent(tmp_path / "model.safetensors", tmp_path / "checkpoint.json", network, card)
    loaded, read = load_agent(tmp_path)
    assert read == card
    assert not loaded.training
    images = torch.randn(3, 3, 8, 8, generator=seeded())
    with torch.no_grad():
        assert torch.equal(loaded(images), network(images))


def edit_card(folder: Path, **changes: object) -> None:
    """Change fields of what an agent's card says of it; ``None`` takes a field away."""
    card = read_card(folder / "checkpoint.json")
    fields = card.reading | changes
    kept = {name: value for name, value in fields.items() if value is not None}
    write_card(folder / "checkpoint.json", replace(card, reading=kept))


# A language model's.
OTHER_CARD = CheckpointCard("bert", "bert-base", "0" * 40, "bert", 9, {}, {}, {"layers": 12})


@pytest.fixture
def own_agent(agent: Path, tmp_path: Path) -> Path:
    """A copy of the trained agent that a test may spoil."""
    folder = tmp_path / "agent"
    folder.mkdir()
    for name, content in contents(agent).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("spoil", "file"),
    [
        (lambda folder: (folder / "checkpoint.json").unlink(), "checkpoint.json"),
        (lambda folder: cut_short(folder / "checkpoint.json"), "checkpoint.json"),
        (lambda folder: (folder / "checkpoint.json").write_text("[]"), "checkpoint.json"),
        (lambda folder: (folder / "checkpoint.json").write_bytes(b"\xff"), "checkpoint.json"),
        (lambda folder: edit_card(folder, mean=None), "checkpoint.json"),
        (lambda folder: write_card(folder / "checkpoint.json", OTHER_CARD), "checkpoint.json"),
        (lambda folder: edit_card(folder, image_shape=None), "checkpoint.json"),
        (lambda folder: edit_card(folder, image_shape=8), "checkpoint.json"),
        (lambda folder: edit_card(folder, colour="red"), "checkpoint.json"),
        (lambda folder: edit_card(folder, network="resnet1000"), "resnet1000"),
        (lambda folder: edit_card(folder, network="resnet18"), "model.safetensors"),
        (lambda folder: edit_card(folder, classes=[1, 4]), "model.safetensors"),
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors"),
        (lambda folder: cut_short(folder / "model.safetensors"), "model.safetensors"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b""), "model.safetensors"),
        (
            lambda folder: save_file({"x": np.zeros(3)}, folder / "model.safetensors"),
            "model.safetensors",
        ),
    ],
)
def test_a_broken_agent_is_told_with_its_file(
    own_agent: Path, probe: Corpus, spoil: Callable[[Path], object], file: str
) -> None:
    spoil(own_agent)
    with pytest.raises(UserError) as refusal:
        features_of(own_agent, probe, own_agent / "features.safetensors")
    assert file in str(refusal.value)
    assert str(own_agent) in str(refusal.value)
    assert not (own_agent / "features.safetensors").exists()


# Features.


def features_of(agent: Path, corpus: Corpus, output: Path, *flags: str) -> Path:
    """The features of an agent on a corpus, through the script."""
    extract_agent.main(
        ["--corpus", str(corpus.images), "--checkpoint", str(agent), "--output", str(output)]
        + ["--device", "cpu", *flags]
    )
    return output


@pytest.fixture(scope="session")
def features(agent: Path, probe: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The features of the trained agent on the probe."""
    return features_of(agent, probe, tmp_path_factory.mktemp("features") / "probe.safetensors")


def test_features_equal_those_of_one_image_at_a_time(
    agent: Path, probe: Corpus, features: Path
) -> None:
    network: Any
    network, card = load_agent(agent)
    images = np.load(probe.images)
    found = open_features(features)
    assert found.features.shape == (len(images), 64) == (200, 64)
    assert found.features.dtype == np.float32
    assert found.present.all()
    for image, row in zip(images, found.features, strict=True):
        values = (image[..., 0] / 255 - card.mean[0]) / card.std[0]
        with torch.no_grad():
            one = network[:-1](torch.from_numpy(values).float()[None, None])[0].numpy()
        np.testing.assert_allclose(row, one, rtol=1e-4, atol=1e-5)
    assert found.features.std(axis=0).max() > 0


def test_the_facts_say_what_the_features_cost(
    agent: Path, probe: Corpus, tmp_path: Path, job_facts: Facts
) -> None:
    started = time.monotonic()
    features_of(agent, probe, tmp_path / "f.safetensors")
    seconds = 200 / 1000 * job_facts.seconds_per_thousand["agent-03"]
    assert 0 < seconds < time.monotonic() - started
    assert [one.partition(",")[0] for one in job_facts.found] == ["200 images"]


def test_feature_files_tell_what_they_were_made_from(
    agent: Path, probe: Corpus, features: Path
) -> None:
    metadata = dict(open_features(features).metadata)
    assert len(metadata.pop("features_sha256")) == 64
    assert metadata == {
        "checkpoint": "agent-03",
        "source": "agent",
        "revision": hashlib.sha256((agent / "model.safetensors").read_bytes()).hexdigest(),
        "layer": "penultimate",
        "pooling": "none",
        "dtype": "float32",
        "corpus": probe.images.stem,
        "corpus_sha256": hashlib.sha256(probe.images.read_bytes()).hexdigest(),
        "torch": torch.__version__,
    }


@pytest.mark.parametrize("size", ["1", "7", "199", "200", "1000"])
def test_the_batch_size_does_not_matter(
    agent: Path, probe: Corpus, features: Path, tmp_path: Path, size: str
) -> None:
    other = open_features(
        features_of(agent, probe, tmp_path / "f.safetensors", "--batch-size", size)
    )
    assert other.present.all()
    np.testing.assert_allclose(
        other.features, open_features(features).features, rtol=1e-4, atol=1e-5
    )


def test_features_may_be_stored_at_half_precision(
    agent: Path, probe: Corpus, features: Path, tmp_path: Path
) -> None:
    half = open_features(
        features_of(agent, probe, tmp_path / "f.safetensors", "--dtype", "float16")
    )
    assert half.features.dtype == np.float16
    assert half.metadata["dtype"] == "float16"
    assert (half.features == open_features(features).features.astype(np.float16)).all()


def test_features_are_the_same_bytes_every_time(
    agent: Path, probe: Corpus, features: Path, tmp_path: Path
) -> None:
    again = features_of(agent, probe, tmp_path / "probe.safetensors")
    assert again.read_bytes() == features.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["probe.safetensors"]


def test_images_of_another_shape_are_told(agent: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros((3, 8, 9, 1), np.uint8))
    corpus = Corpus(tmp_path / "wide.npy", tmp_path / "none")
    with pytest.raises(UserError, match=r"wide\.npy has images of \(8, 9, 1\), agent-03 takes"):
        features_of(agent, corpus, tmp_path / "f.safetensors")
    assert not (tmp_path / "f.safetensors").exists()


def scaled_features(folder: Path, factor: float) -> None:
    """Multiply an agent's features by a factor: its last normalisation is followed by a ReLU and
    an average alone."""
    path = folder / "model.safetensors"
    weights = safetensors_torch.load_file(path)
    last = max(
        (name for name in weights if name.endswith("running_mean")),
        key=lambda name: int(name.split(".")[0]),
    ).split(".")[0]
    for part in ("weight", "bias"):
        weights[f"{last}.{part}"] = weights[f"{last}.{part}"] * factor
    safetensors_torch.save_file(weights, path)


def test_features_that_are_no_numbers_are_told_with_checkpoint_and_unit(
    own_agent: Path, probe: Corpus, tmp_path: Path
) -> None:
    scaled_features(own_agent, float("nan"))
    output = tmp_path / "f.safetensors"
    with pytest.raises(UserError, match=r"checkpoint agent-03: .* unit 0 of .*probe\.npy"):
        features_of(own_agent, probe, output)
    assert [path.name for path in tmp_path.iterdir()] == ["agent"]


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_features_too_large_for_half_precision_are_told_with_the_first_such_unit(
    own_agent: Path, probe: Corpus, features: Path, tmp_path: Path
) -> None:
    largest = np.array(open_features(features).features.max(axis=1))
    order = np.argsort(largest)
    images = tmp_path / "sorted.npy"
    np.save(images, np.load(probe.images)[order])
    ascending = largest[order]
    # The last of the units that stay below the limit is the one before the widest gap.
    unit = 8 + int(np.argmax(ascending[8:] / ascending[7:-1]))
    limit = np.sqrt(ascending[unit - 1] * ascending[unit])
    assert ascending[unit] > 1.002 * limit
    scaled_features(own_agent, float(np.finfo(np.float16).max / limit))
    arguments = (own_agent, Corpus(images, probe.units), tmp_path / "f.safetensors")
    with pytest.raises(UserError, match=rf"unit {unit} of .* are not finite as float16"):
        features_of(*arguments, "--batch-size", "7", "--dtype", "float16")
    assert not arguments[-1].exists()
    features_of(*arguments, "--batch-size", "7", "--dtype", "float32")
    assert open_features(arguments[-1]).present.all()


# Devices.


def test_a_device_is_chosen_when_none_is_said() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize("name", ["banana", "", "cuda:99", "cpu:x"])
def test_a_device_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(UserError, match=f"^--device {name}: torch cannot use it") as refusal:
        choose_device(name)
    assert "\n" not in str(refusal.value)
    assert "say auto, cpu, cuda or cuda:N" in str(refusal.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_is_told_where_there_is_none(agent: Path, probe: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--device cuda: "):
        features_of(agent, probe, tmp_path / "f.safetensors", "--device", "cuda")


# Feature files.


def matrix(units: int = 7, dim: int = 5, dtype: str = "float32") -> NDArray[np.floating]:
    """Some features."""
    return np.random.default_rng(0).normal(size=(units, dim)).astype(dtype)


def write_features(path: Path, values: NDArray[np.floating], **metadata: str) -> Path:
    """A feature file with all units."""
    units, dim = values.shape
    with FeatureWriter(path, units, dim, values.dtype.name, metadata) as writer:
        writer.write(slice(None), values)
    return path


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", [(7, 5), (1, 1), (3, 64), (128, 3)])
def test_feature_files_are_safetensors(tmp_path: Path, dtype: str, shape: tuple[int, int]) -> None:
    values = matrix(*shape, dtype)
    path = write_features(tmp_path / "f.safetensors", values, checkpoint="ä 3", layer='"{1}"')
    tensors = load_file(path)
    assert tensors.keys() == {"features", "present"}
    assert tensors["features"].dtype == dtype
    assert (tensors["features"] == values).all()
    assert tensors["present"].dtype == bool
    assert tensors["present"].tolist() == [True] * shape[0]
    found = open_features(path)
    assert (found.features == values).all()
    assert found.features.dtype == dtype
    with safe_open(path, "numpy") as file:
        assert file.metadata() == found.metadata
    assert found.metadata == {
        "checkpoint": "ä 3",
        "layer": '"{1}"',
        "features_sha256": found.digest,
    }


def test_units_are_written_in_any_order_and_the_others_stay_absent(tmp_path: Path) -> None:
    path, values = tmp_path / "f.safetensors", matrix()
    with FeatureWriter(path, 7, 5, "float32", {}) as writer:
        writer.write(np.array([6, 0]), values[[6, 0]])
        writer.write(slice(2, 4), values[2:4])
    found = open_features(path)
    written = np.array([True, False, True, True, False, False, True])
    assert (found.present == written).all()
    assert (found.features[written] == values[written]).all()
    assert (found.features[~written] == 0).all()
    assert load_file(path)["present"].tolist() == written.tolist()


@pytest.mark.parametrize("error", [UserError, KeyboardInterrupt, ZeroDivisionError])
def test_a_failure_leaves_no_feature_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "folder" / "f.safetensors"
    with pytest.raises(error), FeatureWriter(path, 7, 5, "float32", {}) as writer:
        writer.write(slice(None), matrix())
        raise error
    assert not list((tmp_path / "folder").iterdir())


def test_a_failure_leaves_the_feature_file_as_it_was(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.safetensors", matrix())
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), FeatureWriter(path, 9, 5, "float32", {}):
        raise ZeroDivisionError
    assert path.read_bytes() == before


def test_the_digest_is_that_of_the_tensors(tmp_path: Path) -> None:
    values = matrix()
    one = open_features(write_features(tmp_path / "one", values, checkpoint="a"))
    two = open_features(write_features(tmp_path / "two", values, checkpoint="b"))
    assert one.digest == two.digest
    assert one.digest == hashlib.sha256(values.tobytes() + b"\1" * 7).hexdigest()
    changed = values.copy()
    changed[3, 2] = np.nextafter(changed[3, 2], np.float32(9))
    digests = {one.digest, open_features(write_features(tmp_path / "three", changed)).digest}
    digests.add(open_features(write_features(tmp_path / "four", values.astype("float16"))).digest)
    with FeatureWriter(tmp_path / "five", 7, 5, "float32", {}) as writer:
        writer.write(slice(None), values)
        writer.present[3] = False
    digests.add(open_features(tmp_path / "five").digest)
    assert len(digests) == 4


def test_features_changed_in_place_have_no_digest(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.safetensors", matrix())
    content = bytearray(path.read_bytes())
    for place in (-1, -8, content.index(b"features_sha256") + 20):
        changed = content.copy()
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(UserError, match="the features are not those that were written there"):
            _ = open_features(path).digest


def test_the_digest_is_that_of_the_tensors_when_they_are_long(tmp_path: Path) -> None:
    values = np.arange(5_000_000, dtype=np.float32).reshape(-1, 1000)
    found = open_features(write_features(tmp_path / "f", values))
    assert found.digest == hashlib.sha256(values.tobytes() + b"\1" * 5000).hexdigest()


def test_metadata_is_kept_whatever_it_says(tmp_path: Path) -> None:
    """The digest is filled in last, in the place of noughts."""
    path = write_features(tmp_path / "f", matrix(), revision="0" * 64)
    found = open_features(path)
    assert found.metadata["revision"] == "0" * 64
    assert found.digest == hashlib.sha256(matrix().tobytes() + b"\1" * 7).hexdigest()


def test_feature_files_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    metadata = {"checkpoint": "a", "layer": "b", "dtype": "c", "torch": "d"}
    one = write_features(tmp_path / "one", matrix(), **metadata)
    two = write_features(tmp_path / "two", matrix(), **metadata)
    assert one.read_bytes() == two.read_bytes()


def refused(path: Path) -> bool:
    """Whether a file is refused as no feature file, in one sentence."""
    with pytest.raises(UserError) as refusal:
        open_features(path)
    assert str(refusal.value).startswith(f"{path}: ")
    return "no complete feature file" in str(refusal.value)


def test_a_missing_feature_file_is_told(tmp_path: Path) -> None:
    assert not refused(tmp_path / "f.safetensors")
    with pytest.raises(UserError, match="there is no such feature file"):
        open_features(tmp_path / "f.safetensors")


def test_a_feature_file_cut_short_anywhere_is_told(tmp_path: Path) -> None:
    whole = write_features(tmp_path / "whole", matrix(3, 2)).read_bytes()
    path = tmp_path / "cut"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert refused(path)
    path.write_bytes(whole)
    assert open_features(path).present.all()


def test_other_files_are_told(tmp_path: Path) -> None:
    arrays = {"features": matrix(), "present": np.ones(7, bool)}
    save_file(arrays, tmp_path / "plain")
    save_file(arrays, tmp_path / "other metadata", {"checkpoint": "a"})
    save_file({"features": matrix()}, tmp_path / "half", {"features_sha256": "a"})
    save_file(arrays | {"present": np.ones(6, bool)}, tmp_path / "uneven", {"features_sha256": "a"})
    np.save(tmp_path / "array.npy", matrix())
    (tmp_path / "text").write_text("no features at all, and long enough for a header\n" * 9)
    (tmp_path / "folder").mkdir()
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 7
    for path in paths:
        assert refused(path), path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F16", "BOOL", "I8"]) | JSON,
        "shape": st.lists(st.integers(-9, 9), max_size=3) | JSON,
        "data_offsets": st.lists(st.integers(-9, 99), min_size=2, max_size=2) | JSON,
    }
)
HEADERS = (
    st.fixed_dictionaries(
        {
            "__metadata__": st.just({"checkpoint": "a"}) | JSON,
            "features": ENTRY | JSON,
            "present": ENTRY | JSON,
        }
    )
    | JSON
)


@given(HEADERS, st.binary(max_size=50))
@settings(deadline=None, max_examples=200)
def test_whatever_else_a_file_says_it_is_told(
    tmp_path_factory: pytest.TempPathFactory, header: object, body: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.safetensors"
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    assert refused(path)


# Complete files or none.


def names_in(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "scores.csv"
    with atomic_path(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".csv"
        temporary.write_text("half")
        assert not target.exists()
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    assert names_in(target.parent) == ["scores.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "scores.csv"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["scores.csv"]


def test_a_failure_before_anything_is_written_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_path(tmp_path / "scores.csv"):
        raise ZeroDivisionError
    assert names_in(tmp_path) == []


def test_a_killed_process_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "scores.csv"
    target.write_text("old")
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from workflow_scripts.common.atomic import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(target)],
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    [left] = [name for name in names_in(tmp_path) if name != "scores.csv"]
    assert left.startswith(".")


def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(100_000))
    expected = hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest()
    assert file_digest(tmp_path / "file") == expected
