"""A language model of transformers, ready to read: network, tokenizer, and what both allow."""

import inspect
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTextEncoding,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.local_attention import LocalAttention
from workflow_scripts.kinds.text.padding import LONGEST, padding_leaks
from workflow_scripts.kinds.text.word_tokens import WordTokens

log = logging.getLogger(__name__)

Numbers = NDArray[np.int64]

# Encoder-decoders whose decoder reads the sentence too, moved one place to the right. Their last
# hidden state is the decoder's. Of all others, features are the encoder's.
_DECODER_READS_SENTENCE = {"bart", "bigbird_pegasus", "fsmt", "led", "mbart", "mvp", "plbart"}

_LENGTHS = (
    "max_position_embeddings",
    "max_encoder_position_embeddings",
    "max_decoder_position_embeddings",
    "max_seq_len",
)
# Tokenizers that know no limit say 1e30.
_SANE_LENGTH = 10**9

# What networks keep for tokens to come, unless told not to.
_KEEPS = ("use_cache", "use_mems")

# What is read to try a network.
_CHARACTERS = "a0.e1,bcdfghijklmnopqrstuvwxyz23456789"


@dataclass(frozen=True)
class TokenBatch:
    """Sentences side by side, each padded on the right to the length of the batch.

    Attributes:
        ids: [b, t] tokens.
        types: [b, t] token types.
        lengths: [b] how many tokens of each sentence are no padding.
    """

    ids: Numbers
    types: Numbers
    lengths: Numbers


@dataclass(frozen=True)
class TextModel:
    """A network with its tokenizer.

    The last four attributes are found by reading a few sentences.

    Attributes:
        name: what messages call it.
        network: maps tokens to hidden states; in evaluation mode, on ``device``.
        device: where it computes.
        tokenizer: as transformers loaded it.
        word_tokens: the tokenizer's tokens of words.
        accepts: the names of the network's inputs; the token types only if the tokenizer has any.
        vocabulary: how many tokens the network knows.
        limit: the most tokens of a sentence, special tokens among them; None if any number is.
        attention: the windows of its attention, where it has any.
        padding: the number of the token that fills shorter sentences.
        pads: whether sentences of different lengths may share a batch, as padding changes nothing.
        shortest: the fewest tokens that the network reads; shorter sentences are padded to them.
        layers: number of hidden layers, the embeddings not counted.
        width: of the last hidden layer.
    """

    name: str
    network: nn.Module
    device: torch.device
    tokenizer: PreTrainedTokenizerBase
    word_tokens: WordTokens
    accepts: frozenset[str]
    vocabulary: float
    limit: int | None
    attention: LocalAttention
    padding: int
    pads: bool = False
    shortest: int = 1
    layers: int = 0
    width: int = 0

    @property
    def capacity(self) -> int | None:
        """The most tokens of a sentence, special tokens not counted; None if any number is."""
        return None if self.limit is None else self.limit - self.word_tokens.special.count

    def batch(self, sentences: Sequence[Numbers]) -> TokenBatch:
        """Put special tokens around sentences, and padding behind them.

        Padding is on the right whatever the tokenizer's ``padding_side``: networks count positions
        from the first token, and causal and recurrent ones read padding after all else.
        """
        special = self.word_tokens.special
        before, after = len(special.before), len(special.after)
        lengths = np.array([before + len(sentence) + after for sentence in sentences])
        shape = (len(sentences), max(int(lengths.max()), self.shortest))
        ids, types = np.full(shape, self.padding), np.full(shape, special.sentence_type)
        ids[:, :before] = special.before
        types[:, :before] = special.before_types
        for row, (sentence, length) in enumerate(zip(sentences, lengths, strict=True)):
            ids[row, before : length - after] = sentence
            ids[row, length - after : length] = special.after
            types[row, length - after : length] = special.after_types
        return TokenBatch(ids, types, lengths)

    @torch.inference_mode()
    def hidden_states(self, batch: TokenBatch, every_layer: bool) -> list[Tensor]:
        """Read sentences.

        Returns:
            Those of the embeddings and of every hidden layer, each [b, t, width], on the device; or
            the last alone.

        Raises:
            Exception: of any kind, from the network.
        """
        ids, lengths = self.send(batch.ids), self.send(batch.lengths)
        places = torch.arange(ids.shape[1], device=ids.device)
        inputs = {"input_ids": ids, "attention_mask": (places < lengths[:, None]).long()}
        if "token_type_ids" in self.accepts:
            inputs["token_type_ids"] = self.send(batch.types)
        output = self.network(
            **inputs,
            **{name: False for name in _KEEPS if name in self.accepts},
            output_hidden_states=every_layer,
            return_dict=True,
        )
        # Some networks normalise the last layer once more before they return it: that one counts.
        last: Tensor = output.last_hidden_state
        if not every_layer:
            return [last]
        states = getattr(output, "hidden_states", None)
        if states is None:
            states = getattr(output, "decoder_hidden_states", None) or (None,)
        return [*states[:-1], last]

    def check_vocabulary(self, ids: Numbers) -> None:
        """Check that the network knows tokens.

        Raises:
            UserError: if it does not.
        """
        if ids.max(initial=-1) >= self.vocabulary:
            raise UserError(
                f"{self.name}: the tokenizer has a token number {ids.max()}, the network only "
                f"{self.vocabulary} tokens; they do not belong together"
            )

    def send(self, array: Numbers) -> Tensor:
        """Copy to the device, without waiting for it."""
        tensor = torch.from_numpy(array)
        if self.device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=self.device.type == "cuda")


