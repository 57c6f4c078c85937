"""Pre-training of miniature language models: tokenizers, objectives, training, what is saved."""

import json
import logging
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModel, AutoTokenizer, T5EncoderModel

from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.miniatures import objectives, pretrain
from workflow_scripts.kinds.text.miniatures.networks import build_language_model, prediction_loss
from workflow_scripts.kinds.text.miniatures.objectives import IGNORED, Example
from workflow_scripts.kinds.text.miniatures.settings import PretrainSettings
from workflow_scripts.kinds.text.miniatures.tokenizers import encode_words, train_tokenizer
from workflow_scripts.kinds.text.miniatures.training import (
    draw_batches,
    evaluate_language_model,
    group_by_length,
    learning_rate,
    objective_of,
    split_sentences,
)
from workflow_scripts.kinds.text.sentences import write_sentences

FAMILIES = sorted(PretrainSettings.OBJECTIVES)
TOKENIZERS = ["wordpiece", "bpe", "unigram"]
# Each family with one tokenizer, all tokenizers among them.
PAIRS = [(family, TOKENIZERS[i % 3]) for i, family in enumerate(FAMILIES)]
TINY = {
    "vocabulary": 320,
    "width": 16,
    "layers": 1,
    "attention_heads": 2,
    "sequence_length": 24,
    "steps": 3,
    "batch_tokens": 128,
}


def settings_of(family: str, tokenizer: str = "wordpiece", **changes: object) -> PretrainSettings:
    """Small settings of a family."""
    objective = PretrainSettings.OBJECTIVES[family]
    given = {"family": family, "tokenizer": tokenizer, "objective": objective}
    return PretrainSettings.model_validate(given | TINY | changes)


def code_sentences(count: int) -> list[list[str]]:
    """Lines in a language with a grammar: what opens is closed, a name says what follows it."""
    generator = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = {
        verb: ["".join(generator.choices(letters, k=4)) + "_" + noun for noun in ("file", "Path")]
        for verb in ("read", "write", "open", "close", "connect", "listen", "flush", "getsize")
    }
    sentences = []
    for _ in range(count):
        verb = generator.choice(sorted(names))
        value = generator.choice(names[verb])
        kind = generator.randrange(3)
        if kind == 0:
            sentences.append(["self", ".", verb, "(", value, ")"])
        elif kind == 1:
            sentences.append(
                ["def", verb, "(", "self", ",", value, ",", "size", "=", "0", ")", ":"]
            )
        else:
            sentences.append(["return", value, "[", "len", "(", verb, ")", "]", "!=", "STRING"])
    return sentences


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "all.txt"
    write_sentences(path, code_sentences(300))
    return path


def pretrained(text: Path, folder: Path, family: str, *flags: object, **changes: object) -> Path:
    """Run the script with small settings."""
    settings = settings_of(family, **changes).model_dump(exclude={"kind"})
    given = [
        item for key, value in settings.items() for item in ("--" + key.replace("_", "-"), value)
    ]
    card = folder / "checkpoint.json"
    common = ["--checkpoint", "tiny", "--text", text, "--folder", folder, "--card", card]
    pretrain.main([str(item) for item in [*common, "--device", "cpu", *given, *flags]])
    return folder


# Objectives


def test_masking_follows_bert() -> None:
    special = torch.tensor([0, 1, 2, 3, 4])
    subwords = torch.randint(3, 500, (400, 100), generator=torch.Generator().manual_seed(1))
    example = objectives.masked(subwords, 0.3, 4, special, 500, torch.Generator().manual_seed(0))

    guessed = example.labels != IGNORED
    ordinary = subwords > 4
    assert not (guessed & ~ordinary).any()
    assert torch.equal(example.labels[guessed], subwords[guessed])
    assert torch.equal(example.inputs[~guessed], subwords[~guessed])
    share = guessed.sum() / ordinary.sum()
    masked = (example.inputs == 4)[guessed].float().mean()
    kept = (example.inputs == subwords)[guessed].float().mean()
    # Four standard errors of 40,000 draws are under 0.01, of 12,000 under 0.015.
    assert share == pytest.approx(0.3, abs=0.01)
    assert masked == pytest.approx(0.8, abs=0.015)
    assert kept == pytest.approx(0.1 + 0.1 / 495, abs=0.015)
    assert not torch.isin(example.inputs[guessed], special[:4]).any()


