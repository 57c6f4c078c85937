"""Tiny random checkpoints of every family that transformers has for text.

A family is a type of model that ``AutoModel`` builds and that has a head for text. Its
configuration is made from the names of its sizes; ``OVERRIDES`` holds what no name tells.
"""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from tiny_models import random_network, wordpiece
from transformers import CONFIG_MAPPING, BertTokenizer, PreTrainedConfig
from transformers.models.auto import modeling_auto

WIDTH = 32
HEADS = 2
LAYERS = 2
LIMIT = 512
TOKENS = 450
# More than the tokenizer has, for the placeholders of images and sounds.
VOCABULARY = TOKENS + 50

_HEADS_FOR_TEXT = (
    modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_MULTIPLE_CHOICE_MAPPING_NAMES,
)


def text_families() -> list[str]:
    """The types of models, in alphabetical order."""
    with_head = set().union(*_HEADS_FOR_TEXT)
    return sorted(with_head & set(modeling_auto.MODEL_MAPPING_NAMES))


def _named(size: int, names: str) -> dict[str, int]:
    return dict.fromkeys(names.split(), size)


# By the names that configurations have for them. Sentences are longer than windows and chunks.
_SIZES = {
    **_named(
        WIDTH,
        "hidden_size d_model n_embd emb_dim dim embedding_size embedding_dim word_embed_proj_dim "
        "input_embedding_size output_embedding_size entity_emb_size pronunciation_embed_dim "
        "shape_embed_dim unit_embed_dim hidden_size_global hidden_size_per_layer_input lru_width "
        "embedding_rank router_hidden_size intra_bottleneck_size true_hidden_size",
    ),
    **_named(
        2 * WIDTH,
        "intermediate_size moe_intermediate_size shared_expert_intermediate_size ffn_hidden_size "
        "shared_intermediate_size shared_experts_intermediate_size dense_intermediate_size "
        "moe_shared_expert_intermediate_size expert_ffn_hidden_size intermediate_size_mlp "
        "encoder_ffn_dim decoder_ffn_dim ffn_dim d_ff dim_ff dff d_inner hidden_dim "
        "feed_forward_size mamba_d_ssm",
    ),
    **_named(
        LAYERS,
        "num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers "
        "num_encoder_layers num_decoder_layers",
    ),
    **_named(
        HEADS,
        "num_attention_heads n_head n_heads num_heads attention_heads encoder_attention_heads "
        "decoder_attention_heads num_encoder_attention_heads num_decoder_attention_heads "
        "num_key_value_heads num_kv_heads index_n_heads linear_num_key_heads "
        "linear_num_value_heads linear_num_heads swa_num_attention_heads swa_num_key_value_heads",
    ),
    **_named(
        WIDTH // HEADS,
        "head_dim d_head d_kv dim_head kv_channels attention_head_size v_head_dim qk_nope_head_dim "
        "qk_rope_head_dim index_head_dim linear_key_head_dim linear_value_head_dim linear_head_dim "
        "swa_head_dim rotary_dim q_lora_rank kv_lora_rank o_lora_rank",
    ),
    **_named(
        4,
        "num_experts num_local_experts n_routed_experts moe_num_experts zero_expert_num "
        "expert_capacity mamba_n_heads mamba_num_heads n_mamba_heads",
    ),
    **_named(2, "num_experts_per_tok moe_k moe_topk"),
    **_named(1, "n_group topk_group"),
    **_named(
        16,
        "sliding_window sliding_window_size local_attention window_size chunk_size "
        "mamba_chunk_size mamba_d_state state_size ssm_state_size",
    ),
    **_named(
        LIMIT,
        "max_position_embeddings n_positions n_ctx max_seq_len context_length "
        "max_encoder_position_embeddings max_decoder_position_embeddings",
    ),
    **_named(
        VOCABULARY,
        "vocab_size src_vocab_size tgt_vocab_size vocab_size_per_layer_input entity_vocab_size",
    ),
    # As in the tokenizer.
    "pad_token_id": 0,
}

_ROTARY = {"rope_type": "default", "rope_theta": 1e4}
# Attention is sparse from 28 tokens on.
_SPARSE = {"block_size": 4, "num_random_blocks": 1}
_SPEECH = {
    "speech_encoder_layers": 1,
    "speech_encoder_attention_heads": HEADS,
    "speech_encoder_intermediate_size": WIDTH,
    "t2u_encoder_layers": 1,
    "t2u_encoder_attention_heads": HEADS,
    "t2u_encoder_ffn_dim": WIDTH,
    "t2u_decoder_layers": 1,
    "t2u_decoder_attention_heads": HEADS,
    "t2u_decoder_ffn_dim": WIDTH,
    "t2u_vocab_size": 50,
    "t2u_max_position_embeddings": 50,
    "unit_hifi_gan_vocab_size": 50,
    "upsample_initial_channel": WIDTH,
}

