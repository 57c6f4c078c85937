"""The zoos of the tests that run the whole workflow: small, and of real networks."""

import copy
import re
from typing import Any

import numpy as np
import yaml
from workspace import ROOT

# Six agents on the digits.
IMAGES: dict[str, Any] = {
    "modality": "agents",
    "data": {"source": "digits"},
    "agents": {"count": 6, "classes": 3, "epochs": 4},
    "probe": {"samples_per_class": 8, "rotations": [-10.0, 10.0]},
    "tasks": {"count": 2, "classes": 4, "samples_per_class": 10},
    "selection": {
        "sizes": [1, 3],
        "methods": {
            "mmi": {"start": "greedy"},
            "random": {"draws": 4},
            "peek": {"task": "task-00"},
        },
    },
    "head": {"solver": "lbfgs"},
}

NOUNS = ["cat", "dog", "tree", "stone", "river", "house", "bird", "cloud"]
VERBS = ["sees", "likes", "finds", "moves", "takes"]
ADJECTIVES = ["old", "small", "red", "quiet"]


def sentences(count: int) -> list[list[tuple[str, str]]]:
    """Sentences of a little grammar, each word with its part of speech."""
    generator = np.random.default_rng(0)

    def phrase() -> list[tuple[str, str]]:
        words = [("the", "DET")]
        words += [(str(generator.choice(ADJECTIVES)), "ADJ")] * int(generator.integers(0, 2))
        return [*words, (str(generator.choice(NOUNS)), "NOUN")]

    def sentence() -> list[tuple[str, str]]:
        return [*phrase(), (str(generator.choice(VERBS)), "VERB"), *phrase(), (".", "PUNCT")]

    return [sentence() for _ in range(count)]


def treebank(count: int) -> str:
    """The sentences as CoNLL-U."""
    blocks = []
    for number, sentence in enumerate(sentences(count)):
        lines = [f"# sent_id = {number}"]
        lines += [
            f"{i}\t{word}\t{word}\t{tag}\tX{tag}\t_\t0\tdep\t_\t_"
            for i, (word, tag) in enumerate(sentence, 1)
        ]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def readme_zoo() -> dict[str, Any]:
    """The zoo of the README's section on zoos of one's own."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Your own zoo.*?```yaml\n(.*?)```", text, re.DOTALL)
    assert block is not None
    assert len(block.group(1).splitlines()) <= 15
    config: dict[str, Any] = yaml.safe_load(block.group(1))
    return config["zoos"]["mine"]


# A name that no file can have, nor a shell, a formula or a page of HTML as it is.
ODD = "google/théirs (n° 1) $x_$ <b>; `touch pwned`"

# Two folders, and one file that is both task and probe.
PAIR: dict[str, Any] = {
    "modality": "text",
    "checkpoints": {
        "ours": {"kind": "folder", "path": "models/ours"},
        ODD: {"kind": "folder", "path": "models/theirs"},
    },
    "probe": {"source": "text", "file": "treebank.conllu", "format": "conllu"},
    "convergence": [10, 100],
    "tasks": {"upos": {"format": "conllu", "train": "treebank.conllu"}},
    "selection": {"sizes": [1, 2], "methods": {"mmi": {}, "single": {"picks": [ODD]}}},
}


def texts() -> dict[str, Any]:
    return {"zoos": {"mine": readme_zoo(), "pair": copy.deepcopy(PAIR)}}


def pairs(count: int) -> list[tuple[list[tuple[str, str]], list[tuple[str, str]]]]:
    made = sentences(2 * count)
    return list(zip(made[::2], made[1::2], strict=True))


# Vision models in folders, on folders of images.
OWN_IMAGES: dict[str, Any] = {
    "modality": "image",
    "checkpoints": {
        "vit": {"kind": "folder", "path": "models/vit"},
        "resnet": {"kind": "folder", "path": "models/resnet"},
        "clip": {"kind": "folder", "path": "models/clip", "layer": -2},
    },
    "image_size": 32,
    "probe": {"folder": "photos", "max_images": 25},
    "tasks": {"colours": {"train": "colours"}},
    "selection": {"sizes": [2], "methods": {"mmi": {}, "random": {"draws": 2}}},
}
