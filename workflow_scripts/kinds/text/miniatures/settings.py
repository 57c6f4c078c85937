"""Settings of a miniature language model."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from workflow_scripts.common.settings import Name
from workflow_scripts.pretrained.settings import ReadingSettings

Objective = Literal["masked", "causal", "denoising"]


class PretrainSettings(ReadingSettings):
    """A miniature language model, pre-trained in the workflow."""

    kind: Literal["pretrain"] = "pretrain"
    family: Literal["albert", "bart", "bert", "distilbert", "electra", "gpt2", "roberta", "t5"] = (
        Field(description="of the network")
    )
    tokenizer: Literal["wordpiece", "bpe", "unigram"] = Field(
        description="trained on the same text as the network"
    )
    objective: Objective = Field(
        description="masked: predicts words that were masked (BERT); "
        "causal: predicts the next token (GPT); denoising: restores a corrupted sentence (BART, T5)"
    )
    domain: Name = Field("all", description="part of the data that it is trained on")
    vocabulary: Annotated[int, Field(ge=300)] = Field(1500, description="sub-words")
    width: Annotated[int, Field(ge=8)] = Field(64, description="of the hidden layers")
    layers: PositiveInt = Field(2, description="of the network (of the encoder, where it has two)")
    attention_heads: PositiveInt = Field(4, description="of each layer; they divide the width")
    sequence_length: Annotated[int, Field(ge=8)] = Field(
        128, description="most sub-words of a sentence that the network reads"
    )
    masked_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.3, description="of sub-words to guess, where the objective is masked or denoising"
    )
    steps: NonNegativeInt = Field(400, description="of training; 0 leaves random weights")
    batch_tokens: PositiveInt = Field(1024, description="sub-words of a step")
    learning_rate: PositiveFloat = Field(5e-3, description="at its highest")

    OBJECTIVES: ClassVar[dict[str, Objective]] = {
        "albert": "masked",
        "bart": "denoising",
        "bert": "masked",
        "distilbert": "masked",
        "electra": "masked",
        "gpt2": "causal",
        "roberta": "masked",
        "t5": "denoising",
    }

    @model_validator(mode="after")
    def _fits_the_family(self) -> "PretrainSettings":
        if self.objective != self.OBJECTIVES[self.family]:
            raise ValueError(
                f"{self.family} is trained by objective: {self.OBJECTIVES[self.family]}"
            )
        if self.width % self.attention_heads:
            raise ValueError("attention_heads must divide width")
        return self
