"""Settings of stage 3."""

from typing import Literal

from pydantic import Field

from workflow_scripts.common.settings import Settings


class FeatureSettings(Settings):
    """How features are stored."""

    dtype: Literal["float32", "float16"] = Field("float32", description="of the stored features")


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


class WordFeatureSettings(FeatureSettings):
    """How a word gets its vector."""

    layer: int | Literal["mean"] = Field(
        -1,
        description="hidden layer: -1 the last, 0 the embeddings, 6 the sixth; mean: over all",
    )
    pooling: Literal["last", "first", "mean"] = Field(
        "last", description="which of a word's sub-words gives its vector"
    )
    long_sentences: Literal["absent", "windows"] = Field(
        "absent",
        description="words beyond the model's length get no vector (absent), or sentences are "
        "read in overlapping windows (windows)",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="of the network, on a GPU; on a CPU it is always float32"
    )
