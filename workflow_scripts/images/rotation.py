"""Turned copies of images."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def rotated(image: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """An image [height, width, channel] turned counter-clockwise; corners become black."""
    if degrees == 0:
        return image
    channels = [
        np.asarray(Image.fromarray(channel).rotate(degrees, Image.Resampling.BILINEAR))
        for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack(channels, axis=-1)
