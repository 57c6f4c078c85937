"""Settings that images of several kinds of zoos share."""

from typing import Annotated

from pydantic import AfterValidator

from workflow_scripts.common.settings import AllDifferent


def _each_turns(rotations: list[float]) -> list[float]:
    if 0 in rotations:
        raise ValueError("0 is no rotation; every image is there unturned already")
    return rotations


# Degrees by which each image is also turned, beside itself.
Rotations = Annotated[list[float], AllDifferent, AfterValidator(_each_turns)]
