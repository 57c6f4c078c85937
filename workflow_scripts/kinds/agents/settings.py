"""Settings of agents: where their images come from, how these are shared out, and training."""

import difflib
from math import comb
from typing import Annotated, ClassVar, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
)

from workflow_scripts.common.settings import Fraction, Settings, UserPath
from workflow_scripts.images.settings import Rotations


class DigitsSource(Settings):
    """The handwritten digits that scikit-learn ships: 1,797 grey images of 8×8 pixels."""

    source: Literal["digits"] = "digits"
    test_fraction: Fraction = Field(
        0.25, description="share of each class that only ever tests (the source has no test split)"
    )

    class_count: ClassVar[int] = 10
    # The rarest digit is 8, with 174 images; test_source_facts holds the numbers to the data.
    smallest_class: ClassVar[int] = 174

    @property
    def test_per_class(self) -> int:
        """Test images of the smallest class."""
        return max(1, round(self.test_fraction * self.smallest_class))

    @property
    def train_per_class(self) -> int:
        """Training images of the smallest class."""
        return self.smallest_class - self.test_per_class


class Cifar100Source(Settings):
    """CIFAR-100: 60,000 colour images of 32×32 pixels in 100 classes."""

    source: Literal["cifar100"] = "cifar100"
    folder: UserPath | None = Field(
        None,
        description="folder that holds cifar-100-python/; without it the archive is downloaded",
    )

    class_count: ClassVar[int] = 100
    train_per_class: ClassVar[int] = 500
    test_per_class: ClassVar[int] = 100


ImageSource = Annotated[DigitsSource | Cifar100Source, Field(discriminator="source")]


class ProbeSettings(Settings):
    """The unlabelled images from which the covariance is estimated."""

    samples_per_class: PositiveInt = Field(10, description="probe images of each class")
    rotations: Rotations = Field(
        [], description="degrees by which each probe image is also turned, beside itself"
    )


class TaskSettings(Settings):
    """Classification tasks on class subsets that no agent was trained on."""

    count: PositiveInt = Field(description="number of tasks")
    classes: Annotated[int, Field(ge=2)] = Field(description="classes of each task")
    samples_per_class: Annotated[int, Field(ge=2)] = Field(
        10, description="labelled images of each class: training and dev"
    )
    dev_fraction: Fraction = Field(0.3, description="share of those labelled images kept for dev")
    test_per_class: PositiveInt | None = Field(
        None, description="test images of each class; default: all that the source has"
    )

    @property
    def dev_per_class(self) -> int:
        """Dev images of each class: at least one, and never all."""
        return min(
            max(1, round(self.dev_fraction * self.samples_per_class)), self.samples_per_class - 1
        )


class AgentSplitSettings(Settings):
    """How classes and images are given to agents."""

    count: Annotated[int, Field(ge=2)] = Field(description="number of agents")
    classes: Annotated[int, Field(ge=2)] = Field(description="classes of each agent")
    pool: PositiveInt | None = Field(
        None,
        description="agents draw from this many classes and tasks from the others; "
        "default: both draw from all",
    )
    dev_fraction: Fraction = Field(0.2, description="share of an agent's images kept for dev")


def distinct_sets_problem(
    source: DigitsSource | Cifar100Source, agents: AgentSplitSettings, tasks: TaskSettings | None
) -> str | None:
    """Why the agents and tasks cannot all have different class sets, or ``None`` if they can."""
    total = source.class_count
    pool = agents.pool if agents.pool is not None else total
    if pool > total:
        return f"agents.pool asks for {pool} classes, the source has {total}"
    if agents.classes > pool:
        return f"agents.classes asks for {agents.classes} classes of {pool} that agents draw from"
    possible = comb(pool, agents.classes)
    if agents.count > possible:
        return (
            f"{agents.count} agents need {agents.count} different sets of {agents.classes} out of "
            f"{pool} classes, there are {possible}"
        )
    if tasks is None:
        return None
    task_pool = total if agents.pool is None else total - pool
    if tasks.classes > task_pool:
        return f"tasks.classes asks for {tasks.classes} classes of {task_pool} that tasks draw from"
    taken = agents.count if agents.pool is None and agents.classes == tasks.classes else 0
    possible = comb(task_pool, tasks.classes)
    if tasks.count + taken > possible:
        others = f" beside the {taken} of the agents" if taken else ""
        return (
            f"{tasks.count} tasks need {tasks.count} different sets of {tasks.classes} out of "
            f"{task_pool} classes{others}, there are {possible} in all"
        )
    return None


def images_problem(
    source: DigitsSource | Cifar100Source,
    agents: AgentSplitSettings,
    probe: ProbeSettings,
    tasks: TaskSettings | None,
) -> str | None:
    """Why a class has too few images, or ``None`` if it has enough."""
    labelled = tasks.samples_per_class if tasks is not None else 0
    left = source.train_per_class - probe.samples_per_class - labelled
    # An agent needs at least one image of a class to train on and one for dev.
    if left < 2:
        return (
            f"a class has {source.train_per_class} training images: "
            f"{probe.samples_per_class} for the probe and {labelled} for the tasks leave {left} "
            "for the agents, who need at least 2"
        )
    if tasks is not None and (tasks.test_per_class or 0) > source.test_per_class:
        return (
            f"tasks.test_per_class asks for {tasks.test_per_class} test images, "
            f"a class has {source.test_per_class}"
        )
    return None


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


class AgentSettings(AgentSplitSettings, TrainingSettings):
    """The checkpoints of a zoo of agents: classifiers trained in the workflow."""
