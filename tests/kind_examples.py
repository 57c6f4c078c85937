"""An example of each kind of zoo: what the contract suite holds every kind to is asked of it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem, RBFSampler
from small_zoos import IMAGES, OWN_IMAGES, PAIR, treebank
from tiny_models import build_tiny_model
from tiny_vision import COLOURS, FAMILIES, build_tiny_vision_model, draw_classes
from workspace import Workspace

Settings = dict[str, Any]


@dataclass(frozen=True)
class KindExample:
    """A tiny zoo of a kind.

    Attributes:
        zoo: its name in a run.
        settings: what stands in the config under that name.
        build: makes the files that it takes, in a folder.
        new_zoo: flags by which ``new_zoo`` begins such a zoo; paths are absolute.
        broken: settings in the place of others, and words of the line that refuses them.
        one_checkpoint: a checkpoint, and settings in the place of others that change its features
            alone; none if the features of all are made alike.
        run: the fixture that gives a finished run of it beside others; none if it is run by itself.
    """

    zoo: str
    settings: Settings
    build: Callable[[Path], None]
    new_zoo: Callable[[Path], list[str]]
    broken: list[tuple[Settings, str]] = field(default_factory=list)
    one_checkpoint: tuple[str, Settings] | None = None
    run: str | None = None

    def changed(self, changes: Settings) -> Settings:
        """The settings with others in the place of some."""
        return copy.deepcopy(self.settings) | changes


def run_example(example: KindExample, folder: Path) -> Workspace:
    """Run an example by itself, to the report.

    Args:
        folder: of the run; it must not be there.
    """
    workspace = Workspace.copy_to(folder)
    example.build(workspace.folder)
    workspace.write_config({"zoos": {example.zoo: example.settings}})
    result = workspace.snakemake("--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    return workspace


def nothing(folder: Path) -> None:
    """What a zoo takes that makes all of its files."""


def build_texts(folder: Path) -> None:
    """Two language models and a treebank."""
    build_tiny_model("gpt2", folder / "models/ours")
    build_tiny_model("roberta", folder / "models/theirs")
    (folder / "treebank.conllu").write_text(treebank(120), encoding="utf-8")


def build_images(folder: Path) -> None:
    """A vision model of each family, images, and images in folders of their classes."""
    for number, family in enumerate(FAMILIES):
        build_tiny_vision_model(family, folder / "models" / family, number)
    draw_classes(folder / "photos", COLOURS, 10)
    draw_classes(folder / "colours", COLOURS, 12)


def _agents_flags(folder: Path) -> list[str]:
    flags = ["--source", "digits", "--agents", "4", "--agent-classes", "3", "--epochs", "2"]
    return [*flags, "--unseen-tasks", "2", "--task-classes", "4", "--sizes", "1"]


def _text_flags(folder: Path) -> list[str]:
    checkpoints = [str(folder / "models/ours"), f"other={folder / 'models/theirs'}"]
    data = str(folder / "treebank.conllu")
    return ["--checkpoints", *checkpoints, "--probe", data, "--task", data, "--sizes", "1"]


def _image_flags(folder: Path) -> list[str]:
    checkpoints = [str(folder / "models/vit"), str(folder / "models/resnet")]
    data = str(folder / "colours")
    return ["--checkpoints", *checkpoints, "--probe", data, "--task", data, "--sizes", "1"]


def build_features(folder: Path) -> None:
    """Features of handwritten digits by projections and kernels, with a table of labels."""
    images, digits = load_digits(return_X_y=True)
    corpora = {"unlabelled": images[:200], "digits": images[200:500]}
    made = {
        "pca": PCA(16, random_state=0),
        "few.dims": PCA(4, random_state=0),
        "fourier": RBFSampler(gamma=0.001, n_components=32, random_state=0),
        "kernels": Nystroem(gamma=0.002, n_components=24, random_state=0),
    }
    for name, one in made.items():
        one.fit(corpora["unlabelled"])
        (folder / "embeddings" / name).mkdir(parents=True)
        for corpus, rows in corpora.items():
            values = one.transform(rows).astype(np.float32)
            np.save(folder / "embeddings" / name / f"{corpus}.npy", values)
    table = pd.DataFrame({"digit": digits[200:500], "ink": images[200:500].mean(axis=1)})
    table.to_csv(folder / "labels.csv", index=False)


def _features_flags(folder: Path) -> list[str]:
    pattern = str(folder / "embeddings/{checkpoint}/{corpus}.npy")
    labels = ["--labels", str(folder / "labels.csv"), "corpus=digits", "target=digit"]
    return ["--features", pattern, "--probe-corpus", "unlabelled", *labels, "--sizes", "1"]


_VIT_ELSEWHERE = {"kind": "folder", "path": "models/vit", "layer": 1}
_OURS_ELSEWHERE = {"kind": "folder", "path": "models/ours", "layer": 1}

FEATURES: Settings = {
    "modality": "features",
    "features": "embeddings/{checkpoint}/{corpus}.npy",
    "checkpoints": ["few.dims", "fourier", "kernels", "pca"],
    "probe": {"corpus": "unlabelled"},
    "tasks": {
        "digit": {"corpus": "digits", "table": "labels.csv", "target": "digit"},
        "ink": {"corpus": "digits", "table": "labels.csv", "target": "ink", "metric": "pearson"},
    },
    "selection": {"sizes": [1, 2], "methods": {"mmi": {}, "random": {"draws": 2}}},
}

EXAMPLES: dict[str, KindExample] = {
    "agents": KindExample(
        zoo="small",
        settings=IMAGES,
        build=nothing,
        new_zoo=_agents_flags,
        broken=[
            ({"data": {"source": "mnist"}}, "needs a key 'source' that is one of digits, cifar100"),
            ({"agents": {"count": 6, "classes": 11}}, "agents.classes asks for 11 classes of 10"),
        ],
        run="image_run",
    ),
    "text": KindExample(
        zoo="pair",
        settings=PAIR,
        build=build_texts,
        new_zoo=_text_flags,
        broken=[
            ({"probe": {"source": "web"}}, "needs a key 'source' that is one of text, wikitext-2"),
            ({"tasks": {"probe": PAIR["tasks"]["upos"]}}, "tasks cannot be named 'probe'"),
        ],
        one_checkpoint=("ours", {"checkpoints": PAIR["checkpoints"] | {"ours": _OURS_ELSEWHERE}}),
        run="text_run",
    ),
    "features": KindExample(
        zoo="mine",
        settings=FEATURES,
        build=build_features,
        new_zoo=_features_flags,
        broken=[
            ({"features": "embeddings/{corpus}.npy"}, "must hold {checkpoint} once"),
            (
                {"tasks": {"digit": {"corpus": "digits", "table": "labels.csv"}}},
                "tasks.digit.target: is missing",
            ),
        ],
    ),
    "image": KindExample(
        zoo="photos",
        settings=OWN_IMAGES,
        build=build_images,
        new_zoo=_image_flags,
        broken=[
            ({"image_size": 4}, "zoos.photos.image_size: should be greater than or equal to 8"),
            ({"tasks": {"probe": {"train": "colours"}}}, "a task cannot be named 'probe'"),
        ],
        one_checkpoint=(
            "vit",
            {"checkpoints": OWN_IMAGES["checkpoints"] | {"vit": _VIT_ELSEWHERE}},
        ),
        run="own_image_run",
    ),
}
