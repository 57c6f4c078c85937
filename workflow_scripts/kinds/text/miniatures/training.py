"""Pre-training of a language model: sentences drawn by length, training, held-out loss."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.kinds.text.miniatures import objectives
from workflow_scripts.kinds.text.miniatures.networks import initial_spread, prediction_loss
from workflow_scripts.kinds.text.miniatures.objectives import IGNORED, Example
from workflow_scripts.kinds.text.miniatures.settings import PretrainSettings

Sentence = Sequence[str]

log = logging.getLogger(__name__)

HELD_OUT_SHARE = 0.05
# Sub-words that every objective makes an example of, special tokens among them.
SHORTEST = 3

WARMUP_SHARE = 0.1
WEIGHT_DECAY = 0.01
BETAS = (0.9, 0.98)
GRADIENT_NORM = 1.0

# From sub-words [sequences, length] to an example, with a generator for what is random.
MakeExample = Callable[[Tensor, torch.Generator], Example]


def split_sentences(
    sentences: Sequence[Sentence], seed: int
) -> tuple[list[Sentence], list[Sentence]]:
    """Sentences to train on and sentences held out; those without words are in neither."""
    rows = [row for row, sentence in enumerate(sentences) if sentence]
    order = seeded_order(rows, seed, "held out")
    held_out = set(order[: math.ceil(HELD_OUT_SHARE * len(order))])
    train = [sentences[row] for row in rows if row not in held_out]
    return train, [sentences[row] for row in rows if row in held_out]


def group_by_length(encoded: Sequence[Sequence[int]], longest: int) -> list[Tensor]:
    """Sentences of equal numbers of sub-words, int64 [sentences, length], by ascending length.

    No sentence needs padding then, and each begins at position 0, as when features are extracted.
    One that is longer than ``longest`` is cut, and pieces too short to be an example are left out.
    """
    groups: dict[int, list[Sequence[int]]] = {}
    for subwords in encoded:
        for start in range(0, len(subwords), longest):
            piece = subwords[start : start + longest]
            if len(piece) >= SHORTEST:
                groups.setdefault(len(piece), []).append(piece)
    return [torch.tensor(groups[length]) for length in sorted(groups)]


def objective_of(settings: PretrainSettings, tokenizer: PreTrainedTokenizerFast) -> MakeExample:
    """The objective of a family, for its tokenizer."""
    if settings.objective == "causal":
        return lambda subwords, generator: objectives.causal(subwords)
    if settings.family == "bart":
        return lambda subwords, generator: objectives.infilled(
            subwords,
            settings.masked_share,
            tokenizer.mask_token_id,
            tokenizer.eos_token_id,
            generator,
        )
    special = torch.tensor(tokenizer.all_special_ids)
    if settings.family == "t5":
        sentinels = torch.tensor(
            tokenizer.convert_tokens_to_ids(
                [f"<extra_id_{number}>" for number in range(sentinel_count(settings))]
            )
        )
        return lambda subwords, generator: objectives.span_corrupted(
            subwords,
            settings.masked_share,
            sentinels,
            tokenizer.pad_token_id,
            generator,
        )
    return lambda subwords, generator: objectives.masked(
        subwords, settings.masked_share, tokenizer.mask_token_id, special, len(tokenizer), generator
    )


def sentinel_count(settings: PretrainSettings) -> int:
    """Number of special tokens that T5's objective needs; the others need none."""
    if settings.family != "t5":
        return 0
    return objectives.span_count(settings.sequence_length, settings.masked_share) + 1


def learning_rate(settings: PretrainSettings, step: int) -> float:
    """Linear warm-up over the first tenth of the steps, then linear decay to zero.

    Args:
        step: from 0.
    """
    warmup = max(1, round(WARMUP_SHARE * settings.steps))
    decay = (settings.steps - step) / max(1, settings.steps - warmup)
    return settings.learning_rate * min((step + 1) / warmup, decay)


