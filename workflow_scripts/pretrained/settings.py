"""Settings of stage 2: how an agent is trained, and where other checkpoints come from."""

import difflib
from typing import Annotated, ClassVar, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from workflow_scripts.common.settings import Name, Settings, UserPath

# The classification models of torchvision, spelled out because importing it takes seconds; a test
# keeps the list in step.
# fmt: off
TORCHVISION_NETWORKS = [
    "alexnet", "convnext_base", "convnext_large", "convnext_small", "convnext_tiny",
    "densenet121", "densenet161", "densenet169", "densenet201", "efficientnet_b0",
    "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4",
    "efficientnet_b5", "efficientnet_b6", "efficientnet_b7", "efficientnet_v2_l",
    "efficientnet_v2_m", "efficientnet_v2_s", "googlenet", "inception_v3", "maxvit_t",
    "mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3", "mobilenet_v2",
    "mobilenet_v3_large", "mobilenet_v3_small", "regnet_x_16gf", "regnet_x_1_6gf",
    "regnet_x_32gf", "regnet_x_3_2gf", "regnet_x_400mf", "regnet_x_800mf", "regnet_x_8gf",
    "regnet_y_128gf", "regnet_y_16gf", "regnet_y_1_6gf", "regnet_y_32gf", "regnet_y_3_2gf",
    "regnet_y_400mf", "regnet_y_800mf", "regnet_y_8gf", "resnet101", "resnet152", "resnet18",
    "resnet34", "resnet50", "resnext101_32x8d", "resnext101_64x4d", "resnext50_32x4d",
    "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0",
    "squeezenet1_0", "squeezenet1_1", "swin_b", "swin_s", "swin_t", "swin_v2_b", "swin_v2_s",
    "swin_v2_t", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19",
    "vgg19_bn", "vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16", "vit_l_32", "wide_resnet101_2",
    "wide_resnet50_2",
]
# fmt: on


class TrainingSettings(Settings):
    """Stochastic gradient descent with a stepped learning rate, and augmentation."""

    network: str = Field(
        "convnet", description="convnet, or a torchvision classification model such as resnet50"
    )
    epochs: PositiveInt = Field(20, description="passes over the training images")
    batch_size: Annotated[int, Field(ge=2)] = Field(64, description="images of a step")
    learning_rate: PositiveFloat = Field(0.1, description="before any step down")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.9, description="of the gradient")
    weight_decay: NonNegativeFloat = Field(5e-4, description="L2 penalty on every weight")
    milestones: list[PositiveInt] = Field(
        [], description="epochs after which the learning rate is multiplied by gamma"
    )
    gamma: PositiveFloat = Field(0.2, description="factor of the learning rate at a milestone")
    warmup_epochs: NonNegativeInt = Field(
        0, description="epochs over which the learning rate grows from zero, step by step"
    )
    crop_padding: NonNegativeInt = Field(
        0, description="pixels by which images are shifted at random, each way"
    )
    horizontal_flip: bool = Field(False, description="mirror half of the images")
    rotation: NonNegativeFloat = Field(0.0, description="degrees of random rotation, each way")

    @field_validator("network")
    @classmethod
    def _is_known(cls, network: str) -> str:
        known = ["convnet", *TORCHVISION_NETWORKS]
        if network not in known:
            close = difflib.get_close_matches(network, known, n=3)
            some = "choose convnet, or a classifier of torchvision, such as resnet18"
            hint = f"did you mean {' or '.join(close)}?" if close else some
            raise ValueError(f"there is no network {network!r}; {hint}")
        return network


class ReadingSettings(Settings):
    """How a checkpoint is read, where it is not as the zoo's others are."""

    layer: int | Literal["mean"] | None = Field(
        None, description="hidden layer that features are from, instead of the zoo's"
    )


class HubSettings(ReadingSettings):
    """A checkpoint of the Hugging Face hub."""

    kind: Literal["hub"] = "hub"
    id: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)?$")] = Field(
        description="on the hub, such as bert-base-uncased or microsoft/resnet-50"
    )
    revision: Annotated[str, Field(min_length=1)] = Field(
        "main", description="branch, tag or commit; the commit is recorded when it is fetched"
    )
    trust_remote_code: bool = Field(
        False, description="run Python code that comes with the checkpoint"
    )


class FolderSettings(ReadingSettings):
    """A checkpoint in a folder, used in place."""

    kind: Literal["folder"] = "folder"
    path: Annotated[UserPath, Field(min_length=1)] = Field(
        description="folder with config.json, weights, and tokenizer or image processor, as "
        "save_pretrained writes them"
    )
    trust_remote_code: bool = Field(
        False, description="run Python code that comes with the checkpoint"
    )


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
        description="masked: words left out are guessed (BERT); causal: the next sub-word (GPT); "
        "denoising: the whole sentence from a spoilt one (BART, T5)"
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


TextCheckpoint = Annotated[
    HubSettings | FolderSettings | PretrainSettings, Field(discriminator="kind")
]
ImageCheckpoint = Annotated[HubSettings | FolderSettings, Field(discriminator="kind")]
