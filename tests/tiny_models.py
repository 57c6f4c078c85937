"""Tiny language models with random weights, one for each family of the paper's checkpoints.

Each comes with the tokenizer class of its family, learnt from a little text, and is saved with the
files that the published checkpoints of this family have.
"""

import calendar
import difflib
import functools
import inspect
import io
import json
import statistics
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import (
    AlbertConfig,
    AlbertTokenizer,
    AutoModel,
    BartConfig,
    BartTokenizer,
    BertConfig,
    BertTokenizer,
    DistilBertConfig,
    DistilBertTokenizer,
    ElectraConfig,
    GPT2Config,
    GPT2Tokenizer,
    LongformerConfig,
    OpenAIGPTConfig,
    OpenAIGPTTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    RobertaConfig,
    RobertaTokenizer,
    T5Config,
    T5Tokenizer,
    XLMConfig,
    XLMRobertaConfig,
    XLMRobertaTokenizer,
    XLMTokenizer,
    XLNetConfig,
    XLNetTokenizer,
)

WIDTH = 24
LAYERS = 2
HEADS = 2
# The most tokens of a sentence, special tokens among them, for all but XLNet.
LIMIT = 400
SUB_WORDS = 450

FOREIGN = """
Où est le café près de la mairie ? Là-bas , à côté du théâtre .
Der Bär läuft über die Straße , Zürich grüßt schön .
El niño comió piña mañana por la mañana , ¿ verdad ?
Čeština a žluťoučký kůň , naïve façade , smörgåsbord .
שלום עולם , מה שלומך היום ? אני לומד עברית .
مرحبا بالعالم ، كيف حالك اليوم ؟ أنا أتعلم العربية .
I like it 😀 😀 🤗 ❤ , 👍 said Ann . 🤗 👍 ❤
"""


@functools.cache
def text() -> tuple[str, ...]:
    """Some hundred lines: what Python's own modules say about themselves, and other languages."""
    modules = (calendar, difflib, statistics, textwrap)
    described = [
        thing
        for module in modules
        for thing in (module, *vars(module).values())
        if thing is module or getattr(thing, "__module__", None) == module.__name__
    ]
    lines = "\n".join(inspect.getdoc(thing) or "" for thing in described).splitlines()
    return tuple(line.strip() for line in lines if line.strip())[:400] + 3 * tuple(
        FOREIGN.strip().splitlines()
    )


# Tokenizers' files, as they are published.


def write_vocabulary(folder: Path, vocabulary: dict[str, int], merges: list[list[str]]) -> None:
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    lines = "".join(f"{first} {second}\n" for first, second in merges)
    (folder / "merges.txt").write_text(lines, "utf-8")


def wordpiece(folder: Path, lowercase: bool) -> None:
    cutter = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    cutter.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    cutter.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=SUB_WORDS, special_tokens=special, show_progress=False
    )
    cutter.train_from_iterator(text(), trainer)
    vocabulary = cutter.get_vocab()
    ordered = sorted(vocabulary, key=vocabulary.__getitem__)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in ordered), "utf-8")


@functools.cache
def byte_pairs() -> tuple[list[str], list[list[str]]]:
    """Tokens and merges of byte-level pairs, as GPT-2 has them."""
    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=SUB_WORDS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    cutter.train_from_iterator(text(), trainer)
    learnt = json.loads(cutter.to_str())["model"]
    return list(learnt["vocab"]), learnt["merges"]


def byte_level(folder: Path, before: list[str], behind: list[str]) -> None:
    tokens, merges = byte_pairs()
    ordered = [*before, *tokens, *behind]
    write_vocabulary(folder, {token: number for number, token in enumerate(ordered)}, merges)


def roberta_pairs(folder: Path) -> None:
    byte_level(folder, ["<s>", "<pad>", "</s>", "<unk>"], ["<mask>"])


def word_end_pairs(folder: Path, special: list[str]) -> None:
    """Pairs of characters, the last of a word marked, as GPT and XLM have them."""
    cutter = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    cutter.normalizer = normalizers.BertNormalizer(lowercase=True)
    cutter.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=SUB_WORDS, special_tokens=special, end_of_word_suffix="</w>", show_progress=False
    )
    cutter.train_from_iterator(text(), trainer)
    learnt = json.loads(cutter.to_str())["model"]
    write_vocabulary(folder, learnt["vocab"], learnt["merges"])


def xlm_pairs(folder: Path) -> None:
    special = [f"<special{number}>" for number in range(10)]
    word_end_pairs(folder, ["<s>", "</s>", "<pad>", "<unk>", *special])