def test_causal_labels_are_the_next_inputs() -> None:
    example = objectives.causal(torch.tensor([[5, 6, 7], [8, 9, 5]]))

    assert example.inputs.tolist() == [[5, 6, 7], [8, 9, 5]]
    assert example.labels.tolist() == [[6, 7, IGNORED], [9, 5, IGNORED]]


@given(
    length=st.integers(3, 60),
    share=st.floats(0.01, 0.99),
    sequences=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_span_corruption_can_be_undone(
    length: int, share: float, sequences: int, seed: int
) -> None:
    count = objectives.span_count(length, share)
    sentinels = torch.arange(100, 101 + count)
    generator = torch.Generator().manual_seed(seed)
    subwords = torch.randint(0, 100, (sequences, length), generator=generator)

    example = objectives.span_corrupted(subwords, share, sentinels, 99, generator)

    for row in range(sequences):
        spans: dict[int, list[int]] = {}
        for label in example.labels[row].tolist():
            if label >= 100:
                spans[label] = []
            else:
                spans[max(spans)].append(label)
        assert list(spans) == sentinels.tolist()
        assert spans.pop(100 + count) == []
        assert all(spans.values())
        undone = [
            subword
            for item in example.inputs[row].tolist()
            for subword in (spans[item] if item >= 100 else [item])
        ]
        assert undone == subwords[row].tolist()
    assert example.decoder_inputs is not None
    assert (example.decoder_inputs[:, 0] == 99).all()
    assert torch.equal(example.decoder_inputs[:, 1:], example.labels[:, :-1])


def test_spans_cover_the_share_and_leave_the_ends() -> None:
    spans = objectives.random_spans(2000, 40, 0.3, torch.Generator().manual_seed(0))

    starts = spans[:, 1:] & ~spans[:, :-1]
    assert (spans.sum(dim=1) == 12).all()
    assert (starts.sum(dim=1) == 4).all()
    assert not spans[:, [0, -1]].any()
    # The second place is in a span as often as its mirror image; 2000 draws, four standard errors.
    often = spans.float().mean(dim=0)
    assert torch.allclose(often, often.flip(0), atol=0.065)


def test_infilling_puts_one_mask_for_each_span() -> None:
    subwords = torch.arange(10, 50).repeat(3, 1)
    generator = torch.Generator().manual_seed(0)

    example = objectives.infilled(subwords, 0.3, 4, 2, generator)

    assert example.inputs.shape == (3, 40 - 12 + 4)
    assert ((example.inputs == 4).sum(dim=1) == 4).all()
    kept = example.inputs[0][example.inputs[0] != 4]
    assert kept.tolist() == sorted(kept.tolist())
    assert torch.equal(example.labels, subwords)
    assert example.decoder_inputs is not None
    assert example.decoder_inputs[0].tolist() == [2, *range(10, 49)]


# Text


def test_sentences_are_trained_on_or_held_out() -> None:
    sentences = [[str(number)] if number % 7 else [] for number in range(1000)]

    train, held_out = split_sentences(sentences, 0)

    words = [sentence for sentence in sentences if sentence]
    assert sorted([*train, *held_out]) == sorted(words)
    assert len(held_out) == 43  # 5 % of 857
    assert split_sentences(sentences, 0) == (train, held_out)
    assert split_sentences(sentences, 1) != (train, held_out)


def test_groups_hold_sentences_of_one_length_and_cut_long_ones() -> None:
    groups = group_by_length([[1, 2, 3], list(range(10)), [7, 8], [4, 5, 6], [9, 9, 9, 9]], 4)

    assert [group.tolist() for group in groups] == [
        [[1, 2, 3], [4, 5, 6]],
        [[0, 1, 2, 3], [4, 5, 6, 7], [9, 9, 9, 9]],
    ]


def test_every_subword_is_as_likely_to_decide_the_length_of_a_batch() -> None:
    groups = [torch.zeros(20, 3, dtype=torch.int64), torch.ones(35, 4, dtype=torch.int64)]
    batches = draw_batches(groups, 12, torch.Generator().manual_seed(0))

    drawn = [next(batches) for _ in range(2000)]

    assert {batch.shape for batch in drawn} == {(4, 3), (3, 4)}
    short = sum(batch.shape == (4, 3) for batch in drawn) / 2000
    assert short == pytest.approx(60 / 200, abs=0.042)  # four standard errors


# Tokenizers


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_any_tokenizer_fits_any_family(family: str, kind: str, tmp_path: Path) -> None:
    sentences = code_sentences(200)
    train_tokenizer(kind, family, sentences, 320, 24, sentinels=3).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))

    tokenizer = AutoTokenizer.from_pretrained(tmp_path, use_fast=True)

    assert tokenizer.is_fast
    assert tokenizer.model_max_length == 24
    assert max(tokenizer.get_vocab().values()) < len(tokenizer) <= 320
    words = ["self", ".", "read", "(", "Path_file", ")"]
    encoded = tokenizer(words, is_split_into_words=True)
    assert sorted({word for word in encoded.word_ids() if word is not None}) == list(range(6))
    assert encoded["input_ids"] == encode_words(tokenizer, [words])[0]
    assert tokenizer.unk_token_id not in encoded["input_ids"][1:-1]
    ends = {
        "gpt2": ("", ""),
        "t5": ("", "</s>"),
        "roberta": ("<s>", "</s>"),
        "bart": ("<s>", "</s>"),
    }.get(family, ("[CLS]", "[SEP]"))
    tokens = encoded.tokens()
    assert [tokens[0] == ends[0], tokens[-1] == ends[1]] == [bool(end) for end in ends]
    assert tokenizer.get_vocab().keys() >= {f"<extra_id_{number}>" for number in range(3)}


