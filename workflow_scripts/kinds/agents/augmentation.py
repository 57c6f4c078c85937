"""What happens to a batch of images before a network sees it."""

import torch
from torch import Tensor
from torch.nn import functional


def normalised(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """uint8 [n, channels, h, w] to float32, by each channel's mean and deviation in [0, 1]."""
    return (images.float() / 255 - mean[:, None, None]) / std[:, None, None]


def augmented(
    images: Tensor,
    crop_padding: int,
    horizontal_flip: bool,
    rotation: float,
    generator: torch.Generator,
) -> Tensor:
    """Each image turned, mirrored and shifted at random, in one resampling.

    A shift by up to ``crop_padding`` pixels each way is what a random crop of the padded image is;
    what comes in from outside is zero.

    Args:
        images: [n, channels, height, width], normalised, so that zero is the mean.
        crop_padding: pixels.
        horizontal_flip: whether half of the images are mirrored.
        rotation: largest angle, degrees.
        generator: on the CPU, so that the draws are the same on every device.
    """
    if not (crop_padding or horizontal_flip or rotation):
        return images
    count, _, height, width = images.shape
    angle = (torch.rand(count, generator=generator) * 2 - 1) * (rotation * torch.pi / 180)
    mirror = torch.ones(count)
    if horizontal_flip:
        mirror -= 2 * torch.randint(2, (count,), generator=generator)
    shift = torch.randint(-crop_padding, crop_padding + 1, (2, count), generator=generator)
    # Rows of the affine maps from places in the result to places in the image, both in [-1, 1].
    aspect = height / width
    sine, cosine = angle.sin(), angle.cos()
    first = torch.stack([mirror * cosine, -mirror * sine * aspect, shift[0] * (2 / width)], dim=1)
    second = torch.stack([sine / aspect, cosine, shift[1] * (2 / height)], dim=1)
    maps = torch.stack([first, second], dim=1).to(images)
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)
