"""Word features: compared with reading one sentence at a time, word by word."""

import dataclasses
import functools
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from torch import nn
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    ByT5Tokenizer,
    GPT2Config,
    GPT2Model,
    GPT2Tokenizer,
    LongformerConfig,
    LongformerModel,
    PegasusConfig,
    PegasusModel,
    PreTrainedTokenizerFast,
)

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import Facts
from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.extract_words import main
from workflow_scripts.kinds.text.feature_settings import WordFeatureSettings
from workflow_scripts.kinds.text.padding import differs
from workflow_scripts.kinds.text.reading_windows import reading_windows
from workflow_scripts.kinds.text.sentences import write_sentences
from workflow_scripts.kinds.text.text_model import TextModel, load_text_model
from workflow_scripts.kinds.text.word_features import (
    feature_width,
    word_features,
)
from workflow_scripts.kinds.text.word_tokens import WordTokens

CPU = torch.device("cpu")
LIMIT = 24
NOTHING = "\u200b"  # BERT's tokenizer removes it
GIANT = "ab" * 5000
END = "<|endoftext|>"

TEXT = [
    line.split()
    for line in """
    the quick brown fox jumps over the lazy dog .
    he said : " there are 3,141 checkpoints , and none is lazier than mine " !
    a
    covariance of unrelated-looking features , estimated from words
    naïve café , Zürich
    the lazy dog jumps again and again , quicker than before .
    """.strip().splitlines()
]
ODD = [
    ["שלום", "עולם", "مرحبا"],
    [],
    ["🤗", "👩‍🔬", "日本語", "[MASK]", "[PAD]", "x\u00a0y"],
    ["before", NOTHING, "behind"],
    [],
]
SENTENCES = TEXT + ODD


def wordpiece() -> PreTrainedTokenizerFast:
    cutter = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    cutter.normalizer = normalizers.BertNormalizer()
    cutter.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    cutter.train_from_iterator(
        TEXT, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special, show_progress=False)
    )
    cutter.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=cutter, **dict(zip(names, special, strict=True))
    )


def byte_pairs(pre_tokenizer: pre_tokenizers.PreTokenizer) -> Tokenizer:
    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizer
    cutter.decoder = decoders.ByteLevel()
    cutter.train_from_iterator(
        TEXT,
        trainers.BpeTrainer(
            vocab_size=330,
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return cutter


def make_bert(folder: Path) -> None:
    torch.manual_seed(0)
    tokenizer = wordpiece()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=LIMIT,
        initializer_range=0.5,
    )
    # Its checkpoint has a head that is not needed, and lacks the pooler.
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_gpt2(folder: Path) -> None:
    torch.manual_seed(0)
    learnt = json.loads(byte_pairs(pre_tokenizers.ByteLevel()).to_str())["model"]
    # As published, it puts no blank before the first word.
    tokenizer = GPT2Tokenizer(learnt["vocab"], list(map(tuple, learnt["merges"])))
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=16,
        n_layer=2,
        n_head=2,
        n_positions=LIMIT,
        initializer_range=0.5,
    )
    GPT2Model(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    make_bert(root / "bert")
    make_gpt2(root / "gpt2")
    return {name: root / name for name in ("bert", "gpt2")}


@pytest.fixture(scope="module", params=["bert", "gpt2"])
def model(request: pytest.FixtureRequest, folders: dict[str, Path]) -> TextModel:
    return load_text_model(folders[request.param], CPU)


@pytest.fixture(scope="module")
def bert(folders: dict[str, Path]) -> TextModel:
    return load_text_model(folders["bert"], CPU)


@pytest.fixture
def bert_copy(folders: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders["bert"], tmp_path / "copy"))


def how(**values: Any) -> WordFeatureSettings:
    return WordFeatureSettings(**values)


