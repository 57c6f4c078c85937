"""Registers zoos of vision checkpoints."""

from workflow_scripts.kinds.image.zoo import ImageZoo
from workflow_scripts.kinds.kind import Kind

IMAGE = Kind(
    settings=ImageZoo,
    stages={
        "data": ("gather_images", "read_image_task"),
        "checkpoints": ("fetch_checkpoint", "describe_folder"),
        "features": ("extract_image_features",),
    },
    drafter=("workflow_scripts.kinds.image.draft", "ImageDrafter"),
)
