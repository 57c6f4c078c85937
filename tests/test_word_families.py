"""Word features of all families of the paper's checkpoints, each with a tiny random model.

The reference reads one sentence at a time. It cuts each word by itself and puts the special tokens
around the sentence that the family is known for. Two families need a word on token types, which
their tokenizers returned in transformers 4, with which the paper's features were made, and no
longer name in transformers 5:

- XLNet's pre-training gave its last token, ``<cls>``, a segment of its own. So does the reference.
- XLM has no token types, and its network takes zeros for the token ``<s>``, which it adds to
  each token of the sentence. XLM's pre-training did not, and the reference does not.
"""

import functools
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
import torch
from tiny_models import FAMILIES, LAYERS, LIMIT, WIDTH, build_tiny_model
from transformers import AutoModel, AutoTokenizer, T5EncoderModel
from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

from workflow_scripts.kinds.text.feature_settings import WordFeatureSettings
from workflow_scripts.kinds.text.text_model import TextModel, load_text_model
from workflow_scripts.kinds.text.word_features import word_features

CPU = torch.device("cpu")

NOTHING = "\u200b"  # no space; most tokenizers drop it
SENTENCES = [
    line.split(" ") if line else []
    for line in [
        "a",
        "The quick brown fox jumps over the lazy dog .",
        "Return a list of the years and months , week by week .",
        "",
        'He said : " there are 3,141 of them , and none costs $ 2.50 in the U.S. " !',
        "Où est le café près de la mairie ? Là-bas , à côté .",
        "e\u0301te\u0301 naïve Zürich ŽLUŤOUČKÝ ﬁnancial ＡＢＣ İstanbul",
        "I ❤️ it 🤗 👩‍🔬 🇨🇭 👍🏽 so much 😀 !",
        "שָׁלוֹם עולם , מה שלומך היום ؟ مرحبا بالعالم ، أنا هنا .",
        "日本語 と 中文 。 한국어 ไทย",
        f"before {NOTHING} behind",
        NOTHING,
        "",
        "a word of " + "abcde" * 60 + " letters stands in this sentence of ten words",
        "The quick brown fox jumps over the lazy dog .",
        "-LRB- `` don't '' -- ... &amp; http://x.org/a?b=1 f(x) += 1 -RRB-",
        "\u00a0 x\u00a0y \u00ad \ufffd \ufe0f \u2028 end",
        "[MASK] <mask> [PAD] <pad> [SEP] <sep> <s> </s> <unk> <|endoftext|> end",
        "One of the sentences here has as many as thirty words , so that it is longer than all the "
        "others and makes up a batch of its own or nearly so .",
        "And another one that is almost as long as this one , with a little less than thirty words "
        "in it , ends as it began : it ends .",
    ]
]
LONG = [word for sentence in SENTENCES for word in sentence if len(word) < 100] * 2

BERT = (["[CLS]"], ["[SEP]"])
ROBERTA = (["<s>"], ["</s>"])
SPECIAL = {
    "bert-cased": BERT,
    "bert-uncased": BERT,
    "albert": BERT,
    "roberta": ROBERTA,
    "distilbert": BERT,
    "xlm-mlm": ROBERTA,
    "xlm-clm": ROBERTA,
    "xlm-multilingual": ROBERTA,
    "xlm-roberta": ROBERTA,
    "longformer": ROBERTA,
    "openai-gpt": ([], []),
    "gpt2": ([], []),
    "xlnet": ([], ["<sep>", "<cls>"]),
    "bart": ROBERTA,
    "t5": ([], ["</s>"]),
    "electra": BERT,
}
BYTE_LEVEL = {"roberta", "longformer", "gpt2", "bart"}
IN_PYTHON = {"xlm-mlm", "xlm-clm", "xlm-multilingual"}
UNLIMITED = {"xlnet"}