def gathered(batches: Iterable[tuple[Any, Any]]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for words, vectors in batches:
        assert vectors.dtype == np.float32
        for word, vector in zip(words, vectors, strict=True):
            assert word not in found
            found[int(word)] = vector
    return found


def cut(model: TextModel, sentence: Sequence[str]) -> list[list[int]]:
    """The tokens of each word by the tokenizer's own way for sentences of words."""
    encoding = model.tokenizer(list(sentence), is_split_into_words=True, add_special_tokens=False)
    pieces: list[list[int]] = [[] for _ in sentence]
    for number, word in zip(encoding["input_ids"], encoding.word_ids(), strict=True):
        pieces[word].append(number)
    return pieces


@torch.inference_mode()
def read(model: TextModel, ids: list[int]) -> Any:
    """The hidden layers of tokens between special tokens, which are cut off again."""
    before, after = ([2], [3]) if "[SEP]" in model.tokenizer.get_vocab() else ([], [])
    output = model.network(torch.tensor([before + ids + after]), output_hidden_states=True)
    layers = [*output.hidden_states[:-1], output.last_hidden_state]
    return torch.stack(layers)[:, 0, len(before) : len(before) + len(ids)].numpy()


def obvious(
    model: TextModel,
    sentences: Sequence[Sequence[str]],
    layer: int | str = -1,
    pooling: str = "last",
) -> dict[int, Any]:
    """Word vectors, one sentence at a time, of what fits."""
    capacity = LIMIT - model.word_tokens.special.count
    found, word = {}, 0
    for sentence in sentences:
        pieces = cut(model, sentence) if sentence else []
        if not any(pieces):
            word += len(sentence)
            continue
        layers = read(model, [number for piece in pieces for number in piece][:capacity])
        hidden = layers.mean(0) if layer == "mean" else layers[layer]
        end = 0
        for piece in pieces:
            begin, end = end, end + len(piece)
            if piece and end <= capacity:
                vectors = hidden[begin:end]
                found[word] = {"last": vectors[-1], "first": vectors[0], "mean": vectors.mean(0)}[
                    pooling
                ]
            word += 1
    return found


def assert_same(found: dict[int, Any], expected: dict[int, Any]) -> None:
    assert found.keys() == expected.keys()
    for word, vector in expected.items():
        np.testing.assert_allclose(found[word], vector, atol=1e-5, err_msg=str(word))


@pytest.mark.parametrize("batch_tokens", [1, 60, 8192])
def test_vectors_are_those_of_each_sentence_alone(model: TextModel, batch_tokens: int) -> None:
    found = gathered(word_features(model, SENTENCES, how(), batch_tokens))
    assert_same(found, obvious(model, SENTENCES))
    assert feature_width(model) == 16


@pytest.mark.parametrize("layer", [-1, 0, 1, 2, -2, -3, "mean"])
@pytest.mark.parametrize("pooling", ["last", "first", "mean"])
def test_layers_and_pooling(model: TextModel, layer: int | str, pooling: str) -> None:
    found = gathered(word_features(model, SENTENCES, how(layer=layer, pooling=pooling), 100))
    assert_same(found, obvious(model, SENTENCES, layer, pooling))


def test_chunks_of_sentences_count_words_on(
    bert: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gathered(word_features(bert, SENTENCES, how()))
    monkeypatch.setattr("workflow_scripts.kinds.text.word_features._CHUNK", 2)
    assert_same(gathered(word_features(bert, SENTENCES, how())), whole)


def test_nothing_to_read_gives_nothing(bert: TextModel) -> None:
    for sentences in ([], [[]], [[], []], [[NOTHING]]):
        assert gathered(word_features(bert, sentences, how(long_sentences="stride"))) == {}


@pytest.mark.parametrize("layer", [3, -4])
def test_a_layer_that_is_not_there(bert: TextModel, layer: int) -> None:
    with pytest.raises(UserError, match=f"layer {layer}: .* has 2 layers; say .* 1 to 2, -1 to -3"):
        word_features(bert, SENTENCES, how(layer=layer))


# Sentences longer than the model.


def long_sentence(model: TextModel) -> list[str]:
    """So many words that windows overlap several times, of different numbers of tokens."""
    return [word for sentence in TEXT for word in sentence] + [NOTHING, "fox"]


def test_words_that_do_not_fit_have_no_vector(model: TextModel) -> None:
    sentence = long_sentence(model)
    found = gathered(word_features(model, [["a"], sentence, ["dog"]], how()))
    assert_same(found, obvious(model, [["a"], sentence, ["dog"]]))
    assert 0 in found and 1 in found and len(sentence) not in found and len(sentence) + 1 in found


def test_a_word_of_which_a_part_fits_has_no_vector(bert: TextModel) -> None:
    short, long = ["a"] * 21, "unrelatedunrelated"
    assert len(cut(bert, [long])[0]) > 1
    assert gathered(word_features(bert, [[*short, long]], how())).keys() == set(range(21))


def test_a_stride_gives_every_word_the_most_context(model: TextModel) -> None:
    sentence = long_sentence(model)
    pieces = cut(model, sentence)
    capacity = LIMIT - model.word_tokens.special.count
    ends = np.cumsum([len(piece) for piece in pieces])
    begins = ends - [len(piece) for piece in pieces]
    ids = [number for piece in pieces for number in piece]
    found = gathered(word_features(model, [sentence], how(long_sentences="stride")))
    assert found.keys() == {word for word, piece in enumerate(pieces) if piece}
    counts = np.array([len(piece) for piece in pieces])
    windows = reading_windows(np.array([len(sentence)]), counts, capacity, stride=True)
    for window in range(len(windows.starts)):
        start, stop = windows.starts[window], windows.stops[window]
        hidden = read(model, ids[start:stop])[-1]
        for word in windows.words[windows.splits[window] : windows.splits[window + 1]]:
            np.testing.assert_allclose(found[word], hidden[ends[word] - 1 - start], atol=1e-5)
            # A quarter of a window of context, or all there is, less what words' lengths take.
            on_the_left = start == 0 or begins[word] - start >= capacity // 4 - counts.max()
            on_the_right = stop == len(ids) or stop - ends[word] >= capacity // 4 - counts.max()
            assert on_the_left and on_the_right


@pytest.mark.parametrize("mode", ["truncate", "stride"])
def test_a_word_longer_than_the_model_has_no_vector(model: TextModel, mode: str) -> None:
    sentences = [["the", "dog", GIANT, "the", "fox"], ["a", "dog"], [GIANT]]
    found = gathered(word_features(model, sentences, how(long_sentences=mode)))
    if "[UNK]" in model.tokenizer.get_vocab():
        # WordPiece makes one unknown token of so long a word.
        assert found.keys() == set(range(8))
    elif mode == "truncate":
        assert found.keys() == {0, 1, 5, 6}
    else:
        assert found.keys() == {0, 1, 3, 4, 5, 6}


@given(
    sentences=st.lists(st.lists(st.integers(0, 9), max_size=30), min_size=1, max_size=4),
    capacity=st.integers(1, 12),
    stride=st.booleans(),
)
@settings(deadline=None)
def test_truncation_and_stride_by_trying_all(
    sentences: list[list[int]], capacity: int, stride: bool
) -> None:
    counts = np.array([count for sentence in sentences for count in sentence], np.int64)
    lengths = np.array([len(sentence) for sentence in sentences])
    windows = reading_windows(lengths, counts, capacity, stride)
    ends = np.cumsum(counts)
    begins = ends - counts
    given_by = {
        int(word): (int(windows.starts[number]), int(windows.stops[number]))
        for number in range(len(windows.starts))
        for word in windows.words[windows.splits[number] : windows.splits[number + 1]]
    }
    assert len(given_by) == len(windows.words)
    word = 0
    for sentence in sentences:
        of_sentence = range(word, word + len(sentence))
        edges = (begins[word], ends[word + len(sentence) - 1]) if sentence else (0, 0)
        for word in of_sentence:
            if not counts[word] or counts[word] > capacity:
                assert word not in given_by
                continue
            if not stride:
                assert (word in given_by) == (ends[word] - edges[0] <= capacity)
                continue
            start, stop = given_by[word]
            assert edges[0] <= start <= begins[word] and ends[word] <= stop <= edges[1]
            assert stop - start <= capacity
        word = of_sentence.stop


@pytest.mark.parametrize("windows", [[16, 16], [8, 16]])
def test_longformers_windows_need_not_be_wider_than_sentences(
    bert_copy: Path, windows: list[int]
) -> None:
    torch.manual_seed(0)
    config = LongformerConfig(
        vocab_size=120,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=LIMIT + 1,
        attention_window=windows,
        pad_token_id=0,
        initializer_range=0.5,
    )
    LongformerModel(config).save_pretrained(bert_copy)
    model = load_text_model(bert_copy, CPU)
    untouched = dataclasses.replace(model, network=LongformerModel.from_pretrained(bert_copy))
    sentences = [*SENTENCES, long_sentence(model)]
    found = gathered(word_features(model, sentences, how(), 64))
    assert_same(found, obvious(untouched, sentences))
    narrow = windows == [16, 16]
    assert [model.attention.fit(length) for length in (1, 2, 5, 6, 9, 10, 16, 17, 33)] == (
        [2, 2, 8, 16, 16, 16, 16, 32, 48] if narrow else [16] * 7 + [32, 48]
    )


# Padding.


def spoil(monkeypatch: pytest.MonkeyPatch, spoilt: Callable[[Any, torch.Tensor], Any]) -> None:
    """Let BERT return what ``spoilt`` makes of its output and the attention mask."""
    forward = BertModel.forward

    @functools.wraps(forward)
    def spoilt_forward(self: BertModel, **inputs: Any) -> Any:
        return spoilt(forward(self, **inputs), inputs["attention_mask"])

    monkeypatch.setattr(BertModel, "forward", spoilt_forward)


@pytest.mark.parametrize(("leak", "pads"), [(0.0, True), (1e-6, True), (1e-3, False)])
def test_a_leak_larger_than_rounding_is_noticed(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, leak: float, pads: bool
) -> None:
    def leaking(output: Any, mask: torch.Tensor) -> Any:
        output.last_hidden_state *= 1 + leak * mask.shape[1]
        return output

    spoil(monkeypatch, leaking)
    model = load_text_model(folders["bert"], CPU)
    assert model.pads == pads
    together = gathered(word_features(model, TEXT, how()))
    first = 0
    for sentence in TEXT:
        for word, vector in gathered(word_features(model, [sentence], how())).items():
            np.testing.assert_allclose(together[first + word], vector, rtol=1e-4, atol=1e-4)
        first += len(sentence)


def test_a_network_that_takes_no_padding_is_read_without(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = gathered(word_features(load_text_model(folders["bert"], CPU), SENTENCES, how()))

    def refusing(output: Any, mask: torch.Tensor) -> Any:
        if (mask == 0).any():
            raise ValueError("no padding, please")
        return output

    spoil(monkeypatch, refusing)
    model = load_text_model(folders["bert"], CPU)
    assert not model.pads
    assert_same(gathered(word_features(model, SENTENCES, how())), expected)


def test_states_differ_by_more_than_the_rounding_of_their_precision() -> None:
    states = torch.randn((1, 5, 16), generator=torch.Generator().manual_seed(0))
    padded = torch.cat([states, torch.ones(1, 3, 16)], dim=1)
    assert not differs(padded, states)
    for precision, step in ((torch.float32, 1e-5), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)):
        rounded = states.to(precision)
        assert not differs((padded * (1 + step)).to(precision), rounded)
        assert differs((padded * (1 + 20 * step)).to(precision), rounded)
    # One token is enough, and what is not finite.
    padded[0, 4] *= 1.01
    assert differs(padded, states)
    padded[0, 4] = torch.nan
    assert differs(padded, states)


# Memory.


def test_batches_are_of_sentences_of_similar_length(bert: TextModel) -> None:
    filled = []

    def note(network: nn.Module, _: Any, inputs: dict[str, torch.Tensor]) -> None:
        filled.append(inputs["attention_mask"].float().mean())

    hook = bert.network.register_forward_pre_hook(note, with_kwargs=True)
    gathered(word_features(bert, [["a"] * count for count in range(20)], how()))
    hook.remove()
    assert min(filled) > 0.75
    assert len(filled) < 12


class SmallMemory(nn.Module):
    """A network that runs out of memory beyond some number of tokens."""

    def __init__(self, network: nn.Module, most: int) -> None:
        super().__init__()
        self.network = network
        self.most = most
        self.seen: list[int] = []

    def forward(self, input_ids: torch.Tensor, **others: Any) -> Any:
        self.seen.append(input_ids.numel())
        if input_ids.numel() > self.most:
            raise torch.OutOfMemoryError("no memory")
        return self.network(input_ids, **others)


def test_batches_shrink_when_memory_runs_out(
    bert: TextModel, caplog: pytest.LogCaptureFixture
) -> None:
    network = SmallMemory(bert.network, 50)
    small = dataclasses.replace(bert, network=network)
    with caplog.at_level(logging.WARNING):
        found = gathered(word_features(small, SENTENCES, how(), 8192))
    assert_same(found, obvious(bert, SENTENCES))
    assert max(network.seen) > 50
    assert "out of memory: " in caplog.text
    # What is too large is tried again with at most half as much, and never as much as before.
    too_large = [size for size in network.seen if size > 50]
    assert all(after <= before / 2 for before, after in pairwise(too_large))


def test_a_sentence_too_long_for_the_memory(bert: TextModel) -> None:
    small = dataclasses.replace(bert, network=SmallMemory(bert.network, 5))
    with pytest.raises(UserError, match="too small for a sentence of 24 tokens"):
        gathered(word_features(small, SENTENCES, how()))


# Tokenizers.


def test_byte_level_words_have_their_blank(folders: dict[str, Path]) -> None:
    model = load_text_model(folders["gpt2"], CPU)
    ids, counts = model.word_tokens.of(["the", "dog", "the"])
    assert model.tokenizer.decode(ids.tolist()) == " the dog the"
    assert counts.tolist() == [1, counts[1], 1]
    assert model.word_tokens.special.count == 0


def test_byte_level_tokenizers_in_several_steps_have_it_too() -> None:
    steps = [
        pre_tokenizers.Split(" ", "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    cutter = byte_pairs(pre_tokenizers.Sequence(steps))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=cutter, bos_token=END)
    ids, _ = WordTokens(tokenizer).of(["the", "dog"])
    assert tokenizer.decode(ids.tolist()) == " the dog"


def test_tokenizers_without_a_fast_version_cut_word_by_word() -> None:
    tokenizer = ByT5Tokenizer()
    tokens = WordTokens(tokenizer)
    words = ["fox", "é", "fox"]
    ids, counts = tokens.of(words)
    assert counts.tolist() == [3, 2, 3]
    special = tokens.special
    whole = tokenizer(words, is_split_into_words=True)["input_ids"]
    assert [*special.before, *ids.tolist(), *special.after] == whole
    assert special.count == 1


def test_truncation_saved_with_a_tokenizer_does_not_count(bert_copy: Path) -> None:
    saved = json.loads((bert_copy / "tokenizer.json").read_text())
    cutter = Tokenizer.from_str(json.dumps(saved))
    cutter.enable_truncation(4)
    cutter.enable_padding(length=8)
    cutter.save(str(bert_copy / "tokenizer.json"))
    model = load_text_model(bert_copy, CPU)
    assert gathered(word_features(model, TEXT, how())).keys() == obvious(model, TEXT).keys()


# What may be wrong with a checkpoint.


def test_half_precision_weights_are_read_as_float32(bert_copy: Path) -> None:
    weights = load_file(bert_copy / "model.safetensors")
    halves = {name: tensor.half().contiguous() for name, tensor in weights.items()}
    save_file(halves, bert_copy / "model.safetensors", {"format": "pt"})
    network = load_text_model(bert_copy, CPU, "float16").network
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert not network.training


def edit_config(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def broken_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"nonsense")


def other_weights(folder: Path) -> None:
    edit_config(folder, num_hidden_layers=3)


def other_width(folder: Path) -> None:
    edit_config(folder, hidden_size=32)


def unknown_kind(folder: Path) -> None:
    edit_config(folder, model_type="no-such-model")


def own_code(folder: Path) -> None:
    edit_config(folder, model_type="mine", auto_map={"AutoConfig": "mine.C", "AutoModel": "mine.M"})
    (folder / "mine.py").write_text("raise SystemExit('must not run')")


def no_tokenizer(folder: Path) -> None:
    for path in folder.glob("token*"):
        path.unlink()


def broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")


def images(folder: Path) -> None:
    no_weights(folder)
    edit_config(folder, model_type="vit")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_config, "there is no config.json"),
        (no_weights, "cannot load the network .*model.safetensors"),
        (broken_weights, "cannot load the network"),
        (other_weights, "lack 16 of the network's tensors, such as .*layer.2"),
        (other_width, "cannot load the network"),
        (unknown_kind, "cannot load the network .*no-such-model"),
        (own_code, "Python code of its own; .*trust_remote_code: true"),
        (no_tokenizer, "the tokenizer"),
        (broken_tokenizer, "cannot load the tokenizer"),
        (images, "cannot load the network"),
    ],
)
def test_a_checkpoint_that_cannot_be_read(bert_copy: Path, spoil: Any, message: str) -> None:
    spoil(bert_copy)
    with pytest.raises(UserError, match=message) as caught:
        load_text_model(bert_copy, CPU)
    assert str(bert_copy) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_of_something_else_than_text(bert_copy: Path) -> None:
    from transformers import ViTConfig, ViTModel

    ViTModel(
        ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    ).save_pretrained(bert_copy)
    with pytest.raises(UserError, match=r"\(vit\) gives sentences no hidden states"):
        load_text_model(bert_copy, CPU)


def test_a_tokenizer_of_another_network(bert_copy: Path) -> None:
    config = BertConfig.from_pretrained(bert_copy, vocab_size=50)
    BertModel(config).save_pretrained(bert_copy)
    model = load_text_model(bert_copy, CPU)
    with pytest.raises(UserError, match="the network only 50 tokens; they do not belong"):
        gathered(word_features(model, SENTENCES, how()))


def test_own_code_runs_where_it_is_trusted(bert_copy: Path) -> None:
    (bert_copy / "mine.py").write_text(
        "from transformers import BertConfig, BertModel\n"
        "class MineConfig(BertConfig):\n    model_type = 'mine'\n"
        "class MineModel(BertModel):\n    config_class = MineConfig\n"
    )
    auto_map = {"AutoConfig": "mine.MineConfig", "AutoModel": "mine.MineModel"}
    edit_config(bert_copy, model_type="mine", auto_map=auto_map)
    model = load_text_model(bert_copy, CPU, trust_remote_code=True)
    assert type(model.network).__name__ == "MineModel"
    assert gathered(word_features(model, TEXT, how())).keys() == obvious(model, TEXT).keys()


def test_of_most_encoder_decoders_the_encoder_counts(bert_copy: Path) -> None:
    torch.manual_seed(0)
    layers = {f"{part}_layers": 1 for part in ("encoder", "decoder")}
    heads = {f"{part}_attention_heads": 2 for part in ("encoder", "decoder")}
    config = PegasusConfig(vocab_size=120, d_model=16, **layers, **heads)
    network = PegasusModel(config).eval()
    network.save_pretrained(bert_copy)
    model = load_text_model(bert_copy, CPU)
    ids = torch.tensor([[2, *cut(model, ["a"])[0], 3]])
    with torch.inference_mode():
        expected = network.get_encoder()(ids).last_hidden_state[0, 1]
    found = gathered(word_features(model, [["a"]], how()))
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


# The script.


def card_of(folder: Path, path: Path) -> Path:
    reading = {"folder": str(folder), "trust_remote_code": False}
    card = CheckpointCard("ant", "models/ant", "4f2", "bert", None, {}, reading=reading)
    write_card(path, card)
    return path


def extract(folder: Path, tmp_path: Path, *flags: str, output: str = "f") -> Path:
    corpus, path = tmp_path / "probe.txt", tmp_path / f"{output}.safetensors"
    write_sentences(corpus, SENTENCES)
    card = card_of(folder, tmp_path / "checkpoint.json")
    required = ["--corpus", str(corpus), "--card", str(card), "--output", str(path)]
    main([*required, "--device", "cpu", *flags])
    return path


def test_the_script_writes_the_vectors(
    folders: dict[str, Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    job_facts: Facts,
) -> None:
    with caplog.at_level(logging.INFO):
        path = extract(folders["bert"], tmp_path, "--layer", "1", "--pooling", "first")
    written = open_features(path)
    expected = obvious(load_text_model(folders["bert"], CPU), SENTENCES, 1, "first")
    assert_same({int(i): written.features[i] for i in np.flatnonzero(written.present)}, expected)
    words = sum(map(len, SENTENCES))
    assert len(written.present) == words
    absent = words - len(expected)
    assert f"{words:,} words, {absent} of them without a vector, 16 dims" in caplog.text
    assert job_facts.seconds_per_thousand["ant"] > 0
    known = {
        "checkpoint": "ant",
        "source": "models/ant",
        "revision": "4f2",
        "layer": "1",
        "pooling": "first",
        "long_sentences": "truncate",
        "precision": "float32",
        "dtype": "float32",
        "corpus": "probe",
        "corpus_sha256": file_digest(tmp_path / "probe.txt"),
    }
    assert known.items() <= written.metadata.items()
    assert {"torch", "transformers"} <= written.metadata.keys()


def test_equal_flags_give_equal_bytes(folders: dict[str, Path], tmp_path: Path) -> None:
    first = extract(folders["gpt2"], tmp_path, "--layer", "mean", output="first")
    again = extract(folders["gpt2"], tmp_path, "--layer", "mean", output="again")
    assert first.read_bytes() == again.read_bytes()


def test_half_precision_features(folders: dict[str, Path], tmp_path: Path) -> None:
    whole = open_features(extract(folders["bert"], tmp_path, output="whole"))
    half = open_features(
        extract(folders["bert"], tmp_path, "--dtype", "float16", "--precision", "bfloat16")
    )
    assert half.features.dtype == np.float16
    assert half.metadata["precision"] == "float32"
    np.testing.assert_array_equal(half.features, whole.features.astype(np.float16))


def test_features_that_are_not_finite_are_refused(bert_copy: Path, tmp_path: Path) -> None:
    weights = load_file(bert_copy / "model.safetensors")
    name = next(name for name in weights if "layer.1.output.LayerNorm.weight" in name)
    weights[name].fill_(1e6)
    save_file(weights, bert_copy / "model.safetensors", {"format": "pt"})
    extract(bert_copy, tmp_path)
    with pytest.raises(UserError, match=r"checkpoint ant: its features of word .* float16"):
        extract(bert_copy, tmp_path, "--dtype", "float16", output="half")
    assert not (tmp_path / "half.safetensors").exists()


def test_flags_with_wrong_values(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--pooling"):
        extract(folders["bert"], tmp_path, "--pooling", "best")
    with pytest.raises(UserError, match=r"layer 7: .* has 2 layers"):
        extract(folders["bert"], tmp_path, "--layer", "7")
    assert not (tmp_path / "f.safetensors").exists()
