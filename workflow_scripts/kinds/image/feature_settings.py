"""How an image gets its vector from a checkpoint."""

from typing import Literal

from pydantic import Field

from workflow_scripts.common.settings import FeatureSettings


class VisionFeatureSettings(FeatureSettings):
    """How an image gets its vector from a checkpoint of transformers."""

    layer: int = Field(
        -1,
        description="hidden layer: -1 the last, 0 the embeddings, 6 the sixth; -2 the last but one",
    )
    pooling: Literal["mean", "first"] = Field(
        "mean",
        description="mean: over all places of the image; first: the first token, which classifies "
        "in vision transformers",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="of the network, on a GPU; on a CPU it is always float32"
    )
