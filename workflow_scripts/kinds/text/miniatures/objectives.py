"""What language models are trained to guess: three ways to make examples from sentences.

Every function takes sub-words, int64 [sequences, length], and draws from the generator given.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

# A label that counts in no loss.
IGNORED = -100

# Of the sub-words chosen, as in BERT (Devlin et al. 2019, section 3.1).
MASKED_SHARE, RANDOM_SHARE = 0.8, 0.1

# Mean number of sub-words of a span, as in T5 (Raffel et al. 2020, section 3.3.4).
SPAN_LENGTH = 3


@dataclass(frozen=True)
class Example:
    """Sequences as a network reads them, and what it is to say.

    Attributes:
        inputs: [sequences, length].
        labels: [sequences, length, or length of the decoder]; IGNORED where nothing is guessed.
        decoder_inputs: [sequences, length of the decoder], where there is one.
    """

    inputs: Tensor
    labels: Tensor
    decoder_inputs: Tensor | None = None

    def to(self, device: torch.device) -> "Example":
        """The same on a device."""
        decoder_inputs = self.decoder_inputs
        return Example(
            self.inputs.to(device),
            self.labels.to(device),
            None if decoder_inputs is None else decoder_inputs.to(device),
        )


def masked(
    subwords: Tensor,
    share: float,
    mask: int,
    special: Tensor,
    vocabulary: int,
    generator: torch.Generator,
) -> Example:
    """BERT's objective: some sub-words are guessed, most of them from behind a mask.

    Args:
        share: of sub-words that are guessed. Of these, 80 % are masked, 10 % replaced by any
            sub-word, 10 % left as they are.
        special: [k], sub-words that are never guessed nor put in.
    """
    chosen = torch.rand(subwords.shape, generator=generator) < share
    chosen &= ~torch.isin(subwords, special)
    fate = torch.rand(subwords.shape, generator=generator)
    ordinary = torch.arange(vocabulary)
    ordinary = ordinary[~torch.isin(ordinary, special)]
    others = ordinary[torch.randint(len(ordinary), subwords.shape, generator=generator)]
    inputs = subwords.masked_fill(chosen & (fate < MASKED_SHARE), mask)
    replaced = chosen & (fate >= MASKED_SHARE) & (fate < MASKED_SHARE + RANDOM_SHARE)
    inputs = torch.where(replaced, others, inputs)
    return Example(inputs, subwords.masked_fill(~chosen, IGNORED))


def causal(subwords: Tensor) -> Example:
    """GPT's objective: each sub-word is guessed from those before it."""
    labels = subwords.roll(-1, dims=1)
    labels[:, -1] = IGNORED
    return Example(subwords, labels)


def infilled(
    subwords: Tensor, share: float, mask: int, start: int, generator: torch.Generator
) -> Example:
    """BART's objective: the whole sequence from one in which a mask stands for each span.

    Args:
        share: of sub-words in spans. Spans are drawn as T5 draws them; none is empty.
        start: the decoder's first input.
    """
    spans = random_spans(len(subwords), subwords.shape[1], share, generator)
    fillers = subwords.new_full((span_count(subwords.shape[1], share),), mask)
    return Example(collapse(subwords, spans, fillers), subwords, _shifted(subwords, start))


def span_corrupted(
    subwords: Tensor, share: float, sentinels: Tensor, start: int, generator: torch.Generator
) -> Example:
    """T5's objective: the spans left out, each after the sentinel that stands for it in the input.

    Args:
        share: of sub-words in spans.
        sentinels: [k], more than there are spans; one more ends the labels.
        start: the decoder's first input.
    """
    spans = random_spans(len(subwords), subwords.shape[1], share, generator)
    # Spans and what lies between them take turns, so leaving out the one gives the other.
    labels = collapse(subwords, ~spans, sentinels)
    return Example(collapse(subwords, spans, sentinels), labels, _shifted(labels, start))


def span_count(length: int, share: float) -> int:
    """Number of spans that :func:`random_spans` draws in each sequence of a length."""
    inside = _inside(length, share)
    return min(max(round(inside / SPAN_LENGTH), 1), length - inside - 1)


def random_spans(sequences: int, length: int, share: float, generator: torch.Generator) -> Tensor:
    """Which sub-words are in spans: bool, as many spans and members in every sequence.

    A sequence, of at least three sub-words, starts and ends outside of a span; all ways to cut it
    are equally likely.
    """
    count, inside = span_count(length, share), _inside(length, share)
    within = _random_parts(sequences, inside, count, generator)
    between = _random_parts(sequences, length - inside, count + 1, generator)
    lengths = between.new_empty(sequences, 2 * count + 1)
    lengths[:, 0::2], lengths[:, 1::2] = between, within
    in_span = (torch.arange(2 * count + 1) % 2 == 1).repeat(sequences)
    return in_span.repeat_interleave(lengths.flatten()).view(sequences, length)


def collapse(subwords: Tensor, spans: Tensor, fillers: Tensor) -> Tensor:
    """Put one filler in place of each span, the first filler for the first span of a sequence."""
    starts = spans.clone()
    starts[:, 1:] &= ~spans[:, :-1]
    number = (starts.cumsum(dim=1) - 1).clamp(min=0)
    filled = torch.where(starts, fillers[number], subwords)
    return filled[~spans | starts].view(len(subwords), -1)


def _inside(length: int, share: float) -> int:
    return min(max(round(length * share), 1), length - 2)


def _random_parts(sequences: int, total: int, parts: int, generator: torch.Generator) -> Tensor:
    """``total`` as a sum of ``parts`` positive integers, [sequences, parts], drawn uniformly."""
    cuts = torch.rand(sequences, total - 1, generator=generator).argsort(dim=1)[:, : parts - 1] + 1
    edges = torch.cat([cuts, torch.tensor([[0, total]]).expand(sequences, 2)], dim=1)
    return edges.sort(dim=1).values.diff(dim=1)


def _shifted(labels: Tensor, start: int) -> Tensor:
    shifted = labels.roll(1, dims=1)
    shifted[:, 0] = start
    return shifted
