"""Writes the features of one text checkpoint on one corpus: a vector for each word."""

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
from workflow_scripts.kinds.text.feature_settings import WordFeatureSettings
from workflow_scripts.kinds.text.sentences import read_sentences
from workflow_scripts.kinds.text.text_model import load_text_model
from workflow_scripts.kinds.text.word_features import feature_width, word_features


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, run the checkpoint over the corpus, write its features."""
    flags = parser(__doc__)
    flags.add_argument("--corpus", type=existing_file, required=True, help="sentences, .txt")
    flags.add_argument("--card", type=existing_file, required=True, help="of the checkpoint, .json")
    flags.add_argument("--output", type=Path, required=True, help="features, .safetensors")
    add_flags(flags, WordFeatureSettings)
    flags.add_argument("--batch-tokens", type=positive_int, default=8192, help="tokens at a time")
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    arguments = flags.parse_args(argv)
    settings = from_flags(WordFeatureSettings, arguments)

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    device = choose_device(arguments.device)
    card = read_card(arguments.card)
    sentences = read_sentences(arguments.corpus)
    words = sum(map(len, sentences))
    model = load_text_model(
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
        "long_sentences": settings.long_sentences,
        "precision": "float32" if device.type == "cpu" else settings.precision,
        "dtype": settings.dtype,
        "corpus": arguments.corpus.stem,
        "corpus_sha256": file_digest(arguments.corpus),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    started = time.monotonic()
    present = 0
    width = feature_width(model)
    batches = word_features(model, sentences, settings, arguments.batch_tokens)
    with (
        FeatureWriter(arguments.output, words, width, settings.dtype, metadata) as writer,
        tqdm(total=words, unit="word", mininterval=5) as bar,
    ):
        for rows, features in batches:
            with np.errstate(over="ignore"):
                stored = features.astype(settings.dtype)
            finite = np.isfinite(stored).all(axis=1)
            if not finite.all():
                raise UserError(
                    f"checkpoint {card.checkpoint}: its features of word {rows[~finite].min()} of "
                    f"{arguments.corpus} are not finite as {settings.dtype}, with a network in "
                    f"{metadata['precision']}; choose float32 or another layer"
                )
            writer.write(rows, stored)
            bar.update(len(rows))
            present += len(rows)
    seconds = time.monotonic() - started
    record_speed(card.checkpoint, seconds, words)
    absent = f", {words - present:,} of them without a vector" if words > present else ""
    found(f"{words:,} words{absent}, {width} dims, {words / seconds:,.0f} words/s on {device}")


if __name__ == "__main__":
    run(main)
