"""Pre-trains a miniature language model on a text corpus.

It is saved as transformers saves checkpoints, so that later stages take it like one of the hub.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from workflow_scripts.common.checkpoint_card import write_card
from workflow_scripts.common.device import choose_device
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run
from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.kinds.text.miniatures.networks import build_language_model
from workflow_scripts.kinds.text.miniatures.settings import PretrainSettings
from workflow_scripts.kinds.text.miniatures.tokenizers import encode_words, train_tokenizer
from workflow_scripts.kinds.text.miniatures.training import (
    HeldOut,
    Sentence,
    evaluate_language_model,
    group_by_length,
    objective_of,
    sentinel_count,
    split_sentences,
    train_language_model,
)
from workflow_scripts.kinds.text.sentences import read_sentences
from workflow_scripts.pretrained.model_details import pretrained_card
from workflow_scripts.pretrained.settings import ReadingSettings


@dataclass(frozen=True)
class Pretrained:
    """A language model and how well it learnt.

    Attributes:
        subwords: of the text that it was trained on.
    """

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    subwords: int
    held_out: HeldOut


def pretrain(
    sentences: Sequence[Sentence],
    settings: PretrainSettings,
    seed: int,
    split_seed: int,
    device: torch.device,
) -> Pretrained:
    """Train a tokenizer, then a network on its sub-words.

    Args:
        split_seed: decides which sentences are held out.

    Raises:
        ValueError: if there is too little text for the tokenizer or for a step.
        FloatingPointError: if training diverges.
    """
    train, held_out = split_sentences(sentences, split_seed)
    tokenizer = train_tokenizer(
        settings.tokenizer,
        settings.family,
        train,
        settings.vocabulary,
        settings.sequence_length,
        sentinel_count(settings),
    )
    train_groups, held_out_groups = (
        group_by_length(encode_words(tokenizer, part), settings.sequence_length)
        for part in (train, held_out)
    )
    subwords = sum(group.numel() for group in train_groups)
    if subwords < settings.batch_tokens:
        raise ValueError(
            f"the text is too short: without the sentences held out it has {subwords} sub-words, "
            f"and a step takes {settings.batch_tokens}; give more text or lower batch_tokens"
        )
    torch.manual_seed(seed)
    network = build_language_model(settings, tokenizer)
    network.to(device)  # type: ignore[arg-type]
    make_example = objective_of(settings, tokenizer)
    train_language_model(network, train_groups, make_example, settings, seed)
    result = evaluate_language_model(
        network,
        train_groups,
        held_out_groups,
        make_example,
        torch.tensor(tokenizer.all_special_ids),
        settings.batch_tokens,
        seed,
    )
    return Pretrained(network, tokenizer, subwords, result)


def save_checkpoint(
    folder: Path, network: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> dict[str, str]:
    """Write a network and its tokenizer, each file whole or not at all.

    Returns:
        The sha256 of each file, by its name.
    """
    temporary = folder / ".part"
    # Of a process that was killed.
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    network.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    files = sorted(temporary.iterdir())
    for file in files:
        file.replace(folder / file.name)
    temporary.rmdir()
    return {file.name: file_digest(folder / file.name) for file in files}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and text, train tokenizer and network, write the checkpoint."""
    flags = parser(__doc__)
    flags.add_argument("--checkpoint", required=True, help="its name in the zoo")
    flags.add_argument("--text", type=existing_file, required=True, help="sentences, .txt")
    flags.add_argument("--seed", type=int, default=0, help="of the zoo")
    flags.add_argument("--folder", type=Path, required=True, help="output")
    flags.add_argument("--card", type=Path, required=True, help="output, .json")
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    flags.add_argument("--threads", type=positive_int, default=1, help="of the processor")
    add_flags(flags, PretrainSettings, skip={"kind", *ReadingSettings.model_fields})
    arguments = flags.parse_args(argv)
    settings = from_flags(PretrainSettings, arguments)

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(arguments.threads)
    device = choose_device(arguments.device)
    name = arguments.checkpoint
    started = time.monotonic()
    try:
        trained = pretrain(
            read_sentences(arguments.text),
            settings,
            seeded_integer(arguments.seed, "pretrain", name),
            arguments.seed,
            device,
        )
    except ValueError as error:
        raise UserError(f"{name}: {arguments.text}: {error}") from error
    except FloatingPointError as error:
        raise UserError(f"{name}: training diverges ({error}); lower learning_rate") from error
    network, held_out = trained.network, trained.held_out
    files = save_checkpoint(arguments.folder, network, trained.tokenizer)
    card = pretrained_card(
        name,
        "pretrain",
        f"{settings.family}, {settings.objective}, {settings.tokenizer}, {settings.domain}",
        hashlib.sha256(json.dumps(files).encode()).hexdigest(),
        arguments.folder,
        files,
        details={
            "parameters": network.num_parameters(),
            "steps": settings.steps,
            "heldout_loss": round(held_out.loss, 4),
            "unigram_entropy": round(held_out.unigram_entropy, 4),
        },
    )
    write_card(arguments.card, card)
    found(
        f"held-out loss {held_out.loss:.2f} nats, {held_out.unigram_entropy:.2f} by frequency "
        f"alone; {network.num_parameters():,} parameters, {trained.subwords:,} sub-words, "
        f"{time.monotonic() - started:.0f} s on {device}"
    )


if __name__ == "__main__":
    run(main)
