"""Tiny vision models with random weights, saved as published ones are, and images for them."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import (
    AutoModel,
    CLIPConfig,
    CLIPImageProcessor,
    ConvNextConfig,
    ConvNextImageProcessor,
    PreTrainedConfig,
    ResNetConfig,
    SwinConfig,
    ViTConfig,
    ViTImageProcessor,
)

SIZE = 32
COLOURS = {"red": (180, 60, 60), "green": (60, 180, 60), "blue": (60, 60, 180)}

_TOKENS = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
_TOKENS |= {"intermediate_size": 32, "image_size": SIZE, "patch_size": 8}


def _configs() -> dict[str, PreTrainedConfig]:
    return {
        "vit": ViTConfig(**_TOKENS),
        "resnet": ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]),
        "convnext": ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2),
        "swin": SwinConfig(
            image_size=SIZE,
            patch_size=4,
            embed_dim=8,
            depths=[1, 1],
            num_heads=[1, 2],
            window_size=4,
        ),
        "clip": CLIPConfig(
            vision_config=_TOKENS,
            text_config={"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
            | {"intermediate_size": 16, "vocab_size": 50, "bos_token_id": 0, "eos_token_id": 1},
            projection_dim=8,
        ),
    }


FAMILIES = list(_configs())


def build_tiny_vision_model(family: str, folder: Path, seed: int = 0) -> Path:
    """Save a model and its image processor."""
    torch.manual_seed(seed)
    network = AutoModel.from_config(_configs()[family])
    network.save_pretrained(folder)
    if family == "clip":
        cut = {"height": SIZE, "width": SIZE}
        processor = CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size=cut)
    elif family in ("resnet", "convnext"):
        processor = ConvNextImageProcessor(size={"shortest_edge": SIZE}, crop_pct=0.875)
    else:
        processor = ViTImageProcessor(size={"height": SIZE, "width": SIZE})
    processor.save_pretrained(folder)
    return folder


def draw_classes(folder: Path, classes: dict[str, tuple[int, int, int]], count: int) -> None:
    """Pictures of classes that have a colour each, of different sizes and formats."""
    generator = np.random.default_rng(0)
    for label, colour in classes.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            height, width = generator.integers(30, 60, 2)
            noise = generator.normal(0, 40, (height, width, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            suffix = ("png", "jpg")[number % 2]
            Image.fromarray(pixels).save(folder / label / f"{number:02d}.{suffix}")