def load_text_model(
    folder: Path,
    device: torch.device,
    precision: str = "float32",
    trust_remote_code: bool = False,
) -> TextModel:
    """Load what transformers' ``save_pretrained`` wrote, never over the internet.

    Args:
        precision: of the weights, on a GPU; on a CPU they are always float32.

    Raises:
        UserError: if network or tokenizer cannot be loaded, or the weights are not all there.
    """
    options = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    dtype = torch.float32 if device.type == "cpu" else getattr(torch, precision)
    if not (folder / "config.json").is_file():
        raise UserError(f"{folder}: there is no config.json, so this is no checkpoint")
    # Whatever may be wrong with the files, transformers and what it calls have errors of all kinds.
    try:
        config = AutoConfig.from_pretrained(folder, **options)
        network = _load_network(folder, config, dtype, options)
        network.eval()  # type: ignore[no-untyped-call]
        network.to(device)  # type: ignore[arg-type]
    except UserError:
        raise
    except Exception as error:
        raise UserError(_complaint(folder, "network", error)) from error
    try:
        # Byte-level tokenizers tell words inside a sentence by the blank before them.
        tokenizer = AutoTokenizer.from_pretrained(
            folder, config=config, add_prefix_space=True, **options
        )
    except Exception as error:
        raise UserError(_complaint(folder, "tokenizer", error)) from error
    # Without its files, transformers makes some tokenizers that know special tokens alone.
    if len(tokenizer) <= len(tokenizer.all_special_ids) + 2:
        raise UserError(
            f"{folder}: the tokenizer's files are missing; save the tokenizer to this folder too"
        )
    return _inspect(str(folder), network, config, tokenizer, device)


def _load_network(
    folder: Path, config: PreTrainedConfig, dtype: torch.dtype, options: Mapping[str, Any]
) -> PreTrainedModel:
    """Load the part whose last hidden state gives the features."""
    encoder_alone = config.is_encoder_decoder and config.model_type not in _DECODER_READS_SENTENCE
    if getattr(config, "hash_seed", 0) is None:
        # Reformer would draw other hashes, and so give other hidden states, each time.
        config.hash_seed = 0
    loader: Any = AutoModel
    if encoder_alone and config.model_type in MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES:
        loader = AutoModelForTextEncoding
        config.is_encoder_decoder = False
    network: PreTrainedModel
    network, report = loader.from_pretrained(
        folder, config=config, dtype=dtype, output_loading_info=True, **options
    )
    # The pooler is behind the hidden states, and many checkpoints have none.
    missing = sorted(name for name in report["missing_keys"] if "pooler" not in name)
    if missing:
        raise UserError(
            f"{folder}: the weights lack {len(missing)} of the network's tensors, such as "
            f"{missing[0]}; they do not belong to this config.json"
        )
    if encoder_alone and loader is AutoModel:
        network = network.get_encoder()
    return network


