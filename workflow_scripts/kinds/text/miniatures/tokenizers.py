"""Tokenizers of miniature language models: sub-words learnt from text, special tokens by family.

Each is trained so that equal texts give equal tokenizers, byte for byte.
"""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sentencepiece
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

Sentence = Sequence[str]


@dataclass(frozen=True)
class Conventions:
    """How a family marks sentences.

    Attributes:
        tokens: special tokens by the name of their part in transformers.
        template: a sentence, ``$A``, between special tokens.
    """

    tokens: dict[str, str]
    template: str


_BERT = Conventions(
    {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    },
    "[CLS] $A [SEP]",
)
_ROBERTA = Conventions(
    {
        "bos_token": "<s>",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "mask_token": "<mask>",
    },
    "<s> $A </s>",
)

# As the families' first checkpoints have them.
CONVENTIONS = {
    "albert": Conventions(
        _BERT.tokens | {"pad_token": "<pad>", "unk_token": "<unk>"}, _BERT.template
    ),
    "bart": _ROBERTA,
    "bert": _BERT,
    "distilbert": _BERT,
    "electra": _BERT,
    "gpt2": Conventions(
        dict.fromkeys(("bos_token", "eos_token", "unk_token"), "<|endoftext|>"), "$A"
    ),
    "roberta": _ROBERTA,
    "t5": Conventions({"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}, "$A </s>"),
}


def train_tokenizer(
    kind: str,
    family: str,
    sentences: Sequence[Sentence],
    vocabulary: int,
    longest: int,
    sentinels: int = 0,
) -> PreTrainedTokenizerFast:
    """Learn sub-words from sentences.

    Args:
        kind: ``"wordpiece"`` (cut at punctuation first, as in BERT), ``"bpe"`` (of bytes, as in
            GPT-2) or ``"unigram"`` (as in T5).
        vocabulary: number of sub-words, special tokens among them; a short text may give fewer.
        longest: most sub-words that the model reads at a time.
        sentinels: number of further special tokens ``<extra_id_0>``, ``<extra_id_1>``, …

    Raises:
        ValueError: if the vocabulary has no room for the characters of the text.
    """
    conventions = CONVENTIONS[family]
    extra = [f"<extra_id_{number}>" for number in range(sentinels)]
    special = [*dict.fromkeys(conventions.tokens.values()), *extra]
    unknown = conventions.tokens["unk_token"]
    tokenizer = _TRAINERS[kind](sentences, vocabulary, special, unknown)
    if conventions.template != "$A":
        marks = [token for token in conventions.template.split() if token != "$A"]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=conventions.template,
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in marks],
        )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=longest,
        model_input_names=["input_ids", "attention_mask"],
        extra_special_tokens=extra,
        **conventions.tokens,
    )


def encode_words(
    tokenizer: PreTrainedTokenizerFast, sentences: Iterable[Sentence]
) -> list[list[int]]:
    """The sub-words of each sentence, between the family's special tokens."""
    encodings = tokenizer.backend_tokenizer.encode_batch(list(sentences), is_pretokenized=True)
    return [encoding.ids for encoding in encodings]


def _wordpiece(
    sentences: Sequence[Sentence], vocabulary: int, special: list[str], unknown: str
) -> Tokenizer:
    """WordPiece models as BERT's, cased.

    The trainer numbers the characters inside words as it meets them, in the order of a hash table
    that differs from process to process, and equally frequent pairs are merged by number. Named
    beforehand, as special tokens, they have fixed numbers.
    """
    counts = Counter(letter for sentence in sentences for word in sentence for letter in word)
    frequent = sorted(counts, key=lambda letter: (-counts[letter], letter))[: vocabulary // 4]
    inside = [f"##{letter}" for letter in sorted(frequent)]
    learner = _wordpiece_tokenizer(models.WordPiece(unk_token=unknown))
    learner.train_from_iterator(
        sentences,
        trainers.WordPieceTrainer(
            vocab_size=vocabulary,
            special_tokens=special + inside,
            limit_alphabet=len(frequent),
            show_progress=False,
        ),
    )
    learnt = learner.get_vocab(with_added_tokens=True)
    return _wordpiece_tokenizer(models.WordPiece(vocab=learnt, unk_token=unknown))


def _wordpiece_tokenizer(model: models.WordPiece) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _bpe(
    sentences: Sequence[Sentence], vocabulary: int, special: list[str], unknown: str
) -> Tokenizer:
    """Byte-level BPE as GPT-2's; no byte is unknown. A blank stands before every word."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.train_from_iterator(
        sentences,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def _unigram(
    sentences: Sequence[Sentence], vocabulary: int, special: list[str], unknown: str
) -> Tokenizer:
    """A unigram model as ALBERT's and T5's.

    It is trained by sentencepiece, because the trainer of tokenizers goes through words in the
    order of a hash table, which differs from process to process, and never learns a whole word
    that is no part of another.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(" ".join(sentence) for sentence in sentences),
            model_writer=model,
            model_type="unigram",
            vocab_size=vocabulary - len(special) + 1,
            hard_vocab_limit=False,
            max_sentence_length=1 << 20,
            normalization_rule_name="nfkc",
            bos_id=-1,
            eos_id=-1,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise ValueError(
            f"sentencepiece cannot learn {vocabulary} sub-words from this text "
            f"({str(error).splitlines()[0]}); change vocabulary or give more text"
        ) from error
    learnt = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [
        (learnt.id_to_piece(number), learnt.get_score(number))
        for number in range(learnt.get_piece_size())
        if number != learnt.unk_id()
    ]
    marks = [(token, 0.0) for token in special]
    tokenizer = Tokenizer(models.Unigram(marks + pieces, unk_id=special.index(unknown)))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    return tokenizer


_TRAINERS = {"wordpiece": _wordpiece, "bpe": _bpe, "unigram": _unigram}
