"""Writes the features of one vision checkpoint on one corpus: a vector for each image."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from tqdm import tqdm
from transformers.utils import logging as transformers_logging

from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.device import choose_device
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found, record_speed
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.kinds.image.feature_settings import VisionFeatureSettings
from workflow_scripts.kinds.image.vision_model import load_vision_model


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, run the checkpoint over the corpus, write its features."""
    flags = parser(__doc__)
    flags.add_argument("--corpus", type=existing_file, required=True, help="images, .npy")
    flags.add_argument("--card", type=existing_file, required=True, help="of the checkpoint, .json")
    flags.add_argument("--output", type=Path, required=True, help="features, .safetensors")
    add_flags(flags, VisionFeatureSettings)
    flags.add_argument("--batch-size", type=positive_int, default=32, help="images at a time")
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    arguments = flags.parse_args(argv)
    settings = from_flags(VisionFeatureSettings, arguments)

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    device = choose_device(arguments.device)
    card = read_card(arguments.card)
    images = np.load(arguments.corpus, mmap_mode="r")
    model = load_vision_model(
        Path(card.reading["folder"]),
        device,
        settings.precision,
        trust_remote_code=card.reading["trust_remote_code"],
    )
    metadata = {
        "checkpoint": card.checkpoint,
        "source": card.source,
        "revision": card.revision,
        "layer": str(settings.layer),
        "pooling": settings.pooling,
        "precision": "float32" if device.type == "cpu" else settings.precision,
        "dtype": settings.dtype,
        "corpus": arguments.corpus.stem,
        "corpus_sha256": file_digest(arguments.corpus),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    started = time.monotonic()
    width = model.features(images[:1], settings).shape[1]
    with (
        FeatureWriter(arguments.output, len(images), width, settings.dtype, metadata) as writer,
        tqdm(total=len(images), unit="image", mininterval=5) as bar,
    ):
        for start in range(0, len(images), arguments.batch_size):
            batch = images[start : start + arguments.batch_size]
            with np.errstate(over="ignore"):
                stored = model.features(batch, settings).astype(settings.dtype)
            finite = np.isfinite(stored).all(axis=1)
            if not finite.all():
                raise UserError(
                    f"checkpoint {card.checkpoint}: its features of unit "
                    f"{start + int(np.argmin(finite))} of {arguments.corpus} are not finite as "
                    f"{settings.dtype}, with a network in {metadata['precision']}; choose float32 "
                    "or another layer"
                )
            writer.write(slice(start, start + len(batch)), stored)
            bar.update(len(batch))
    seconds = time.monotonic() - started
    record_speed(card.checkpoint, seconds, len(images))
    found(
        f"{len(images):,} images, {width} dims, {len(images) / seconds:,.0f} images/s on {device}"
    )


if __name__ == "__main__":
    run(main)
