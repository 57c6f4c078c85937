"""Settings of stage 6: how a head is trained."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from workflow_scripts.common.settings import AllDifferent, Settings


class SolverSettings(Settings):
    """What all solvers have in common."""

    project: NonNegativeInt = Field(
        0,
        description="train every head a second time, on a random projection of its features to so "
        "many dimensions: a control, as more checkpoints are wider too; 0 does not",
    )


class GradientSettings(SolverSettings):
    """What the two solvers by mini-batches have in common."""

    learning_rate: PositiveFloat = Field(1e-3, description="before any step down")
    epochs: PositiveInt = Field(40, description="passes over the training units; dev chooses one")
    batch_size: PositiveInt = Field(64, description="sequences of a step: sentences, or images")
    milestones: list[PositiveInt] = Field(
        [], description="epochs after which the learning rate is multiplied by gamma"
    )
    gamma: PositiveFloat = Field(0.1, description="factor of the learning rate at a milestone")
    patience: NonNegativeInt = Field(
        10, description="epochs without a gain on dev after which a head stops; 0: it never does"
    )
    standardise: bool = Field(
        False, description="give each feature mean zero and variance one over train"
    )
    seeds: PositiveInt = Field(
        1, description="heads of each selection, which differ by the order of their batches"
    )

    def rate(self, epoch: int) -> float:
        """The learning rate in an epoch, from 0."""
        return self.learning_rate * self.gamma ** sum(epoch >= one for one in self.milestones)


class AdamSettings(GradientSettings):
    """Adam (Kingma and Ba 2015)."""

    solver: Literal["adam"] = "adam"


class SgdSettings(GradientSettings):
    """Stochastic gradient descent."""

    solver: Literal["sgd"] = "sgd"
    learning_rate: PositiveFloat = Field(0.1, description="before any step down")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="of the gradient")
    weight_decay: NonNegativeFloat = Field(0.0, description="L2 penalty on weights and biases")


class PenaltySettings(SolverSettings):
    """The optimum of a loss with an L2 penalty, chosen by dev, on standardised features."""

    l2: Annotated[list[PositiveFloat], Field(min_length=1), AllDifferent] = Field(
        [1e-1, 1e-2, 1e-3, 1e-4],
        description="penalties on the squared weights of standardised features; tried from the "
        "strongest on, for as long as the dev score grows",
    )


class RidgeSettings(PenaltySettings):
    """The squared error, of values or of classes coded as 0 and 1, in closed form."""

    solver: Literal["ridge"] = "ridge"


class LbfgsSettings(PenaltySettings):
    """Cross-entropy by L-BFGS; the squared error of values in closed form."""

    solver: Literal["lbfgs"] = "lbfgs"
    max_iterations: PositiveInt = Field(500, description="of L-BFGS, for each penalty")
    screen: Literal["ridge"] | None = Field(
        None,
        description="heads that only rank checkpoints by dev (those of peek and greedy_dev): ridge "
        "trains these by ridge regression, which takes a small part of the time",
    )

    @property
    def screening(self) -> "LbfgsSettings | RidgeSettings":
        """How heads that only rank checkpoints by dev are trained."""
        return self if self.screen is None else RidgeSettings(project=self.project)


Solver = AdamSettings | SgdSettings | LbfgsSettings | RidgeSettings
HeadSettings = Annotated[Solver, Field(discriminator="solver")]
SOLVERS: dict[str, type[Solver]] = {
    "adam": AdamSettings,
    "sgd": SgdSettings,
    "lbfgs": LbfgsSettings,
    "ridge": RidgeSettings,
}
