"""Every family that transformers has for text: features of a sentence do not depend on its batch.

A new family of transformers is tested without a change here. If the test then fails, the family
belongs into one of the tables: with its sizes into ``OVERRIDES`` of text_families.py, or into one
of those below.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from text_families import text_families, write_checkpoint, write_tokenizer

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.feature_settings import WordFeatureSettings
from workflow_scripts.kinds.text.text_model import TextModel, load_text_model
from workflow_scripts.kinds.text.word_features import word_features

CPU = torch.device("cpu")

# Families that this version of transformers does not build here: its reason.
NOT_BUILT = {
    "gemma3n": "requires the timm library",
    "layoutlmv2": "requires the detectron2 library",
    # AutoModel takes the decoder's class with the whole model's configuration.
    "musicgen": "has no attribute 'dropout'",
    "musicgen_melody": "has no attribute 'dropout'",
}

# Families that the loader refuses: the reason in its sentence.
REFUSED = {
    "bros": "You have to specify bbox",
    "llama4": "no attribute 'last_hidden_state'",
    "lxmert": "`visual_feats` cannot be `None`",
    "perceiver": "missing 1 required positional argument: 'inputs'",
    # It wants seven token types of each token.
    "tapas": "too many indices for tensor",
    "voxtral_realtime": "exactly one of input_features or encoder_inputs_embeds",
    "whisper": "missing 1 required positional argument: 'input_features'",
}

# Families in which padding changes the hidden states of what stands before it. With MobileBERT's
# published weights it does not, as they have zeros for padding.
LEAKING = {
    "canine",
    "convbert",
    "cpmant",
    "fnet",
    "funnel",
    "mobilebert",
    "nystromformer",
    # Only into sentences of more than two chunks.
    "reformer",
    "yoso",
}

_RANDOM = random.Random(0)
_WORDS = (
    *("return", "the", "list", "of", "calendar", "weeks", "that", "begin", "in", "a", "given"),
    *("month", ",", "with", "Monday", "as", "first", "day", ":", "statistics.median", "(", "2.5"),
    *(")", "naïve", "café", "--", "x_y", "3,141"),
)
SENTENCES = [
    ["a"],
    *(
        _RANDOM.choices(_WORDS, k=count)
        for count in [3, 60, *(_RANDOM.randint(1, 12) for _ in range(20))]
    ),
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer") / "shared"
    write_tokenizer(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a checkpoint, which is emptied at once: there are hundreds of them."""
    yield tmp_path / "checkpoint"
    for path in (tmp_path / "checkpoint").glob("*"):
        path.unlink()


@pytest.fixture
def any_lengths_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are not of similar lengths, unless padding leaks."""
    monkeypatch.setattr("workflow_scripts.kinds.text.word_features._SIMILAR", 0.0)


def gathered(model: TextModel, sentences: Sequence[Sequence[str]], **settings: Any) -> Any:
    """The vectors of all words, in order; each must have one."""
    parts = list(word_features(model, sentences, WordFeatureSettings(**settings), 10**6))
    words = np.concatenate([words for words, _ in parts])
    assert sorted(words) == list(range(len(words)))
    return np.concatenate([vectors for _, vectors in parts])[np.argsort(words)]


class Masks:
    """The attention masks that a network was given, in order."""

    def __init__(self, model: TextModel) -> None:
        self.seen: list[torch.Tensor] = []
        model.network.register_forward_pre_hook(self._note, with_kwargs=True)

    def _note(self, network: Any, _: Any, inputs: dict[str, torch.Tensor]) -> None:
        self.seen.append(inputs["attention_mask"])


@pytest.mark.parametrize("family", text_families())
def test_features_of_a_sentence_do_not_depend_on_its_batch(
    family: str, tokenizer: Path, folder: Path, any_lengths_in_a_batch: None
) -> None:
    if family in NOT_BUILT:
        with pytest.raises((ImportError, AttributeError), match=NOT_BUILT[family]):
            write_checkpoint(family, tokenizer, folder)
        return
    write_checkpoint(family, tokenizer, folder)
    if family in REFUSED:
        with pytest.raises(UserError, match=re.escape(REFUSED[family])) as caught:
            load_text_model(folder, CPU)
        assert "\n" not in str(caught.value)
        return
    model = load_text_model(folder, CPU)
    assert model.pads == (family not in LEAKING)
    masks = Masks(model)
    together = gathered(model, SENTENCES)
    assert any((mask == 0).any() for mask in masks.seen) == (model.pads or model.shortest > 1)
    alone = np.concatenate([gathered(model, [sentence]) for sentence in SENTENCES])
    assert together.shape == alone.shape
    distances = np.linalg.norm(together - alone, axis=1)
    assert (distances <= 1e-4 * np.linalg.norm(alone, axis=1)).all()
    # Vectors differ by far more than that, so that a wrong one is seen.
    assert alone.std(axis=0).max() > 0.01


@pytest.mark.parametrize("family", ["bert", "llama", "mamba"])
def test_padding_is_on_the_right_whichever_side_the_tokenizer_pads(
    family: str, tokenizer: Path, folder: Path, any_lengths_in_a_batch: None
) -> None:
    write_checkpoint(family, tokenizer, folder)
    right = gathered(load_text_model(folder, CPU), SENTENCES)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["padding_side"] = "left"
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    model = load_text_model(folder, CPU)
    assert model.tokenizer.padding_side == "left"
    masks = Masks(model)
    np.testing.assert_array_equal(gathered(model, SENTENCES), right)
    for mask in masks.seen:
        lengths = mask.sum(dim=1, keepdim=True)
        assert torch.equal(mask, (torch.arange(mask.shape[1]) < lengths).long())


def test_a_reformer_reads_a_sentence_the_same_way_each_time(tokenizer: Path, folder: Path) -> None:
    """Its hashes matter from three chunks of 64 tokens on."""
    write_checkpoint("reformer", tokenizer, folder)
    assert json.loads((folder / "config.json").read_text())["hash_seed"] is None
    sentence = [random.Random(1).choices(_WORDS, k=100)]
    first, again = (gathered(load_text_model(folder, CPU), sentence) for _ in range(2))
    np.testing.assert_array_equal(first, again)