def test_a_tokenizer_is_as_large_as_asked_and_the_same_in_every_process(tmp_path: Path) -> None:
    text = tmp_path / "words.txt"
    generator = random.Random(0)
    write_sentences(
        text, [["".join(generator.choices("abcdefgh", k=6)) for _ in range(5)] for _ in range(300)]
    )
    script = (
        "import hashlib\n"
        "from pathlib import Path\n"
        "from workflow_scripts.kinds.text.miniatures.tokenizers import train_tokenizer\n"
        "from workflow_scripts.kinds.text.sentences import read_sentences\n"
        f"sentences = read_sentences(Path({str(text)!r}))\n"
        f"for kind in {TOKENIZERS}:\n"
        "    tokenizer = train_tokenizer(kind, 'bert', sentences, 320, 24)\n"
        "    written = tokenizer.backend_tokenizer.to_str().encode()\n"
        "    print(len(tokenizer), hashlib.sha256(written).hexdigest())\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) for _ in range(2)
    ]
    first, second = (run.communicate()[0].decode() for run in runs)

    assert [line.split()[0] for line in first.splitlines()] == ["320"] * 3
    assert first == second


# Networks and training


@pytest.mark.parametrize(("family", "kind"), PAIRS)
def test_the_loss_is_what_transformers_computes(family: str, kind: str) -> None:
    settings = settings_of(family, kind)
    sentences = code_sentences(60)
    tokenizer = train_tokenizer(kind, family, sentences, 320, 24, sentinels=5)
    torch.manual_seed(0)
    network = build_language_model(settings, tokenizer).eval()
    subwords = max(group_by_length(encode_words(tokenizer, sentences), 24), key=len)
    example = objective_of(settings, tokenizer)(subwords, torch.Generator().manual_seed(0))

    loss = prediction_loss(network, example)

    if family == "gpt2":  # which shifts labels by itself
        expected = network(input_ids=example.inputs, labels=subwords).loss
    elif example.decoder_inputs is None:
        expected = network(input_ids=example.inputs, labels=example.labels).loss
    else:  # BART and T5 make the decoder's inputs from the labels
        expected = network(input_ids=example.inputs, labels=example.labels).loss
        assert int(example.decoder_inputs[0, 0]) == network.config.decoder_start_token_id
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_no_guess_is_no_loss() -> None:
    tokenizer = train_tokenizer("wordpiece", "bert", code_sentences(60), 320, 24)
    network = build_language_model(settings_of("bert"), tokenizer)
    nothing = torch.full((1, 3), IGNORED)

    assert prediction_loss(network, Example(torch.tensor([[2, 9, 3]]), nothing)).item() == 0


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    settings = settings_of("bert", steps=100, learning_rate=0.01)

    rates = [learning_rate(settings, step) for step in range(100)]

    assert rates[:10] == pytest.approx(np.arange(1, 11) * 0.001)
    assert rates[10:] == pytest.approx(np.arange(90, 0, -1) / 90 * 0.01)
    assert learning_rate(settings_of("bert", steps=1, learning_rate=0.01), 0) == 0.01


