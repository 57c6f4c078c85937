"""Attention windows of Longformer and LED, made no wider than the sentences at hand need.

These networks pad sentences to a multiple of their window, which is 512 tokens in the published
Longformers and most of the work. Where all of a sentence is within reach of each of its tokens,
a narrower window gives the same hidden states.
"""

from typing import Any

from torch import nn


class LocalAttention:
    """The attention windows of a network.

    Args:
        network: of transformers.
        config: the network's own, with its windows.
    """

    def __init__(self, network: nn.Module, config: Any) -> None:
        windows = getattr(config, "attention_window", 1)
        widths = {windows} if isinstance(windows, int) else set(windows)
        self._widest = max(widths)
        self._config = config
        self._layers: list[Any] = [
            module for module in network.modules() if hasattr(module, "one_sided_attn_window_size")
        ]
        # Layers of different reach must all divide the padded length; those are left alone.
        self._adjustable = bool(self._layers) and len(widths) == 1

    def fit(self, longest: int) -> int:
        """Narrow the windows as far as sentences of ``longest`` tokens allow.

        Returns:
            The length that the network pads them to.
        """
        width = self._widest
        if self._adjustable:
            reach = 1 << max(longest - 2, 0).bit_length()  # a power of two from longest - 1 on
            width = min(2 * reach, width)
            self._config.attention_window = [width] * len(self._layers)
            for layer in self._layers:
                layer.one_sided_attn_window_size = width // 2
        return -(-longest // width) * width
