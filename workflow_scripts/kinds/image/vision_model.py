"""A vision model of transformers, ready to look at images: network and image processor."""

from collections.abc import Mapping
from dataclasses import dataclass
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

    @torch.inference_mode()
    def features(
        self, images: NDArray[np.uint8], settings: VisionFeatureSettings
    ) -> NDArray[np.float32]:
        """A vector for each image, [b, d].

        Args:
            images: [b, height, width, 3].

        Raises:
            UserError: if the network has no such layer, or no first token.
        """
        # A memory map may not be written to, which torch warns of.
        pixels = self.processor(
            images=list(np.array(images)), return_tensors="pt", input_data_format="channels_last"
        )["pixel_values"]
        dtype = next(self.network.parameters()).dtype
        output = self.network(
            pixel_values=pixels.to(self.device, dtype), output_hidden_states=settings.layer != -1
        )
        state = self._layer(output, settings.layer)
        return self._pooled(state, settings.pooling).float().cpu().numpy()

    def _layer(self, output: Any, layer: int) -> Tensor:
        if layer == -1:
            # Some networks normalise the last layer once more before they return it.
            last: Tensor = output.last_hidden_state
            return last
        states = getattr(output, "hidden_states", None) or ()
        if not -len(states) <= layer < len(states):
            raise UserError(
                f"{self.name}: there is no layer {layer}; it has "
                f"{f'0 to {len(states) - 1}' if states else 'the last alone'}"
            )
        found: Tensor = states[layer]
        return found

    def _pooled(self, state: Tensor, pooling: str) -> Tensor:
        """[b, d] from tokens [b, t, d], or from a map [b, d, height, width]."""
        if pooling == "mean":
            return state.mean(dim=(2, 3) if state.ndim == 4 else 1)
        if state.ndim == 4:
            raise UserError(
                f"{self.name}: pooling: first takes the first token, and this network has none but "
                "a map of the image; choose mean"
            )
        return state[:, 0]


def load_vision_model(
    folder: Path,
    device: torch.device,
    precision: str = "float32",
    trust_remote_code: bool = False,
) -> VisionModel:
    """Load what transformers' ``save_pretrained`` wrote, never over the internet.

    Of models of images and text, such as CLIP, the part that sees is taken.

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