@dataclass(frozen=True)
class Reference:
    """A checkpoint as transformers alone loads it."""

    family: str
    tokenizer: Any
    network: Any

    @property
    def special(self) -> tuple[list[int], list[int]]:
        before, after = SPECIAL[self.family]
        return (
            self.tokenizer.convert_tokens_to_ids(before),
            self.tokenizer.convert_tokens_to_ids(after),
        )

    def cut(self, word: str) -> list[int]:
        """The tokens of a word by itself.

        Bytes of words inside a sentence begin with the blank before the word, but special tokens
        that stand as words have none: there the tokenizer finds no bytes to put it before.
        """
        blank = self.family in BYTE_LEVEL and word not in self.tokenizer.all_special_tokens
        tokens = self.tokenizer.tokenize(" " * blank + word)
        return list(self.tokenizer.convert_tokens_to_ids(tokens))

    @torch.inference_mode()
    def read(self, ids: list[int]) -> Any:
        """The hidden states [layers + 1, tokens, width] of a sentence, its ends cut off."""
        before, after = self.special
        whole = torch.tensor([before + ids + after])
        inputs = {"input_ids": whole, "attention_mask": torch.ones_like(whole)}
        if self.family == "xlnet":
            inputs["token_type_ids"] = torch.tensor([[0] * (len(ids) + 1) + [2]])
        output = self.network(**inputs, output_hidden_states=True)
        layers = getattr(output, "decoder_hidden_states", None) or output.hidden_states
        assert len(layers) == LAYERS + 1
        assert torch.equal(layers[-1], output.last_hidden_state)
        return torch.stack(layers)[:, 0, len(before) : len(before) + len(ids)].numpy()

    def vectors(
        self, sentences: Iterable[Sequence[str]], layer: int | str = -1, pooling: str = "last"
    ) -> dict[int, Any]:
        """The vector of each word that has one, words counted over all sentences."""
        pool = {"last": lambda v: v[-1], "first": lambda v: v[0], "mean": lambda v: v.mean(0)}
        room = None if self.family in UNLIMITED else LIMIT - sum(map(len, self.special))
        found, word = {}, 0
        for sentence in sentences:
            pieces = [self.cut(word) for word in sentence]
            ids = [number for piece in pieces for number in piece][:room]
            if ids:
                layers = self.read(ids)
                states = layers.mean(0) if layer == "mean" else layers[layer]
            end = 0
            for piece in pieces:
                begin, end = end, end + len(piece)
                if piece and end <= len(ids):
                    found[word] = pool[pooling](states[begin:end])
                word += 1
        return found