def test_held_out_guesses_are_compared_with_frequencies() -> None:
    sentences = code_sentences(60)
    tokenizer = train_tokenizer("wordpiece", "gpt2", sentences, 320, 24)
    settings = settings_of("gpt2")
    network = build_language_model(settings, tokenizer).eval()
    end = torch.tensor([tokenizer.eos_token_id])
    train = [torch.tensor([[5, 5, 6], [5, 6, 7]])]
    # Of the guesses 6, end and 8, the end does not count.
    held_out = [torch.tensor([[5, 6, end.item(), 8]])]

    result = evaluate_language_model(
        network, train, held_out, objective_of(settings, tokenizer), end, 64, 0
    )

    total = 6 + len(tokenizer) - 1
    assert result.unigram_entropy == pytest.approx(-np.log([3 / total, 1 / total]).mean())
    logits = network(input_ids=held_out[0]).logits[0].log_softmax(dim=1)
    assert result.loss == pytest.approx(-(logits[0, 6] + logits[2, 8]).item() / 2, rel=1e-5)


@pytest.mark.parametrize(("family", "kind"), PAIRS)
def test_a_checkpoint_loads_like_one_of_the_hub(
    family: str, kind: str, text: Path, tmp_path: Path
) -> None:
    folder = pretrained(text, tmp_path / "tiny", family, tokenizer=kind)

    loader = T5EncoderModel if family == "t5" else AutoModel
    network, report = loader.from_pretrained(folder, output_loading_info=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
    # The pooler serves the classification of sentences; no masked language model trains one.
    assert {key for key in report["missing_keys"] if "pooler" not in key} == set()
    assert report["mismatched_keys"] == set()
    words = ["def", "read", "(", "path_b", ")"]
    encoded = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    encoder = network.get_encoder() if family == "bart" else network
    hidden = encoder.eval()(**encoded).last_hidden_state
    assert hidden.shape == (1, len(encoded.word_ids(0)), 16)
    assert {word for word in encoded.word_ids(0) if word is not None} == set(range(5))

    card = read_card(folder / "checkpoint.json")
    assert card.source == f"{family}, {PretrainSettings.OBJECTIVES[family]}, {kind}, all"
    assert card.reading == {"folder": str(folder), "trust_remote_code": False}
    assert set(card.files) >= {"config.json", "model.safetensors", "tokenizer.json"}
    assert card.files.keys() | {"checkpoint.json"} == {file.name for file in folder.iterdir()}
    assert card.architecture == card.details["model"] == family
    assert card.details["kind"] == "pretrain"
    assert card.details["width"] == 16
    assert card.details["steps"] == 3


def test_equal_settings_give_equal_bytes(text: Path, tmp_path: Path) -> None:
    first, again, other = (
        read_card(pretrained(text, tmp_path / name, "t5", "--seed", seed) / "checkpoint.json")
        for name, seed in (("first", 0), ("again", 0), ("other", 1))
    )

    assert first.files == again.files
    assert first.revision == again.revision
    assert first.details == again.details
    assert other.files["model.safetensors"] != first.files["model.safetensors"]


def test_a_checkpoint_is_replaced_whole(text: Path, tmp_path: Path) -> None:
    pretrained(text, tmp_path, "bert", steps=0)
    before = read_card(tmp_path / "checkpoint.json")
    pretrained(text, tmp_path, "bert", steps=1)
    after = read_card(tmp_path / "checkpoint.json")

    assert after.files["config.json"] == before.files["config.json"]
    assert after.files["model.safetensors"] != before.files["model.safetensors"]


@pytest.mark.parametrize("family", ["bert", "gpt2", "bart", "t5"])
def test_training_beats_frequencies(
    family: str, text: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    folder = pretrained(text, tmp_path, family, width=32, steps=120, batch_tokens=400)

    details = read_card(folder / "checkpoint.json").details
    assert float(details["heldout_loss"]) < float(details["unigram_entropy"]) - 0.7
    assert "step 1 of 120: loss" in caplog.text
    assert "step 120 of 120: loss" in caplog.text


def test_random_weights_guess_evenly(text: Path, tmp_path: Path) -> None:
    folder = pretrained(text, tmp_path, "roberta", tokenizer="bpe", width=64, steps=0)

    details = read_card(folder / "checkpoint.json").details
    assert details["heldout_loss"] == pytest.approx(np.log(320), abs=0.4)
    assert details["unigram_entropy"] < np.log(320) - 1


# What a user can do wrong


def test_too_little_text_is_refused(text: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tiny: .*all\.txt: the text is too short.*100000; give"):
        pretrained(text, tmp_path, "bert", batch_tokens=100000)

    single = tmp_path / "single.txt"
    write_sentences(single, [["a", "b", "c", "d", "e"]] * 2)
    with pytest.raises(UserError, match="no held-out sub-word is guessed"):
        pretrained(single, tmp_path, "bert", batch_tokens=1, steps=0, masked_share=1e-9)

    empty = tmp_path / "empty.txt"
    empty.write_text("")
    for kind, complaint in {"wordpiece": "too short", "unigram": "cannot learn 320"}.items():
        with pytest.raises(UserError, match=complaint):
            pretrained(empty, tmp_path, "bert", tokenizer=kind)


def test_diverging_training_is_told(text: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tiny: training diverges .* lower learning_rate"):
        pretrained(text, tmp_path, "gpt2", learning_rate=1e30)
    with pytest.raises(UserError, match="the held-out loss is nan"):
        pretrained(text, tmp_path, "gpt2", learning_rate=1e30, steps=1)
    assert not (tmp_path / "checkpoint.json").exists()


def test_settings_that_do_not_fit_are_refused(text: Path, tmp_path: Path) -> None:
    flags = ["--checkpoint", "x", "--text", str(text), "--folder", str(tmp_path)]
    flags += ["--card", str(tmp_path / "x.json"), "--tokenizer", "bpe"]
    with pytest.raises(UserError, match="gpt2 is trained by objective: causal"):
        pretrain.main([*flags, "--family", "gpt2", "--objective", "masked"])
    with pytest.raises(UserError, match="attention_heads must divide width"):
        pretrain.main([*flags, "--family", "gpt2", "--objective", "causal", "--width", "50"])