def _inspect(
    name: str,
    network: PreTrainedModel,
    config: PreTrainedConfig,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
) -> TextModel:
    accepts = set(inspect.signature(network.forward).parameters)
    word_tokens = WordTokens(tokenizer)
    special = word_tokens.special
    # XLNet's tokenizer has types without naming them; XLM's has none, and its network would take
    # zeros for a token.
    types = {*special.before_types, special.sentence_type, *special.after_types}
    if "token_type_ids" not in tokenizer.model_input_names and types == {0}:
        accepts.discard("token_type_ids")
    # Networks that also see or hear keep the settings of their text apart.
    text_config = getattr(network.config, "text_config", None) or network.config
    paddings = [getattr(part, "pad_token_id", None) for part in (config, text_config, tokenizer)]
    embeddings = _input_embeddings(network)
    model = TextModel(
        name=name,
        network=network,
        device=device,
        tokenizer=tokenizer,
        word_tokens=word_tokens,
        accepts=frozenset(accepts),
        vocabulary=embeddings.num_embeddings if isinstance(embeddings, nn.Embedding) else math.inf,
        limit=_limit(network, text_config, tokenizer),
        attention=LocalAttention(network, network.config),
        padding=next((number for number in paddings if number is not None and number >= 0), 0),
    )
    return _try_out(model, config.model_type)


def _try_out(model: TextModel, family: str) -> TextModel:
    """Read a few sentences, to learn what the network needs and gives.

    Raises:
        UserError: if it cannot read.
    """
    special = model.word_tokens.special
    model.check_vocabulary(np.array([*special.before, *special.after]))
    known, _ = model.word_tokens.of(list(_CHARACTERS))
    ids = np.resize(known[known < model.vocabulary], LONGEST)[: model.capacity]
    model, states = _shortest(model, family, ids[:1])

    def read(sentences: Sequence[Numbers]) -> Tensor:
        batch = model.batch(sentences)
        model.attention.fit(batch.ids.shape[1])
        return model.hidden_states(batch, every_layer=False)[0]

    try:
        pads = not padding_leaks(read, ids)
    except Exception:
        # What cannot be read together is read apart.
        pads = False
    if not pads:
        log.info("%s: padding leaks into hidden states; batches are of one length", model.name)
    return replace(model, pads=pads, layers=len(states) - 1, width=states[-1].shape[-1])


def _shortest(model: TextModel, family: str, sentence: Numbers) -> tuple[TextModel, list[Tensor]]:
    """The model with its ``shortest``, and the hidden states of a sentence of one token.

    CANINE, for instance, joins four characters, and fails where there are fewer.
    """
    alone = len(sentence) + model.word_tokens.special.count
    first_error = None
    for length in (1, *(2**power for power in range(1, 7) if 2**power > alone)):
        model = replace(model, shortest=length)
        try:
            return model, model.hidden_states(model.batch([sentence]), every_layer=True)
        except Exception as error:
            first_error = first_error or error
    raise UserError(
        f"{model.name}: the network ({family}) gives sentences no hidden states "
        f"({_first_line(first_error)}); choose a language model"
    ) from first_error


def _input_embeddings(network: PreTrainedModel) -> nn.Module | None:
    """Those of tokens; None where there are none, as in CANINE, which hashes characters."""
    try:
        return network.get_input_embeddings()
    except NotImplementedError:
        return None


def _limit(
    network: PreTrainedModel, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase
) -> int | None:
    """The least of what the network's positions and the tokenizer allow.

    T5 and XLNet have relative positions and no limit of their own: the tokenizer's counts, which
    is 512 for the published T5s, and none for XLNet.
    """
    limits = [tokenizer.model_max_length]
    for length in (getattr(config, name, None) for name in _LENGTHS):
        if isinstance(length, int):
            # RoBERTa and its kin count positions from behind the number of the padding.
            taken = {
                module.padding_idx + 1
                for module in network.modules()
                if type(module) is nn.Embedding
                and module.num_embeddings == length
                and module.padding_idx is not None
                and module is not _input_embeddings(network)
            }
            limits.append(length - max(taken, default=0))
    return int(min((limit for limit in limits if 0 < limit < _SANE_LENGTH), default=0)) or None


def _complaint(folder: Path, part: str, error: Exception) -> str:
    if "trust_remote_code" in str(error):
        return (
            f"{folder}: this checkpoint comes with Python code of its own; read it, and say "
            "trust_remote_code: true for it if you trust it"
        )
    return (
        f"{folder}: transformers cannot load the {part} ({_first_line(error)}); a checkpoint is a "
        "folder with config.json, weights and tokenizer, as save_pretrained writes it"
    )


def _first_line(error: Exception | None) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".rstrip(": ")
