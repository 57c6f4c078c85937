"""Settings of stage 1: where images come from and how they are shared out."""

from math import comb
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator

from workflow_scripts.common.settings import AllDifferent, Settings, UserPath

Fraction = Annotated[float, Field(gt=0, lt=1)]


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


def unturned_refused(rotations: list[float]) -> list[float]:
    """The rotations, if each turns an image."""
    if 0 in rotations:
        raise ValueError("0 is no rotation; every image is there unturned already")
    return rotations


class ProbeSettings(Settings):
    """The unlabelled images from which the covariance is estimated."""

    samples_per_class: PositiveInt = Field(10, description="probe images of each class")
    rotations: Annotated[list[float], AllDifferent] = Field(
        [], description="degrees by which each probe image is also turned, beside itself"
    )

    _turn = field_validator("rotations")(unturned_refused)


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
