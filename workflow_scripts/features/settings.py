"""Settings of stage 3."""

from typing import Literal

from pydantic import Field

from workflow_scripts.common.settings import Settings


class FeatureSettings(Settings):
    """How features are stored."""

    dtype: Literal["float32", "float16"] = Field("float32", description="of the stored features")