OVERRIDES: dict[str, dict[str, Any]] = {
    "big_bird": _SPARSE,
    "bigbird_pegasus": _SPARSE,
    "blt": {"encoder_hash_byte_group_vocab": 100},
    "canine": {"num_hash_buckets": 600},
    "codegen": {"n_head": 4, "rotary_dim": 8},
    "cohere_compass_text": {"rope_parameters": {"full_attention": _ROTARY}},
    "dbrx": {"attn_config": {"kv_n_heads": HEADS, "rope_theta": 1e4, "clip_qkv": 8}},
    "dots1": {"n_shared_experts": 1},
    "dots3_note": {
        # It has settings of single layers.
        "vision_config": {
            "num_hidden_layers": 42,
            "adapter_in_dim": WIDTH,
            "adapter_out_dim": WIDTH,
        },
        "audio_config": {"adapter_input_size": WIDTH, "adapter_out_dim": WIDTH},
    },
    "emu3": {
        "vocabulary_map": {"<image>": TOKENS + 1},
        "vq_config": {"base_channels": 32, "codebook_size": 8},
    },
    "funnel": {"architectures": ["FunnelModel"], "block_sizes": [1, 1]},
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "layoutlmv3": {"coordinate_size": 4, "shape_size": 8},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "lilt": {"hidden_size": 48},
    "mamba2": {"expand": 1, "n_groups": 2},
    "mimo_v2_flash": {"num_key_value_heads": 1},
    "nemo_speechlm": {
        "text_config": {"n_groups": 2},
        "audio_config": {"diarization_config": {"head_config": {"audio_hidden_size": WIDTH}}},
    },
    "nemotron_h": {"n_groups": 2},
    "perceiver": {"d_latents": WIDTH, "num_latents": 4, "num_self_attends_per_block": 1},
    "qwen4_exp": {
        "text_config": {
            "layer_types": ["linear_attention", "full_attention"],
            "indexer_n_heads": HEADS,
            "indexer_kv_heads": 1,
            "indexer_head_dim": WIDTH // HEADS,
            "indexer_budget": 16,
            "indexer_compress_ratio": 4,
        }
    },
    "reformer": {
        "attn_layers": ["local", "lsh"],
        "axial_pos_shape": [16, 32],
        "axial_pos_embds_dim": [16, 16],
    },
    "seamless_m4t": _SPEECH,
    "seamless_m4t_v2": _SPEECH,
    "vibevoice_asr": {
        "acoustic_tokenizer_encoder_config": {"num_filters": 1},
        "semantic_tokenizer_encoder_config": {"num_filters": 1},
    },
    "xmod": {"default_language": "en_XX"},
    # Its layers share weights from the second pair on.
    "zamba": {"num_hidden_layers": 4, "layers_block_type": 2 * ["linear_attention", "hybrid"]},
    "zamba2": {"layers_block_type": ["linear_attention", "hybrid"]},
    "zaya": {"num_experts_per_tok": 1},
}


def tiny_config(family: str, **values: Any) -> PreTrainedConfig:
    """The configuration of a network of two layers or little more."""
    kind = CONFIG_MAPPING[family]
    sizes: dict[str, Any] = {}
    for part in (_sizes(kind), OVERRIDES.get(family, {}), values):
        sizes = _merged(sizes, part)
    return kind(**sizes)


def _merged(sizes: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    return sizes | {
        name: _merged(sizes[name], value) if isinstance(sizes.get(name), dict) else value
        for name, value in overrides.items()
    }


def _sizes(kind: type[PreTrainedConfig]) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if field.name in _SIZES and not isinstance(field.default, list | tuple):
            sizes[field.name] = _SIZES[field.name]
        elif (
            field.name.endswith(("token_id", "token_index"))
            and isinstance(field.default, int)
            and field.default >= TOKENS
        ):
            # Different placeholders have different numbers.
            sizes[field.name] = TOKENS + 1 + sum(field.name.encode()) % 49
    parts = getattr(kind, "sub_configs", {})
    if parts:
        whole = kind()
        for name in parts:
            part = getattr(whole, name, None)
            if part is not None:
                sizes[name] = {"model_type": part.model_type, **_sizes(type(part))}
    return sizes


def write_tokenizer(folder: Path) -> None:
    """Write the tokenizer that all families share: BERT's, whatever their own."""
    folder.mkdir()
    wordpiece(folder, lowercase=True)
    BertTokenizer.from_pretrained(folder).save_pretrained(folder)


def write_checkpoint(family: str, tokenizer: Path, folder: Path, **values: Any) -> None:
    """Write a checkpoint into a new folder.

    Args:
        tokenizer: folder of a tokenizer's files, which are copied.
        values: of the configuration, beside those of the family.

    Raises:
        Exception: of any kind, if transformers cannot build the family.
    """
    network = random_network(tiny_config(family, **values))
    shutil.copytree(tokenizer, folder)
    network.save_pretrained(folder)
