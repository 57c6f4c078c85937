"""Small networks of transformers' families, with random weights, and what they predict."""

import math
from collections.abc import Callable
from typing import Any

import transformers
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from workflow_scripts.kinds.text.miniatures.objectives import IGNORED, Example
from workflow_scripts.kinds.text.miniatures.settings import PretrainSettings

MODELS = {
    "albert": ("AlbertConfig", "AlbertForMaskedLM"),
    "bart": ("BartConfig", "BartForConditionalGeneration"),
    "bert": ("BertConfig", "BertForMaskedLM"),
    "distilbert": ("DistilBertConfig", "DistilBertForMaskedLM"),
    "electra": ("ElectraConfig", "ElectraForMaskedLM"),
    "gpt2": ("GPT2Config", "GPT2LMHeadModel"),
    "roberta": ("RobertaConfig", "RobertaForMaskedLM"),
    "t5": ("T5Config", "T5ForConditionalGeneration"),
}

# The part of a masked language model that turns hidden states into logits.
_HEADS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "albert": lambda network, hidden: network.predictions(hidden),
    "bert": lambda network, hidden: network.cls(hidden),
    "distilbert": lambda network, hidden: network.vocab_projector(
        network.vocab_layer_norm(network.activation(network.vocab_transform(hidden)))
    ),
    "electra": lambda network, hidden: network.generator_lm_head(
        network.generator_predictions(hidden)
    ),
    "roberta": lambda network, hidden: network.lm_head(hidden),
}

# The approximation that GPT-2 and ALBERT call gelu_new, as one operation instead of eight.
FAST_GELU = "gelu_pytorch_tanh"


def initial_spread(width: int) -> float:
    """Standard deviation of a network's first weights: as BERT's and GPT-2's, at their width."""
    return 0.02 * math.sqrt(768 / width)


def build_language_model(
    settings: PretrainSettings, tokenizer: PreTrainedTokenizerFast
) -> PreTrainedModel:
    """A network with random weights for a tokenizer's sub-words, without dropout.

    Where a family has a decoder beside its encoder, the decoder has one layer.
    ALBERT has word embeddings of half the width; narrower ones are its idea.
    """
    config_class, model_class = MODELS[settings.family]
    tokens = {
        f"{part}_token_id": getattr(tokenizer, f"{part}_token_id") for part in ("bos", "eos", "pad")
    }
    config = getattr(transformers, config_class)(
        vocab_size=len(tokenizer), **tokens, **_sizes(settings, tokenizer)
    )
    network: PreTrainedModel = getattr(transformers, model_class)(config)
    return network


def predicted_logits(network: PreTrainedModel, example: Example) -> Tensor:
    """Logits [guesses, vocabulary], in the order of the labels that are not ignored.

    Masked language models guess few of their inputs; only those go through the head, which costs
    as much as the layers of a small network.
    """
    guessed = example.labels != IGNORED
    head = _HEADS.get(network.config.model_type)
    if head is not None:
        hidden = network.base_model(input_ids=example.inputs).last_hidden_state
        return head(network, hidden[guessed])
    decoder = (
        {} if example.decoder_inputs is None else {"decoder_input_ids": example.decoder_inputs}
    )
    logits: Tensor = network(input_ids=example.inputs, use_cache=False, **decoder).logits
    return logits[guessed]


def prediction_loss(network: PreTrainedModel, example: Example) -> Tensor:
    """Mean cross-entropy of the guesses, in nats; 0 if there is none."""
    labels = example.labels[example.labels != IGNORED]
    logits = predicted_logits(network, example)
    return nn.functional.cross_entropy(logits, labels, reduction="sum") / max(1, len(labels))


def _sizes(settings: PretrainSettings, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    width, layers, heads = settings.width, settings.layers, settings.attention_heads
    longest = settings.sequence_length
    spread = initial_spread(width)
    if settings.family == "distilbert":
        return {
            "dim": width,
            "n_layers": layers,
            "n_heads": heads,
            "hidden_dim": 4 * width,
            "max_position_embeddings": longest,
            "initializer_range": spread,
            "dropout": 0,
            "attention_dropout": 0,
        }
    if settings.family == "gpt2":
        return {
            "n_embd": width,
            "n_layer": layers,
            "n_head": heads,
            "n_positions": longest,
            "initializer_range": spread,
            "activation_function": FAST_GELU,
            "resid_pdrop": 0,
            "embd_pdrop": 0,
            "attn_pdrop": 0,
        }
    if settings.family == "t5":
        return {
            "d_model": width,
            "num_layers": layers,
            "num_decoder_layers": 1,
            "num_heads": heads,
            "d_kv": width // heads,
            "d_ff": 4 * width,
            "decoder_start_token_id": tokenizer.pad_token_id,
            "dropout_rate": 0,
        }
    if settings.family == "bart":
        return {
            "d_model": width,
            "encoder_layers": layers,
            "decoder_layers": 1,
            "encoder_attention_heads": heads,
            "decoder_attention_heads": heads,
            "encoder_ffn_dim": 4 * width,
            "decoder_ffn_dim": 4 * width,
            "max_position_embeddings": longest,
            "decoder_start_token_id": tokenizer.eos_token_id,
            "init_std": spread,
            "dropout": 0,
        }
    sizes = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "max_position_embeddings": longest,
        "initializer_range": spread,
        "hidden_dropout_prob": 0,
        "attention_probs_dropout_prob": 0,
    }
    if settings.family == "roberta":
        # It counts positions from behind the number of the padding.
        return sizes | {"max_position_embeddings": longest + tokenizer.pad_token_id + 1}
    if settings.family == "albert":
        return sizes | {"embedding_size": width // 2, "hidden_act": FAST_GELU}
    if settings.family == "electra":
        return sizes | {"embedding_size": width}
    return sizes
