"""How a word gets its vector."""

from typing import Literal

from pydantic import Field

from workflow_scripts.common.settings import FeatureSettings


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