def pieces(folder: Path, name: str, **special: Any) -> None:
    """A SentencePiece model, which normalises by its own table."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text()),
        model_writer=written,
        vocab_size=SUB_WORDS,
        character_coverage=0.999,
        num_threads=1,
        minloglevel=2,
        **special,
    )
    (folder / name).write_bytes(written.getvalue())


def albert_pieces(folder: Path) -> None:
    numbers = {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1}
    pieces(folder, "spiece.model", **numbers, control_symbols=["[CLS]", "[SEP]", "[MASK]"])


def t5_pieces(folder: Path) -> None:
    pieces(folder, "spiece.model", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)


def xlnet_pieces(folder: Path) -> None:
    controls = ["<cls>", "<sep>", "<pad>", "<mask>", "<eod>"]
    pieces(folder, "spiece.model", control_symbols=controls, user_defined_symbols=["<eop>"])


def xlm_roberta_pieces(folder: Path) -> None:
    pieces(folder, "sentencepiece.bpe.model")


# Networks.


@dataclass(frozen=True)
class Family:
    """What checkpoints of a family have in common.

    Attributes:
        write: writes the tokenizer's files.
        tokenizer: its class.
        config: the network's configuration.
        sizes: of the network, beside the vocabulary.
        settings: of the tokenizer, saved with it.
    """

    write: Callable[[Path], None]
    tokenizer: Any
    config: type[PreTrainedConfig]
    sizes: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)


_BERT = {
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 2 * WIDTH,
    "max_position_embeddings": LIMIT,
}
# Positions are counted from behind the number of the padding, which is 1.
_ROBERTA = _BERT | {
    "max_position_embeddings": LIMIT + 2,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
_GPT = {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": LIMIT}
_XLM = {
    "emb_dim": WIDTH,
    "n_layers": LAYERS,
    "n_heads": HEADS,
    "max_position_embeddings": LIMIT,
    "n_langs": 2,
    "use_lang_emb": True,
    "pad_token_id": 2,
}
_LIMITED = {"model_max_length": LIMIT}

FAMILIES = {
    "bert-cased": Family(
        functools.partial(wordpiece, lowercase=False),
        BertTokenizer,
        BertConfig,
        _BERT,
        {"do_lower_case": False} | _LIMITED,
    ),
    "bert-uncased": Family(
        functools.partial(wordpiece, lowercase=True),
        BertTokenizer,
        BertConfig,
        _BERT,
        {"do_lower_case": True},
    ),
    "albert": Family(
        albert_pieces, AlbertTokenizer, AlbertConfig, _BERT | {"embedding_size": 16}, _LIMITED
    ),
    "roberta": Family(roberta_pairs, RobertaTokenizer, RobertaConfig, _ROBERTA, _LIMITED),
    "distilbert": Family(
        functools.partial(wordpiece, lowercase=True),
        DistilBertTokenizer,
        DistilBertConfig,
        {
            "dim": WIDTH,
            "n_layers": LAYERS,
            "n_heads": HEADS,
            "hidden_dim": 2 * WIDTH,
            "max_position_embeddings": LIMIT,
        },
    ),
    "xlm-mlm": Family(xlm_pairs, XLMTokenizer, XLMConfig, _XLM, _LIMITED),
    "xlm-clm": Family(xlm_pairs, XLMTokenizer, XLMConfig, _XLM | {"causal": True}),
    "xlm-multilingual": Family(
        xlm_pairs,
        XLMTokenizer,
        XLMConfig,
        _XLM | {"use_lang_emb": False},
        {"do_lowercase_and_remove_accent": False},
    ),
    "xlm-roberta": Family(
        xlm_roberta_pieces, XLMRobertaTokenizer, XLMRobertaConfig, _ROBERTA, _LIMITED
    ),
    "longformer": Family(
        roberta_pairs,
        RobertaTokenizer,
        LongformerConfig,
        _ROBERTA | {"attention_window": [8] * LAYERS},
    ),
    "openai-gpt": Family(
        functools.partial(word_end_pairs, special=["<unk>"]),
        OpenAIGPTTokenizer,
        OpenAIGPTConfig,
        _GPT,
    ),
    "gpt2": Family(
        functools.partial(byte_level, before=[], behind=["<|endoftext|>"]),
        GPT2Tokenizer,
        GPT2Config,
        _GPT | {"bos_token_id": SUB_WORDS, "eos_token_id": SUB_WORDS},
        _LIMITED,
    ),
    "xlnet": Family(
        xlnet_pieces,
        XLNetTokenizer,
        XLNetConfig,
        {"d_model": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "d_inner": 2 * WIDTH},
    ),
    "bart": Family(
        roberta_pairs,
        BartTokenizer,
        BartConfig,
        {
            "d_model": WIDTH,
            "max_position_embeddings": LIMIT,
            **{
                f"{part}_{name}": size
                for part in ("encoder", "decoder")
                for name, size in (
                    ("layers", LAYERS),
                    ("attention_heads", HEADS),
                    ("ffn_dim", 2 * WIDTH),
                )
            },
        },
    ),
    "t5": Family(
        t5_pieces,
        T5Tokenizer,
        T5Config,
        {
            "d_model": WIDTH,
            "d_kv": WIDTH // HEADS,
            "d_ff": 2 * WIDTH,
            "num_layers": LAYERS,
            "num_heads": HEADS,
        },
        _LIMITED,
    ),
    "electra": Family(
        functools.partial(wordpiece, lowercase=True),
        BertTokenizer,
        ElectraConfig,
        _BERT | {"embedding_size": 16},
    ),
}


def random_network(config: PreTrainedConfig) -> PreTrainedModel:
    """A network in which all parameters are random, so that each of them matters."""
    network: PreTrainedModel = AutoModel.from_config(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = 0.2 * torch.randn(parameter.shape, generator=generator)
            normalises = any(part in name for part in ("norm", "Norm", "ln_"))
            scales = name.endswith("weight") and normalises
            centre = 1.0 if scales else 0.0
            parameter.copy_(centre + noise)
    return network.eval()


def build_tiny_model(name: str, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a checkpoint of a family into a new folder, its weights in ``dtype``."""
    family = FAMILIES[name]
    folder.mkdir(parents=True)
    family.write(folder)
    tokenizer = family.tokenizer.from_pretrained(folder, **family.settings)
    tokenizer.save_pretrained(folder)
    config = family.config(vocab_size=len(tokenizer), **family.sizes)
    random_network(config).to(dtype).save_pretrained(folder)
