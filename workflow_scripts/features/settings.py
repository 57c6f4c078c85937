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


class WordFeatureSettings(FeatureSettings):
    """How a word gets its vector."""

    layer: int | Literal["mean"] = Field(
        -1,
        description="hidden layer: -1 the last, 0 the embeddings, 6 the sixth; mean: over all",
    )
    pooling: Literal["last", "first", "mean"] = Field(
        "last", description="which of a word's tokens gives its vector"
    )
    long_sentences: Literal["truncate", "stride"] = Field(
        "truncate",
        description="what becomes of sentences longer than the model reads; truncate: the words "
        "beyond its length get no vector; stride: they are read in overlapping windows",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="of the network, on a GPU; on a CPU it is always float32"
    )
