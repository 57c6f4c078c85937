"""Times our word features against the paper's way, on the same network and threads.

The paper's way: batches of four sentences in the order of the file, each occurrence of a word cut
into tokens by itself. The network has random weights; the text is the docstrings of the Python
standard library. Writes word_features.csv and word_features.svg to --output. Run it from the top of
the repository:

    python -m benchmarks.word_features
"""

import argparse
import ast
import statistics
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertConfig, BertModel, BertTokenizer
from transformers.utils import logging as transformers_logging

from benchmarks.machine import with_machine
from workflow_scripts.kinds.text.feature_settings import WordFeatureSettings
from workflow_scripts.kinds.text.text_model import TextModel, load_text_model
from workflow_scripts.kinds.text.word_features import word_features
from workflow_scripts.kinds.text.word_tokens import WordTokens
from workflow_scripts.report.figures.figure import COLUMN, figure

PAPER_BATCH = 4
Sentences = list[list[str]]


def docstring_sentences(count: int) -> Sentences:
    """The first paragraphs of docstrings, one a sentence, modules in the order of their names."""
    sentences: Sentences = []
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                docstring = ast.get_docstring(node) or ""
                sentences += [
                    part.split()[:200] for part in docstring.split("\n\n") if len(part.split()) > 2
                ]
            if len(sentences) >= count:
                return sentences[:count]
    return sentences


def build_checkpoint(folder: Path, sentences: Sentences, layers: int, width: int) -> None:
    """A BERT with random weights, and a WordPiece tokenizer trained on the sentences."""
    cutter = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    cutter.normalizer = normalizers.BertNormalizer()
    cutter.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    cutter.train_from_iterator(
        sentences,
        trainers.WordPieceTrainer(vocab_size=8000, special_tokens=special, show_progress=False),
    )
    tokenizer = BertTokenizer(vocab=cutter.get_vocab())
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=max(1, width // 64),
        intermediate_size=4 * width,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def our_tokens(model: TextModel, sentences: Sentences) -> list[int]:
    """All tokens, as the workflow cuts them, with nothing remembered from before."""
    words = [word for sentence in sentences for word in sentence]
    return WordTokens(model.tokenizer).of(words)[0].tolist()


def paper_tokens(model: TextModel, sentences: Sentences) -> list[int]:
    """All tokens, one tokenizer call a word."""
    tokenizer = model.tokenizer
    return [
        number
        for sentence in sentences
        for word in sentence
        for number in tokenizer.convert_tokens_to_ids(tokenizer.tokenize(word))
    ]


def our_features(model: TextModel, sentences: Sentences) -> NDArray[np.float32]:
    """[words, width], zero where a word has no vector."""
    features = np.zeros((sum(map(len, sentences)), model.width), np.float32)
    # A new table of tokens, so that no repetition profits from the one before.
    fresh = TextModel(**{**vars(model), "word_tokens": WordTokens(model.tokenizer)})
    for words, vectors in word_features(fresh, sentences, WordFeatureSettings()):
        features[words] = vectors
    return features


@torch.inference_mode()
def paper_features(model: TextModel, sentences: Sentences) -> NDArray[np.float32]:
    """[words, width], zero where a word has no vector."""
    tokenizer = model.tokenizer
    features = np.zeros((sum(map(len, sentences)), model.width), np.float32)
    word = 0
    for start in range(0, len(sentences), PAPER_BATCH):
        rows, ends = [], []
        for sentence in sentences[start : start + PAPER_BATCH]:
            row = [tokenizer.cls_token_id]
            for text in sentence:
                row += tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))
                ends.append((len(rows), len(row) - 1))
            rows.append([*row[: model.limit - 1], tokenizer.sep_token_id])
        batch = tokenizer.pad({"input_ids": rows}, return_tensors="pt")
        hidden = model.network(**batch).last_hidden_state.numpy()
        for row, end in ends:
            if 0 < end < model.limit - 1:
                features[word] = hidden[row, end]
            word += 1
    return features


def interleaved(
    ours: Callable[[], object], paper: Callable[[], object], repeats: int
) -> tuple[float, float, float]:
    """Median seconds of both and the median of the ratios, each repetition timing both in turn."""
    times = []
    for repeat in range(repeats):
        pair = {}
        for call in (ours, paper) if repeat % 2 else (paper, ours):
            started = time.perf_counter()
            call()
            pair[call] = time.perf_counter() - started
        times.append((pair[ours], pair[paper]))
    return (
        statistics.median(our for our, _ in times),
        statistics.median(their for _, their in times),
        statistics.median(their / our for our, their in times),
    )


def draw(table: pd.DataFrame, path: Path) -> None:
    """The seconds of both ways, for tokens and features."""
    with figure(path, COLUMN, 1.8) as made:
        axes = made.subplots()
        for column, label, marker in (("paper", "the paper's way", "s"), ("ours", "ours", "o")):
            axes.plot(table[column], table.index, marker, color="black", ms=5, label=label)
        axes.set_yticks(table.index, table["what"])
        axes.margins(y=0.5)
        axes.set(xscale="log", xlabel="seconds")
        made.legend(loc="outside upper center", ncols=2, frameon=False)


def main(argv: Sequence[str] | None = None) -> None:
    """Build the checkpoint, time both ways, print and write medians and ratios."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--sentences", type=int, default=500, help="for features")
    flags.add_argument("--cut-sentences", type=int, default=5000, help="for tokens")
    flags.add_argument("--repeats", type=int, default=5)
    flags.add_argument("--threads", type=int, default=2)
    flags.add_argument("--layers", type=int, default=6)
    flags.add_argument("--width", type=int, default=384)
    flags.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of table and figure"
    )
    arguments = flags.parse_args(argv)

    transformers_logging.disable_progress_bar()
    torch.set_num_threads(arguments.threads)
    many = docstring_sentences(arguments.cut_sentences)
    # Every so many, so that they are of as many modules.
    few = many[:: max(1, len(many) // arguments.sentences)][: arguments.sentences]
    with tempfile.TemporaryDirectory() as folder:
        build_checkpoint(Path(folder), many, arguments.layers, arguments.width)
        model = load_text_model(Path(folder), torch.device("cpu"))
    difference = np.abs(our_features(model, few) - paper_features(model, few)).max()
    same = our_tokens(model, many) == paper_tokens(model, many)
    print(f"largest difference of features {difference:.1e}, tokens equal: {same}")
    print(f"medians of {arguments.repeats}, {arguments.threads} threads:")
    rows = []
    for what, sentences, ours, paper in (
        ("tokens", many, our_tokens, paper_tokens),
        ("features", few, our_features, paper_features),
    ):
        words = sum(map(len, sentences))
        times = interleaved(
            partial(ours, model, sentences), partial(paper, model, sentences), arguments.repeats
        )
        rows.append((what, words, *times))
        print(
            f"{what:<9} of {words:6d} words: ours {times[0]:7.3f} s, "
            f"the paper's way {times[1]:7.3f} s, {times[2]:5.1f} times as fast"
        )
    table = pd.DataFrame(rows, columns=["what", "words", "ours", "paper", "paper/ours"])
    arguments.output.mkdir(parents=True, exist_ok=True)
    with_machine(table, arguments.threads).to_csv(
        arguments.output / "word_features.csv", index=False
    )
    draw(table, arguments.output / "word_features.svg")


if __name__ == "__main__":
    main()
