"""Settings of stage 4."""

from typing import Literal

from pydantic import Field

from workflow_scripts.common.settings import Settings


class CovarianceSettings(Settings):
    """How the covariance is estimated."""

    estimator: Literal["biased", "debiased"] = Field(
        "debiased",
        description="biased is the paper's kernel alignment; debiased takes out what "
        "independent features of few independent units have in common by chance (rotated copies "
        "of an image are not independent, and their share of the bias stays)",
    )
