"""Image networks by name, their stem for small images, and their penultimate layer."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def build_network(name: str, classes: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """A randomly initialised classifier of small images.

    Args:
        name: ``"convnet"``, or a classification model of torchvision, which gets the stem used
            for CIFAR: its first convolution becomes 3×3 of stride 1 for the images' channels, and
            the pooling that follows it directly is taken out.
        classes: number of outputs.
        image_shape: height, width, channels.

    Raises:
        ValueError: if there is no such network, or it cannot take such images.
    """
    height, width, channels = image_shape
    if name == "convnet":
        return convnet(classes, channels)
    network = _torchvision_network(name, classes)
    _set_cifar_stem(network, channels)
    _check_takes(network, name, (channels, height, width))
    return network


def convnet(classes: int, channels: int) -> nn.Module:
    """A small convolutional network with 64 features, for images of about 8×8 pixels."""

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]

    return nn.Sequential(
        *block(channels, 32),
        *block(32, 64),
        nn.MaxPool2d(2),
        *block(64, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, classes),
    )


def penultimate_features(network: nn.Module, images: Tensor) -> Tensor:
    """What the last layer of a classifier gets to see: [n, d] for images [n, channels, h, w].

    Where the last layer is a convolution (SqueezeNet), its input is averaged over the positions.
    """
    with _recorded_input(_output_layer(network)) as inputs:
        network(images)
    features = inputs[0]
    return features.mean(dim=(2, 3)) if features.ndim == 4 else features.flatten(1)


def feature_dim(network: nn.Module) -> int:
    """Width d of the penultimate layer."""
    layer = _output_layer(network)
    return layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels


@contextmanager
def _recorded_input(layer: nn.Module) -> Iterator[list[Tensor]]:
    inputs: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0]))
    try:
        yield inputs
    finally:
        handle.remove()


def _output_layer(network: nn.Module) -> nn.Linear | nn.Conv2d:
    """The last linear layer or, in a network that has none, the last convolution."""
    modules = list(network.modules())
    linear = [module for module in modules if isinstance(module, nn.Linear)]
    if linear:
        return linear[-1]
    return [module for module in modules if isinstance(module, nn.Conv2d)][-1]


def _torchvision_network(name: str, classes: int) -> nn.Module:
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(
            f"there is no network {name!r}; choose convnet or one of {', '.join(known)}"
        )
    # The auxiliary heads of these two serve training on large images only.
    extra = {"aux_logits": False, "init_weights": True} if name in _WITH_AUXILIARY_HEADS else {}
    network: nn.Module = models.get_model(name, weights=None, num_classes=classes, **extra)
    return network


_WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3")


def _set_cifar_stem(network: nn.Module, channels: int) -> None:
    layers = [
        (path, module)
        for path, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.MaxPool2d)
    ]
    path, first = layers[0]
    assert isinstance(first, nn.Conv2d)
    stem = nn.Conv2d(channels, first.out_channels, 3, padding=1, bias=first.bias is not None)
    nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
    network.set_submodule(path, stem)
    if len(layers) > 1 and isinstance(layers[1][1], nn.MaxPool2d):
        network.set_submodule(layers[1][0], nn.Identity())


def _check_takes(network: nn.Module, name: str, shape: tuple[int, int, int]) -> None:
    """Try the network on made-up images, without computing (torch's meta device)."""
    from copy import deepcopy

    channels, height, width = shape
    trial = deepcopy(network).to("meta").eval()
    try:
        features = penultimate_features(
            trial, torch.empty(2, channels, height, width, device="meta")
        )
    except (RuntimeError, AssertionError, ValueError) as error:
        raise ValueError(
            f"network {name!r} cannot take images of {height}×{width} pixels with a 3×3 stem; "
            "choose a convolutional one such as resnet18"
        ) from error
    assert features.shape == (2, feature_dim(trial))