class Zoo:
    """Checkpoints of all families, each built once, when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @functools.cache  # noqa: B019 (there is one zoo)
    def folder(self, family: str) -> Path:
        build_tiny_model(family, self.root / family)
        return self.root / family

    @functools.cache  # noqa: B019
    def model(self, family: str) -> TextModel:
        return load_text_model(self.folder(family), CPU)

    @functools.cache  # noqa: B019
    def reference(self, family: str) -> Reference:
        return load_reference(family, self.folder(family))


def load_reference(family: str, folder: Path) -> Reference:
    kind = T5EncoderModel if family == "t5" else AutoModel
    network = kind.from_pretrained(folder, dtype=torch.float32).eval()
    return Reference(family, AutoTokenizer.from_pretrained(folder), network)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("families"))


def gathered(
    model: TextModel, sentences: Sequence[Sequence[str]], batch_tokens: int = 8192, **settings: Any
) -> dict[int, Any]:
    """The vectors that are tested, by word."""
    found: dict[int, Any] = {}
    for words, vectors in word_features(
        model, sentences, WordFeatureSettings(**settings), batch_tokens
    ):
        assert vectors.dtype == np.float32 and vectors.shape == (len(words), WIDTH)
        for word, vector in zip(words.tolist(), vectors, strict=True):
            assert word not in found
            found[word] = vector
    return found


def assert_same(found: dict[int, Any], expected: dict[int, Any]) -> None:
    assert found.keys() == expected.keys()
    for word, vector in expected.items():
        np.testing.assert_allclose(found[word], vector, rtol=0, atol=1e-5, err_msg=str(word))


families = pytest.mark.parametrize("family", FAMILIES)


@families
def test_vectors_are_those_of_each_sentence_alone(zoo: Zoo, family: str) -> None:
    model, reference = zoo.model(family), zoo.reference(family)
    padded = []

    def note(network: Any, _: Any, inputs: dict[str, torch.Tensor]) -> None:
        padded.append(bool((inputs["attention_mask"] == 0).any()))

    hook = model.network.register_forward_pre_hook(note, with_kwargs=True)
    found = gathered(model, SENTENCES, batch_tokens=300)
    hook.remove()
    assert any(padded)
    assert_same(found, reference.vectors(SENTENCES))
    # Vectors differ by far more than the tolerance, so that a wrong one is seen.
    vectors = np.unique(np.stack(list(found.values())).round(3), axis=0)
    assert len(vectors) > 100
    assert vectors.std(0).min() > 0.05


@families
def test_words_alone_are_cut_as_in_sentences(zoo: Zoo, family: str) -> None:
    """The reference agrees with transformers' own way for sentences that are cut into words."""
    reference = zoo.reference(family)
    before, after = reference.special
    tokenizer = AutoTokenizer.from_pretrained(zoo.folder(family), add_prefix_space=True)
    for sentence in filter(None, SENTENCES):
        encoding = tokenizer(sentence, is_split_into_words=True)
        pieces = [reference.cut(word) for word in sentence]
        ids = [number for piece in pieces for number in piece]
        assert encoding["input_ids"] == before + ids + after, sentence
        if family not in IN_PYTHON:
            owners = [word for word, piece in enumerate(pieces) for _ in piece]
            assert encoding.word_ids() == [None] * len(before) + owners + [None] * len(after)


