"""Settings of stage 4."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from workflow_scripts.common.settings import Settings


class CovarianceSettings(Settings):
    """How the covariance is estimated."""

    estimator: Literal["biased", "debiased"] = Field(
        "debiased",
        description="biased is the paper's kernel alignment; debiased takes out what "
        "independent features of few independent units have in common by chance (rotated copies "
        "of an image are not independent, and their share of the bias stays)",
    )


class StabilitySettings(Settings):
    """How the probe is resampled, to see how sure the covariance and the picks are."""

    replicates: Annotated[NonNegativeInt, Field(le=10_000)] = Field(
        200, description="covariances from random halves of the probe; 0: none, no stability"
    )
    blocks: Annotated[int, Field(ge=4)] = Field(
        40, description="parts that the probe's sentences or images are shared out among"
    )
    units: Annotated[int, Field(ge=8)] = Field(
        8000, description="of the probe that are resampled at most; errors are scaled to all"
    )
