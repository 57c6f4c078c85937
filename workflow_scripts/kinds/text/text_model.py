"""A language model of transformers, ready to read: network, tokenizer, and what both allow."""

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
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
from workflow_scripts.kinds.text.sub_words import SubWords

# Encoder-decoders whose decoder reads the sentence too, moved one place to the right. Their last
# hidden state is the decoder's. Of all others, features are the encoder's.
_DECODER_READS_SENTENCE = {"bart", "bigbird_pegasus", "fsmt", "led", "mbart", "mvp", "plbart"}

_LENGTHS = (
    "max_position_embeddings",
    "max_encoder_position_embeddings",
    "max_decoder_position_embeddings",
)
# Tokenizers that know no limit say 1e30.
_SANE_LENGTH = 10**9


@dataclass(frozen=True)
class TextModel:
    """A network with its tokenizer.

    Attributes:
        name: what messages call it.
        network: maps sub-words to hidden states; in evaluation mode, on ``device``.
        device: where it computes.
        tokenizer: as transformers loaded it.
        sub_words: the tokenizer's sub-words of words.
        accepts: the names of the network's inputs; the token types only if the tokenizer has any.
        vocabulary: how many sub-words the network knows.
        limit: the most sub-words of a sentence, special tokens among them; None if any number is.
        attention: the windows of its attention, where it has any.
        padding: the number of the sub-word that fills shorter sentences.
        layers: number of hidden layers, the embeddings not counted.
        width: of the last hidden layer.
    """

    name: str
    network: nn.Module
    device: torch.device
    tokenizer: PreTrainedTokenizerBase
    sub_words: SubWords
    accepts: frozenset[str]
    vocabulary: float
    limit: int | None
    attention: LocalAttention
    padding: int
    layers: int
    width: int


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
    loader: Any = AutoModel
    if encoder_alone and config.model_type in MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES:
        loader = AutoModelForTextEncoding
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
    try:
        with torch.inference_mode():
            probe = torch.zeros((1, 1), dtype=torch.long, device=device)
            output = network(
                input_ids=probe,
                attention_mask=torch.ones_like(probe),
                output_hidden_states=True,
                return_dict=True,
            )
        width = output.last_hidden_state.shape[-1]
    except Exception as error:
        raise UserError(
            f"{name}: the network ({config.model_type}) gives sentences no hidden states "
            f"({_first_line(error)}); choose a language model"
        ) from error
    embeddings = network.get_input_embeddings()
    accepts = set(inspect.signature(network.forward).parameters)
    sub_words = SubWords(tokenizer)
    special = sub_words.special
    # XLNet's tokenizer has types without naming them; XLM's has none, and its network would take
    # zeros for a sub-word.
    types = {*special.before_types, special.sentence_type, *special.after_types}
    if "token_type_ids" not in tokenizer.model_input_names and types == {0}:
        accepts.discard("token_type_ids")
    padding = next(
        number
        for number in (config.pad_token_id, tokenizer.pad_token_id, 0)
        if number is not None and number >= 0
    )
    return TextModel(
        name=name,
        network=network,
        device=device,
        tokenizer=tokenizer,
        sub_words=sub_words,
        accepts=frozenset(accepts),
        vocabulary=embeddings.num_embeddings if isinstance(embeddings, nn.Embedding) else math.inf,
        limit=_limit(network, config, tokenizer),
        attention=LocalAttention(network, network.config),
        padding=padding,
        layers=len(hidden_states(output)) - 1,
        width=width,
    )


def hidden_states(output: Any) -> list[torch.Tensor]:
    """The embeddings and every hidden layer; the last is ``last_hidden_state``.

    Some networks normalise the last layer once more before they return it: that one counts.
    """
    states = getattr(output, "hidden_states", None)
    if states is None:
        states = getattr(output, "decoder_hidden_states", None) or (None,)
    return [*states[:-1], output.last_hidden_state]


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
                and module is not network.get_input_embeddings()
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


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".rstrip(": ")