@families
def test_special_tokens_inside_words(zoo: Zoo, family: str) -> None:
    """Tokenizers cut such a word in two; byte-level ones begin both parts with a blank."""
    reference = zoo.reference(family)
    mark = reference.tokenizer.all_special_tokens[0]
    sentence = ["see", f"this{mark}word", f"{mark}{mark}", "here"]
    tokenizer = AutoTokenizer.from_pretrained(zoo.folder(family), add_prefix_space=True)
    ids = tokenizer(sentence, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    states = reference.read(ids)[-1]
    if family not in IN_PYTHON:
        alone = [number for word in sentence for number in reference.cut(word)]
        assert (ids == alone) == (family not in BYTE_LEVEL)
    assert_same({0: gathered(zoo.model(family), [sentence])[3]}, {0: states[-1]})


@families
def test_vectors_do_not_depend_on_the_batch(zoo: Zoo, family: str) -> None:
    model = zoo.model(family)
    one, others = SENTENCES[1], [SENTENCES[number] for number in (2, 5, 7, 8, 18)]
    alone = gathered(model, [one])
    beside = gathered(model, [*others, one, *others])
    first = sum(map(len, others))
    assert_same({word - first: beside[word] for word in range(first, first + len(one))}, alone)


@families
def test_words_beyond_the_limit_have_no_vector(zoo: Zoo, family: str) -> None:
    expected = zoo.reference(family).vectors([["a"], LONG, ["b"]])
    assert (len(LONG) in expected) == (family in UNLIMITED)
    assert_same(gathered(zoo.model(family), [["a"], LONG, ["b"]]), expected)


@families
def test_a_stride_gives_every_word_a_vector(zoo: Zoo, family: str) -> None:
    reference = zoo.reference(family)
    found = gathered(zoo.model(family), [["a"], LONG], long_sentences="stride")
    words = ["a", *LONG]
    assert found.keys() == {number for number, word in enumerate(words) if reference.cut(word)}
    # Short sentences are read as ever.
    assert_same({0: found[0]}, reference.vectors([["a"]]))


@pytest.mark.parametrize("pooling", ["last", "first", "mean"])
@pytest.mark.parametrize("layer", [0, 1, 2, -2, "mean"])
@pytest.mark.parametrize("family", ["bert-cased", "xlm-mlm", "xlnet", "bart", "t5", "gpt2"])
def test_layers_and_pooling(zoo: Zoo, family: str, layer: int | str, pooling: str) -> None:
    sentences = SENTENCES[:9]
    found = gathered(zoo.model(family), sentences, 200, layer=layer, pooling=pooling)
    assert_same(found, zoo.reference(family).vectors(sentences, layer, pooling))


WORDS = [word for sentence in SENTENCES for word in sentence]


@families
def test_tokenizers_without_tokenizer_json(zoo: Zoo, family: str, tmp_path: Path) -> None:
    """Many of the checkpoints were published before there was such a file."""
    for path in zoo.folder(family).iterdir():
        if path.name not in {"tokenizer.json", "tokenizer_config.json"}:
            (tmp_path / path.name).symlink_to(path)
    if settings := FAMILIES[family].settings:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    old, new = load_text_model(tmp_path, CPU).word_tokens, zoo.model(family).word_tokens
    assert old.special == new.special
    for of_old, of_new in zip(old.of(WORDS), new.of(WORDS), strict=True):
        np.testing.assert_array_equal(of_old, of_new)


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("albert", "spiece.model"),
        ("t5", "spiece.model"),
        ("xlm-roberta", "sentencepiece.bpe.model"),
        ("xlnet", "spiece.model"),
    ],
)
def test_pieces_are_those_of_sentencepiece(zoo: Zoo, family: str, name: str) -> None:
    """The paper's tokenizers were those in Python, which call this library."""
    processor = sentencepiece.SentencePieceProcessor(str(zoo.folder(family) / name))
    known = zoo.reference(family).tokenizer.all_special_tokens
    words = [word for word in WORDS if word not in known]
    ids, counts = zoo.model(family).word_tokens.of(words)
    for word, found in zip(words, np.split(ids, np.cumsum(counts)[:-1]), strict=True):
        if family in {"albert", "xlnet"}:
            word = unicodedata.normalize("NFKD", word.replace("``", '"').replace("''", '"'))
            word = "".join(letter for letter in word if unicodedata.category(letter) != "Mn")
        expected = processor.encode(word.lower() if family == "albert" else word)
        if family == "xlm-roberta":
            # Its network has <s>, <pad>, </s>, <unk> where the library has <unk>, <s>, </s>.
            expected = [number + 1 if number > 2 else 3 for number in expected]
        assert found.tolist() == expected, word


@pytest.mark.parametrize("family", ["bert-cased", "bert-uncased"])
def test_word_pieces_are_those_of_berts_tokenizer_in_python(zoo: Zoo, family: str) -> None:
    lower = family == "bert-uncased"
    old = BertTokenizerLegacy(str(zoo.folder(family) / "vocab.txt"), do_lower_case=lower)
    # Only the one in Python composes letters and accents that stand apart.
    words = [unicodedata.normalize("NFC", word) for word in WORDS]
    ids, counts = zoo.model(family).word_tokens.of(words)
    pieces = [old.convert_tokens_to_ids(old.tokenize(word)) for word in words]
    assert counts.tolist() == list(map(len, pieces))
    assert ids.tolist() == [number for piece in pieces for number in piece]


@pytest.mark.parametrize("family", ["bert-uncased", "t5"])
def test_half_precision_checkpoints_are_read_in_single(family: str, tmp_path: Path) -> None:
    folder = tmp_path / family
    build_tiny_model(family, folder, torch.float16)
    assert '"dtype": "float16"' in (folder / "config.json").read_text()
    model = load_text_model(folder, CPU)
    assert {parameter.dtype for parameter in model.network.parameters()} == {torch.float32}
    assert_same(gathered(model, SENTENCES), load_reference(family, folder).vectors(SENTENCES))
