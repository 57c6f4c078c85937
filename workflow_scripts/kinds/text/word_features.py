"""Features of words: hidden states of a language model, one vector a word."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.common.retry import first_line
from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.feature_settings import WordFeatureSettings
from workflow_scripts.kinds.text.reading_windows import Windows, reading_windows
from workflow_scripts.kinds.text.text_model import TextModel, TokenBatch

log = logging.getLogger(__name__)

Numbers = NDArray[np.int64]
WordVectors = tuple[Numbers, NDArray[np.float32]]

# Sentences that are tokenized together, then read from the longest to the shortest.
_CHUNK = 10_000
# The shortest sentence of a batch has this share of the longest one's length, where padding does
# no harm.
_SIMILAR = 0.75


@dataclass(frozen=True)
class _Chunk:
    """Sentences in tokens.

    Attributes:
        ids: the tokens of all words, one after another.
        counts: [n] how many of them each word has.
        begins: [n] where those of each word begin.
        windows: what is read at a time.
    """

    ids: Numbers
    counts: Numbers
    begins: Numbers
    windows: Windows


@dataclass(frozen=True)
class _Batch:
    """Windows of similar length, side by side, and where the vectors of their words are.

    Attributes:
        tokens: of the windows.
        words: [n] words, counted over the chunk.
        rows, columns: the tokens whose vectors count, word by word.
        counts: [n] how many of them each word has.
    """

    tokens: TokenBatch
    words: Numbers
    rows: Numbers
    columns: Numbers
    counts: Numbers


def feature_width(model: TextModel) -> int:
    """The width of the vectors."""
    return model.width


def word_features(
    model: TextModel,
    sentences: Sequence[Sequence[str]],
    settings: WordFeatureSettings,
    batch_tokens: int = 8192,
) -> Iterator[WordVectors]:
    """The vectors of words, batch by batch, in no particular order of words.

    Args:
        sentences: words, without blanks in them.
        settings: ``precision`` and ``dtype`` do not matter here. The mean over layers includes the
            embeddings.
        batch_tokens: tokens that are read at a time, padding included. Where this is too many for
            the memory of a GPU, half as many are from there on.

    Yields:
        The numbers [b] of words, counted over all sentences, and their vectors [b, width]; words
        without a vector never come.

    Raises:
        UserError: if the model has no such layer, has fewer tokens than its tokenizer, or cannot
            read a sentence, within the memory or at all.
    """
    layers = model.layers
    if settings.layer != "mean" and not -layers - 1 <= settings.layer <= layers:
        raise UserError(
            f"layer {settings.layer}: {model.name} has {layers} layers; "
            f"say 0 for the embeddings, 1 to {layers}, -1 to {-layers - 1} from the end, or mean"
        )
    return _word_features(model, sentences, settings, batch_tokens)


def _word_features(
    model: TextModel,
    sentences: Sequence[Sequence[str]],
    settings: WordFeatureSettings,
    batch_tokens: int,
) -> Iterator[WordVectors]:
    special = model.word_tokens.special
    similar = _SIMILAR if model.pads else 1.0
    waiting: _Copy | None = None
    first_word = 0
    for chunk in _chunks(model, sentences, settings):
        sizes = chunk.windows.stops - chunk.windows.starts + special.count
        sizes = np.maximum(sizes, model.shortest)
        order = np.argsort(-sizes, kind="stable")
        sizes = sizes[order]
        done = 0
        while done < len(order):
            # What the network pads by itself takes memory as well.
            longest = model.attention.fit(int(sizes[done]))
            behind = int(np.searchsorted(-sizes, -similar * sizes[done], "right"))
            chosen = order[done : min(behind, done + max(1, batch_tokens // longest))]
            batch = _batch(model, chunk, chosen, settings.pooling)
            try:
                copy = _Copy(first_word + batch.words, _read(model, batch, settings))
            except torch.OutOfMemoryError:
                # Only behind this block is the memory free that the error holds.
                copy = None
            except UserError:
                raise
            except Exception as error:
                raise UserError(
                    f"{model.name}: the network cannot read a sentence of {longest} tokens "
                    f"({first_line(error)}); leave the checkpoint out, or set a lower "
                    "model_max_length in its tokenizer_config.json"
                ) from error
            if copy is None:
                if len(chosen) == 1:
                    raise UserError(
                        f"{model.name}: the memory of the device is too small for a sentence of "
                        f"{longest} tokens; use a larger one, or --device cpu"
                    )
                batch_tokens = len(chosen) * longest // 2
                log.warning("out of memory: %d tokens at a time from here on", batch_tokens)
                torch.cuda.empty_cache()
                continue
            done += len(chosen)
            # The device computes this batch while the caller stores the one before.
            if waiting is not None:
                yield waiting.vectors()
            waiting = copy
        first_word += len(chunk.counts)
    if waiting is not None:
        yield waiting.vectors()


class _Copy:
    """Vectors on their way from the device."""

    def __init__(self, words: Numbers, vectors: Tensor) -> None:
        self._words = words
        self._vectors = vectors.to("cpu", non_blocking=vectors.is_cuda)
        self._arrival = torch.cuda.current_stream().record_event() if vectors.is_cuda else None

    def vectors(self) -> WordVectors:
        """Words and vectors, once they are there."""
        if self._arrival is not None:
            self._arrival.synchronize()
        return self._words, self._vectors.numpy()


def _chunks(
    model: TextModel, sentences: Sequence[Sequence[str]], settings: WordFeatureSettings
) -> Iterator[_Chunk]:
    for start in range(0, len(sentences), _CHUNK):
        part = sentences[start : start + _CHUNK]
        ids, counts = model.word_tokens.of(list(chain.from_iterable(part)))
        model.check_vocabulary(ids)
        windows = reading_windows(
            np.fromiter(map(len, part), np.int64, len(part)),
            counts,
            model.capacity,
            stride=settings.long_sentences == "stride",
        )
        yield _Chunk(ids, counts, np.cumsum(counts) - counts, windows)


def _batch(model: TextModel, chunk: _Chunk, chosen: Numbers, pooling: str) -> _Batch:
    starts, stops = chunk.windows.starts[chosen], chunk.windows.stops[chosen]
    tokens = model.batch([chunk.ids[start:stop] for start, stop in zip(starts, stops, strict=True)])
    spans = [slice(*chunk.windows.splits[window : window + 2]) for window in chosen]
    words = np.concatenate([chunk.windows.words[span] for span in spans])
    rows = np.repeat(np.arange(len(chosen)), [span.stop - span.start for span in spans])
    counts = chunk.counts[words]
    columns = len(model.word_tokens.special.before) + chunk.begins[words] - starts[rows]
    if pooling == "mean":
        rows = np.repeat(rows, counts)
        columns = np.repeat(columns - (np.cumsum(counts) - counts), counts)
        columns += np.arange(len(columns))
    elif pooling == "last":
        columns += counts - 1
    return _Batch(tokens, words, rows, columns, counts)


@torch.inference_mode()
def _read(model: TextModel, batch: _Batch, settings: WordFeatureSettings) -> Tensor:
    """The vectors [n, width] of a batch's words, on the device."""
    states = model.hidden_states(batch.tokens, every_layer=settings.layer != -1)
    if settings.layer != "mean":
        states = [states[settings.layer]]
    if any(state.shape[1] < batch.tokens.ids.shape[1] for state in states):
        raise UserError(
            f"layer {settings.layer}: {model.name} joins several tokens to one vector there; "
            "say layer: -1"
        )
    rows, columns = model.send(batch.rows), model.send(batch.columns)
    gathered = [state[rows, columns].float() for state in states]
    vectors = torch.stack(gathered).mean(0) if len(gathered) > 1 else gathered[0]
    if settings.pooling == "mean":
        vectors = torch.segment_reduce(vectors, "mean", lengths=model.send(batch.counts))
    return vectors
