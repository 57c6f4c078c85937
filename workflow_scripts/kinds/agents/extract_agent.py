"""Writes the features of one checkpoint on one corpus."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from workflow_scripts.common.device import choose_device
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found, record_speed
from workflow_scripts.common.feature_file import DTYPES, FeatureWriter
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run
from workflow_scripts.kinds.agents.agent_file import load_agent
from workflow_scripts.kinds.agents.networks import feature_dim
from workflow_scripts.kinds.agents.penultimate import image_features


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, run the checkpoint over the corpus, write its features."""
    flags = parser(__doc__)
    flags.add_argument("--corpus", type=existing_file, required=True, help="images, .npy")
    flags.add_argument("--checkpoint", type=Path, required=True, help="folder of the agent")
    flags.add_argument("--output", type=Path, required=True, help="features, .safetensors")
    flags.add_argument("--dtype", choices=list(DTYPES), default="float32", help="of the features")
    flags.add_argument("--batch-size", type=positive_int, default=256, help="images at a time")
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    arguments = flags.parse_args(argv)

    device = choose_device(arguments.device)
    network, card = load_agent(arguments.checkpoint)
    images = np.load(arguments.corpus, mmap_mode="r")
    if images.shape[1:] != card.image_shape:
        raise UserError(
            f"{arguments.corpus} has images of {images.shape[1:]}, "
            f"{card.checkpoint} takes {card.image_shape} (height, width, channels)"
        )
    metadata = {
        "checkpoint": card.checkpoint,
        "source": "agent",
        "revision": file_digest(arguments.checkpoint / "model.safetensors"),
        "layer": "penultimate",
        "pooling": "none",
        "dtype": arguments.dtype,
        "corpus": arguments.corpus.stem,
        "corpus_sha256": file_digest(arguments.corpus),
        "torch": torch.__version__,
    }
    started = time.monotonic()
    batches = image_features(network, card, images, arguments.batch_size, device)
    with (
        FeatureWriter(
            arguments.output, len(images), feature_dim(network), arguments.dtype, metadata
        ) as writer,
        tqdm(total=len(images), unit="image", mininterval=5) as bar,
    ):
        for rows, features in batches:
            stored = features.astype(arguments.dtype)
            finite = np.isfinite(stored).all(axis=1)
            if not finite.all():
                unit = rows.start + int(np.argmin(finite))
                raise UserError(
                    f"checkpoint {card.checkpoint}: its features of unit {unit} of "
                    f"{arguments.corpus} are not finite as {arguments.dtype}; "
                    "train it again, or store float32"
                )
            writer.write(rows, stored)
            bar.update(len(features))
    seconds = time.monotonic() - started
    record_speed(card.checkpoint, seconds, len(images))
    found(
        f"{len(images):,} images, {feature_dim(network)} dims, "
        f"{len(images) / seconds:,.0f} images/s on {device}"
    )


if __name__ == "__main__":
    run(main)
