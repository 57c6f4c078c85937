"""How an image gets its vector from a checkpoint."""

from typing import Literal

from pydantic import Field

from workflow_scripts.common.settings import FeatureSettings


class VisionFeatureSettings(FeatureSettings):
    """How an image gets its vector from a checkpoint of transformers."""

    layer: int = Field(
        -1,
        description="which of the network's hidden states: -1 the last, -2 the last but one, 0 the "
        "embeddings, 6 after the sixth layer, stage or block",
    )
    pooling: Literal["mean", "first"] = Field(
        "mean",
        description="mean: over the patch tokens, or over all positions of a feature map; first: "
        "the class token of vision transformers",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="of the network, on a GPU; on a CPU it is always float32"
    )
