"""Words and their tokens, for any tokenizer of transformers.

Tokenizers that are given a sentence in words tokenize each without a look at its neighbours. So
each distinct word is tokenized once, whatever the number of its occurrences.
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

Numbers = NDArray[np.int64]

# Words that any tokenizer has tokens for, at least for one of them.
_COMMON = "a0.e1,"


@dataclass(frozen=True)
class SpecialTokens:
    """What a tokenizer puts around a sentence.

    Attributes:
        before: tokens before the sentence.
        after: tokens behind it.
        before_types: the token types of those before.
        sentence_type: the token type of the sentence's own tokens.
        after_types: the token types of those behind.
    """

    before: list[int]
    after: list[int]
    before_types: list[int]
    sentence_type: int
    after_types: list[int]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.before) + len(self.after)


class WordTokens:
    """The tokens of words, remembered.

    Attributes:
        special: what belongs around a sentence.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer: Any = tokenizer
        # The tokenizer of the tokenizers library; those written in Python have none.
        self._fast: Any = getattr(tokenizer, "backend_tokenizer", None)
        if self._fast is not None:
            self._fast.no_truncation()
            self._fast.no_padding()
            self._blank = " " if _tells_words_by_blanks(self._fast) else ""
        self.special = self._special_tokens()
        self._numbers: dict[str, int] = {}
        self._ids = np.empty(0, np.int64)
        self._counts = np.empty(0, np.int64)
        self._begins = np.empty(0, np.int64)

    def of(self, words: Sequence[str]) -> tuple[Numbers, Numbers]:
        """The tokens of words, one after another, and how many each word has [len(words)]."""
        new = [word for word in dict.fromkeys(words) if word not in self._numbers]
        if new:
            self._learn(new)
        numbers = np.fromiter(map(self._numbers.__getitem__, words), np.int64, len(words))
        counts = self._counts[numbers]
        ends = np.cumsum(counts)
        places = np.repeat(self._begins[numbers] - (ends - counts), counts)
        return self._ids[places + np.arange(len(places))], counts

    def _special_tokens(self) -> SpecialTokens:
        if self._fast is not None:
            encoding = self._fast.encode(list(_COMMON), is_pretokenized=True)
            ids, types, words = encoding.ids, encoding.type_ids, encoding.word_ids
            inside = [place for place, word in enumerate(words) if word is not None]
            first, last = inside[0], inside[-1]
        else:
            marker = -1  # no token has this number
            prepared = self._tokenizer.prepare_for_model([marker], return_token_type_ids=True)
            ids, types = prepared["input_ids"], prepared["token_type_ids"]
            first = last = ids.index(marker)
        return SpecialTokens(
            before=ids[:first],
            after=ids[last + 1 :],
            before_types=types[:first],
            sentence_type=types[first],
            after_types=types[last + 1 :],
        )

    def _learn(self, words: list[str]) -> None:
        if self._fast is not None:
            encodings = self._fast.encode_batch_fast(
                [[self._blank + word] for word in words],
                is_pretokenized=True,
                add_special_tokens=False,
            )
            cut = [encoding.ids for encoding in encodings]
        else:
            tokenizer = self._tokenizer
            cut = [tokenizer.convert_tokens_to_ids(tokenizer.tokenize(word)) for word in words]
        self._numbers.update(zip(words, itertools.count(len(self._numbers)), strict=False))
        self._ids = np.concatenate(
            [self._ids, np.fromiter(itertools.chain.from_iterable(cut), np.int64)]
        )
        self._counts = np.concatenate(
            [self._counts, np.fromiter(map(len, cut), np.int64, len(cut))]
        )
        self._begins = np.cumsum(self._counts) - self._counts


def _tells_words_by_blanks(fast: Any) -> bool:
    """Whether a word inside a sentence needs a blank before it that the tokenizer does not add.

    Byte-level tokenizers with steps of their own ignore ``add_prefix_space``.
    """
    if fast.pre_tokenizer is None:
        return False
    step = json.loads(fast.pre_tokenizer.__getstate__())
    steps = step.get("pretokenizers", [step])
    return any(
        step["type"] == "ByteLevel" and not step.get("add_prefix_space", True) for step in steps
    )
