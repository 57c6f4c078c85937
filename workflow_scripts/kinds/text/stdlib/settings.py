"""Settings of the data source python-stdlib."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from workflow_scripts.common.settings import Settings
from workflow_scripts.kinds.text.stdlib.modules import THEMES

# What a language model can be pre-trained on: text of every theme, or of one.
DOMAINS = ("all", *THEMES)


class StdlibSource(Settings):
    """The source code of Python's standard library, read from the running interpreter."""

    source: Literal["python-stdlib"] = "python-stdlib"
    train_sentences: PositiveInt = Field(500, description="of the tasks, to train on")
    dev_sentences: PositiveInt = Field(150, description="of the tasks, to choose epochs by")
    test_sentences: PositiveInt = Field(400, description="of the tasks, that only ever test")
    probe_sentences: PositiveInt = Field(600, description="unlabelled, for the covariance")
    text_sentences: PositiveInt = Field(
        10000, description="of each domain to pre-train on, at most: some domains have fewer"
    )
    minimum_words: PositiveInt = Field(4, description="of a sentence")
    maximum_words: PositiveInt = Field(40, description="of a sentence")

    @model_validator(mode="after")
    def _lengths_are_in_order(self) -> "StdlibSource":
        if self.minimum_words > self.maximum_words:
            raise ValueError("minimum_words must not be larger than maximum_words")
        return self
