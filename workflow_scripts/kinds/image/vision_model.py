"""A vision model of transformers, ready to look at images: network and image processor."""

import inspect
import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoConfig, AutoImageProcessor, AutoModel

from workflow_scripts.common.retry import first_line
from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.image.feature_settings import VisionFeatureSettings

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class VisionModel:
    """A network with its image processor.

    Attributes:
        name: what messages call it.
        network: maps pixels to hidden states; in evaluation mode, on ``device``.
        device: where it computes.
        processor: scales, cuts and normalises images as in the network's training.
    """

    name: str
    network: nn.Module
    device: torch.device
    processor: Any
    # Which tokens are patches, by the shape of the images and the layer.
    _patches: dict[tuple[tuple[int, ...], int], Tensor] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @torch.inference_mode()
    def features(self, images: Images, settings: VisionFeatureSettings) -> NDArray[np.float32]:
        """A vector for each image, [b, d].

        ``mean`` averages the patch tokens, or all positions of a feature map. Class, distillation,
        register and detection tokens belong to no patch, and neither does padding. ``first`` takes
        the first token, which must be none of the patches.

        Args:
            images: [b, height, width, 3].

        Raises:
            UserError: if the network cannot read images alone or reads them at random, has no such
                layer or no class token, or if its patch tokens cannot be identified.
        """
        shape = images.shape[1:]
        if (shape, settings.layer) not in self._patches:
            self._patches[shape, settings.layer] = self._find_patches(shape, settings.layer)
        patches = self._patches[shape, settings.layer]
        tokens = self._read(images, settings.layer).tokens().float()
        if settings.pooling == "mean":
            return tokens[:, patches].mean(dim=1).cpu().numpy()
        if patches[0]:
            raise UserError(
                f"{self.name}: pooling: first takes the class token, and layer {settings.layer} of "
                "this network has none; choose mean"
            )
        return tokens[:, 0].cpu().numpy()

    def _read(self, images: Images, layer: int) -> "_Reading":
        # A memory map may not be written to, which torch warns of.
        processed = self.processor(
            images=list(np.array(images)), return_tensors="pt", input_data_format="channels_last"
        )
        dtype = next(self.network.parameters()).dtype
        pixels: Tensor = processed["pixel_values"].to(self.device, dtype)
        # Where images differ in size, some processors say which pixels or patches are padding.
        known = inspect.signature(self.network.forward).parameters
        inputs = {
            name: value.to(self.device)
            for name, value in processed.items()
            if name in known and isinstance(value, Tensor)
        }
        options = {} if layer == -1 else {"output_hidden_states": True}
        # Masked autoencoders shuffle the patches; the seed makes their sums the same every time.
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(0)
            output = self.network(**inputs | {"pixel_values": pixels}, **options)
        return _Reading(pixels, self._layer(output, layer), getattr(output, "pooler_output", None))

    def _layer(self, output: Any, layer: int) -> Any:
        if getattr(output, "encoder_last_hidden_state", None) is not None:
            raise UserError(
                f"{self.name}: its hidden states are those of a decoder, which stand for objects "
                "and not for the image; choose another checkpoint"
            )
        if layer == -1:
            # Some networks normalise the last layer once more before they return it.
            return output.last_hidden_state
        states = getattr(output, "hidden_states", None) or ()
        if not -len(states) <= layer < len(states):
            raise UserError(
                f"{self.name}: there is no layer {layer}; it has "
                f"{f'0 to {len(states) - 1}' if states else 'the last alone'}"
            )
        return states[layer]

    def _find_patches(self, shape: tuple[int, ...], layer: int) -> Tensor:
        """Which tokens of a layer are patches of the image, [t] bool.

        The network is watched while it reads two images of noise. Where a sequence of t tokens
        first appears, class and register tokens are learned vectors, the same for both images;
        only tokens of patches differ. This needs no names, which differ between families.

        Args:
            shape: of the images, [height, width, 3].
        """
        noise = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
        differs: dict[int, Tensor] = {}

        def watch(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor) and output.ndim == 3 and len(output) == 3:
                found = _differs(output)
                # Embeddings of positions alone are the same for all images.
                if found.any():
                    differs.setdefault(output.shape[1], found)

        # The first image once more, at the end, shows whether the network reads it the same way.
        # Where a network cannot read images, it and its processor have errors of all kinds.
        try:
            with ExitStack() as hooks:
                for module in self.network.modules():
                    hooks.enter_context(module.register_forward_hook(watch))
                reading = self._read(noise[[0, 1, 0]], layer)
        except (UserError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise UserError(
                f"{self.name}: this network cannot read images by themselves "
                f"({first_line(error)}); choose another checkpoint"
            ) from error
        patches = reading.patches(differs)
        if patches is None:
            raise UserError(
                f"{self.name}: which tokens of layer {layer} are patches of the image cannot be "
                "known; choose another layer, or another checkpoint"
            )
        first, other, again = reading.tokens()[:, patches].float().mean(dim=1)
        if (first - again).norm() > (first - other).norm() / 10:
            raise UserError(
                f"{self.name}: this network reads the same image differently every time; choose "
                "another checkpoint"
            )
        return patches


@dataclass(frozen=True)
class _Reading:
    """What a network makes of images.

    Attributes:
        pixels: [b, channels, height, width].
        state: tokens [b, t, d], or a feature map [b, d, height, width] or [b, height, width, d];
            of networks that are refused, anything else.
        summary: the network's own vector for each image, if it has one.
    """

    pixels: Tensor
    state: Any
    summary: Tensor | None

    def tokens(self) -> Tensor:
        """[b, t, d], also of a map."""
        state: Tensor = self.state
        if state.ndim == 3:
            return state
        # A map's sides are to each other as those of the image. Most have the channels first.
        height, width = self.pixels.shape[-2:]
        _, one, two, three = state.shape
        if one * width == two * height and two * width != three * height:
            return state.flatten(1, 2)
        return state.flatten(2).transpose(1, 2)

    def patches(self, differs: Mapping[int, Tensor]) -> Tensor | None:
        """Which tokens are patches [t], given those that differ; None if it cannot be known."""
        state, (height, width) = self.state, self.pixels.shape[-2:]
        if not isinstance(state, Tensor):
            return None
        if state.ndim == 4:
            return torch.ones(self.tokens().shape[1], dtype=torch.bool, device=state.device)
        if state.ndim != 3 or len(state) != len(self.pixels) or state.shape[1] not in differs:
            return None
        found = differs[state.shape[1]].clone()
        # DINOv3's ConvNeXt puts the mean of all patches in front.
        summary = self.summary
        if summary is not None and len(found) > 1 and torch.equal(state[:, 0], summary):
            found[0] = False
        # Patches of a square fill a square.
        count = int(found.sum())
        fills = height != width or math.isqrt(count) ** 2 == count
        return found if count and fills else None


def _differs(tokens: Tensor) -> Tensor:
    """Which tokens differ between the first and the second image, [t]; of NaN, all do."""
    apart = (tokens[0] - tokens[1]).abs().amax(dim=-1)
    return ~(apart <= apart.max() * 1e-4)


def load_vision_model(
    folder: Path,
    device: torch.device,
    precision: str = "float32",
    trust_remote_code: bool = False,
) -> VisionModel:
    """Load what transformers' ``save_pretrained`` wrote, never over the internet.

    Of a model of images and text, such as CLIP, only the image encoder is loaded.

    Args:
        precision: of the weights, on a GPU; on a CPU they are always float32.

    Raises:
        UserError: if network or processor cannot be loaded, or the weights are not all there.
    """
    options = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    dtype = torch.float32 if device.type == "cpu" else getattr(torch, precision)
    # Whatever may be wrong with the files, transformers and what it calls have errors of all kinds.
    try:
        network = _load_network(folder, dtype, options)
        network.to(device)
        processors: Any = AutoImageProcessor
        processor = processors.from_pretrained(folder, **options)
    except UserError:
        raise
    except Exception as error:
        raise UserError(_complaint(folder, error)) from error
    return VisionModel(str(folder), network, device, processor)


def _load_network(folder: Path, dtype: torch.dtype, options: Mapping[str, Any]) -> nn.Module:
    config = AutoConfig.from_pretrained(folder, **options)
    # Masked autoencoders hide most of an image at random, not only while they train.
    if hasattr(config, "mask_ratio"):
        config.mask_ratio = 0.0
    network, report = AutoModel.from_pretrained(
        folder, config=config, dtype=dtype, output_loading_info=True, **options
    )
    # Poolers are behind the hidden states, and many checkpoints have none.
    missing = sorted(name for name in report["missing_keys"] if "pooler" not in name)
    if missing:
        raise UserError(
            f"{folder}: the weights lack {len(missing)} of the network's tensors, such as "
            f"{missing[0]}; they do not belong to this config.json"
        )
    sees: nn.Module = getattr(network, "vision_model", network)
    return sees.eval()


def _complaint(folder: Path, error: Exception) -> str:
    if "trust_remote_code" in str(error):
        return (
            f"{folder}: this checkpoint comes with Python code of its own; read it, and say "
            "trust_remote_code: true for it if you trust it"
        )
    return (
        f"{folder}: transformers cannot load it as a vision model ({first_line(error)}); a "
        "checkpoint is a folder with config.json, weights and preprocessor_config.json, as "
        "save_pretrained writes it"
    )