def train_language_model(
    network: PreTrainedModel,
    groups: Sequence[Tensor],
    make_example: MakeExample,
    settings: PretrainSettings,
    seed: int,
) -> None:
    """Train in place, on the device of the network.

    Args:
        groups: of sentences, from :func:`group_by_length`.

    Raises:
        FloatingPointError: if the loss is no finite number.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        _parameter_groups(network), betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True
    )
    batches = draw_batches(groups, settings.batch_tokens, generator)
    network.train()
    for step in range(settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = group["scale"] * learning_rate(settings, step)
        example = make_example(next(batches), generator).to(network.device)
        loss = prediction_loss(network, example)
        value = loss.item()
        if not math.isfinite(value):
            raise FloatingPointError(f"the loss is {value} at step {step + 1}")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
        optimizer.step()
        if step % max(1, settings.steps // 10) == 0 or step == settings.steps - 1:
            log.info("step %d of %d: loss %.3f", step + 1, settings.steps, value)


def _parameter_groups(network: PreTrainedModel) -> list[dict[str, Any]]:
    """Weights with a factor of their learning rate: their spread, if they are a matrix.

    It is about 1 for most families, whose matrices start with :func:`initial_spread`. T5's differ
    widely, its word embeddings most, and it is made for steps in proportion to the weights
    (Adafactor; Shazeer and Stern 2018, section 8).
    """
    spread = initial_spread(network.config.hidden_size)
    return [
        {"params": [weight], "scale": weight.std().item() / spread if weight.ndim == 2 else 1.0}
        for weight in network.parameters()
    ]


def draw_batches(
    groups: Sequence[Tensor], subwords: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Random sentences of one length, int64 [sentences, length], for ever.

    Each sub-word of the text is as likely to decide the length as any other.

    Args:
        subwords: of a batch; fewer where there are too few sentences of that length.
    """
    sizes = torch.tensor([group.numel() for group in groups], dtype=torch.float64)
    while True:
        group = groups[int(torch.multinomial(sizes, 1, generator=generator))]
        rows = torch.randperm(len(group), generator=generator)
        yield group[rows[: max(1, subwords // group.shape[1])]]


@dataclass(frozen=True)
class HeldOut:
    """How well held-out sub-words are guessed, in nats per guess; special tokens do not count.

    Attributes:
        loss: of the network.
        unigram_entropy: of their frequency in the training text alone, with add-one smoothing.
    """

    loss: float
    unigram_entropy: float


@torch.no_grad()
def evaluate_language_model(
    network: PreTrainedModel,
    train: Sequence[Tensor],
    held_out: Sequence[Tensor],
    make_example: MakeExample,
    special: Tensor,
    batch_tokens: int,
    seed: int,
) -> HeldOut:
    """Compare a network with guesses by frequency.

    Args:
        train: groups of sentences, from :func:`group_by_length`.
        held_out: the same of the held-out text.
        special: [k], sub-words that do not count.
        batch_tokens: sub-words at a time.

    Raises:
        ValueError: if there is nothing to guess.
        FloatingPointError: if the loss is no finite number.
    """
    vocabulary = network.config.vocab_size
    counts = torch.ones(vocabulary, dtype=torch.float64)
    for group in train:
        counts += torch.bincount(group.flatten(), minlength=vocabulary)
    counts[special] = 0
    surprise = -(counts / counts.sum()).log()
    generator = torch.Generator().manual_seed(seed)
    network.eval()  # type: ignore[no-untyped-call]
    batches = [
        batch
        for group in held_out
        for batch in torch.split(group, max(1, batch_tokens // group.shape[1]))
    ]
    loss = entropy = 0.0
    guesses = 0
    for batch in batches:
        example = make_example(batch, generator)
        labels = example.labels.masked_fill(torch.isin(example.labels, special), IGNORED)
        example = Example(example.inputs, labels, example.decoder_inputs)
        counted = int((labels != IGNORED).sum())
        if not counted:
            continue
        loss += prediction_loss(network, example.to(network.device)).item() * counted
        entropy += float(surprise[labels[labels != IGNORED]].sum())
        guesses += counted
    if not guesses:
        raise ValueError("the text is too short: no held-out sub-word is guessed; give more text")
    if not math.isfinite(loss):
        raise FloatingPointError(f"the held-out loss is {loss}")
    return HeldOut(loss / guesses, entropy / guesses)
