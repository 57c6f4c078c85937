"""Settings of stage 2: how an agent is trained."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from workflow_scripts.common.settings import Settings


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
