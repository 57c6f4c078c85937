"""Image zoos of one's own: folders of images, vision checkpoints of transformers, the whole run."""

import argparse
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from small_zoos import OWN_IMAGES
from tiny_vision import COLOURS, FAMILIES, SIZE, build_tiny_vision_model, draw_classes
from transformers import AutoImageProcessor, AutoModel, ViTModel
from workspace import Workspace

from workflow_scripts.common.checkpoint_card import write_card
from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.script import UserError
from workflow_scripts.images.image_folder import (
    held_out,
    images_by_class,
    images_in,
    probe_images,
)
from workflow_scripts.images.image_units import read_image_units
from workflow_scripts.kinds.image import extract_images as extract_vision
from workflow_scripts.kinds.image import gather_images
from workflow_scripts.kinds.image.feature_settings import VisionFeatureSettings
from workflow_scripts.kinds.image.vision_model import load_vision_model
from workflow_scripts.pretrained.checkpoint_files import missing_parts, needed_files
from workflow_scripts.pretrained.describe_folder import describe

CPU = torch.device("cpu")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Ten pictures of each colour, in folders of the colours' names."""
    draw_classes(tmp_path / "pictures", COLOURS, 10)
    return tmp_path / "pictures"


# Folders.


def test_images_are_found_in_all_folders_and_nothing_else_is(pictures: Path) -> None:
    (pictures / "notes.txt").write_text("no image")
    (pictures / "red/deep").mkdir()
    shutil.copy(pictures / "red/00.png", pictures / "red/deep/A.JPEG")
    found = images_in(pictures)
    assert len(found) == 31
    assert found == sorted(found)
    assert "red/deep/A.JPEG" in found
    assert images_in(pictures / "nowhere") == []
    (pictures / "{a}.png").touch()
    with pytest.raises(UserError, match="holds braces"):
        images_in(pictures)


def test_a_probe_is_drawn_by_the_seed_wherever_the_folder_is(pictures: Path) -> None:
    drawn = probe_images(pictures, 12, 3)
    assert len(set(drawn)) == 12
    assert drawn != probe_images(pictures, 12, 4)
    assert probe_images(pictures, 99, 3) == images_in(pictures)
    moved = pictures.rename(pictures.with_name("moved"))
    assert probe_images(moved, 12, 3) == drawn
    # Another image changes which are drawn by at most one.
    shutil.copy(moved / "red/00.png", moved / "new.png")
    assert len(set(probe_images(moved, 12, 3)) - set(drawn)) <= 1


def test_classes_are_the_folders_at_the_top(pictures: Path) -> None:
    shutil.copy(pictures / "red/00.png", pictures / "loose.png")
    classes = images_by_class(pictures, None, 0)
    assert list(classes) == sorted(COLOURS)
    assert [len(names) for names in classes.values()] == [10, 10, 10]
    assert [len(names) for names in images_by_class(pictures, 4, 0).values()] == [4, 4, 4]


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(2, 30), min_size=1, max_size=4),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
def test_no_image_is_held_out_and_kept(sizes: list[int], share: float, seed: int) -> None:
    classes = {str(n): [f"{n}/{i}" for i in range(size)] for n, size in enumerate(sizes)}
    kept, out = held_out(classes, share, seed, "dev")
    for label, names in classes.items():
        assert sorted(kept[label] + out[label]) == sorted(names)
        assert kept[label] and out[label]
        assert abs(len(out[label]) - share * len(names)) <= 1


# Corpora.


def gather(folder: Path, *flags: object) -> tuple[np.ndarray, Any]:
    corpus, units = folder / "corpus.npy", folder / "corpus.units.parquet"
    output = ["--output", str(corpus), "--units", str(units)]
    gather_images.main([*map(str, flags), *output])
    return np.load(corpus), read_image_units(units)


def test_a_probe_has_every_image_and_its_turned_copies_together(pictures: Path) -> None:
    images, units = gather(
        pictures.parent, "--images", pictures, "--size", 16, "--rotations", 90, "--max-images", 9
    )
    assert images.shape == (18, 16, 16, 3)
    assert units.image.tolist() == np.arange(9).repeat(2).tolist()
    assert units.rotation.tolist() == [0.0, 90.0] * 9
    # A square turned by a quarter, but for its rim.
    for upright, turned in zip(images[::2], images[1::2], strict=True):
        inner = np.abs(np.rot90(upright).astype(int) - turned.astype(int))[1:-1, 1:-1]
        assert np.median(inner) < 30


def test_a_task_shares_its_images_out_by_class(pictures: Path) -> None:
    images, units = gather(pictures.parent, "--train", pictures, "--size", 16)
    table = pd.DataFrame({"label": units.label, "split": units.split})
    counts = table.value_counts().to_dict()
    for colour in COLOURS:
        assert [counts[(colour, split)] for split in ("train", "dev", "test")] == [6, 2, 2]
        mean = images[units.label == colour].mean(axis=(0, 1, 2))
        assert np.argmax(mean) == np.argmax(COLOURS[colour])


def test_folders_of_dev_and_test_are_taken_whole(pictures: Path) -> None:
    draw_classes(pictures.parent / "test", COLOURS, 4)
    _, units = gather(
        pictures.parent, "--train", pictures, "--test", pictures.parent / "test", "--size", 16
    )
    assert (units.split == "test").sum() == 12
    assert (units.split == "train").sum() == 24


def test_images_are_upright_and_in_three_colours(tmp_path: Path) -> None:
    pixels = np.zeros((40, 20, 3), np.uint8)
    pixels[:20] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # The camera was turned by a quarter: the top is on the right.
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif)
    seen = gather_images.read_image(tmp_path / "turned.jpg", 20)
    assert seen[:, 15:].mean() > 240 > 15 > seen[:, :5].mean()
    Image.fromarray(pixels[..., 0]).convert("L").save(tmp_path / "grey.png")
    assert gather_images.read_image(tmp_path / "grey.png", 8).shape == (8, 8, 3)


def task_flags(**folders: Path | None) -> argparse.Namespace:
    given = {"train": None, "dev": None, "test": None} | folders
    return argparse.Namespace(
        **given, max_per_class=None, seed=0, dev_fraction=0.2, test_fraction=0.2
    )


def test_what_is_wrong_with_folders_is_said(pictures: Path) -> None:
    parent = pictures.parent
    (parent / "empty").mkdir()
    with pytest.raises(UserError, match="there are no images in folders here"):
        gather_images.task_files(task_flags(train=parent / "empty"))
    draw_classes(parent / "other", {"yellow": (200, 200, 0)}, 3)
    with pytest.raises(UserError, match="there is no class yellow in"):
        gather_images.task_files(task_flags(train=pictures, test=parent / "other"))
    with pytest.raises(UserError, match="there is one class only"):
        gather_images.task_files(task_flags(train=parent / "other"))
    with pytest.raises(UserError, match="name either --images"):
        gather(parent, "--images", pictures, "--train", pictures)
    with pytest.raises(UserError, match="there are no images in this folder"):
        gather(parent, "--images", parent / "empty")
    draw_classes(parent / "few", {"a": (0, 0, 0), "b": (9, 9, 9)}, 1)
    with pytest.raises(UserError, match="class a has too few images"):
        gather_images.task_files(task_flags(train=parent / "few"))


# Checkpoints.


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for number, family in enumerate(FAMILIES):
        build_tiny_vision_model(family, folder / family, number)
    return folder


def test_a_vision_checkpoint_needs_an_image_processor_and_no_tokenizer(models: Path) -> None:
    names = ["config.json", "model.safetensors", "preprocessor_config.json", "vocab.txt"]
    assert needed_files(names, False, "image processor") == names[:3]
    assert missing_parts(names[:3], "image processor") == []
    [missing] = missing_parts(names[:2], "image processor")
    assert missing.startswith("an image processor")
    card = describe("mine", str(models / "vit"), False, "image processor")
    assert sorted(card.files) == names[:3]
    assert card.details["model"] == "vit"
    with pytest.raises(UserError, match="save the model and the tokenizer there"):
        describe("mine", str(models / "vit"), False)


# Features.


def some_images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 40, 40, 3), dtype=np.uint8)


# The dimensions to average, and the tokens before the patches, as each family documents them.
PLACES = {"vit": (1, 1), "clip": (1, 1), "swin": (1, 0)}
PLACES |= {"resnet": ((2, 3), 0), "convnext": ((2, 3), 0)}


def by_hand(folder: Path, image: np.ndarray, layer: int, pooling: str) -> np.ndarray:
    """The features of one image, step by step."""
    processor = AutoImageProcessor.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder).eval()
    network = network.vision_model if folder.name == "clip" else network
    pixels = processor(images=Image.fromarray(image), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        output = network(pixels, output_hidden_states=True)
    state = output.last_hidden_state if layer == -1 else output.hidden_states[layer]
    if pooling == "first":
        return state[0, 0].numpy()
    dimensions, others = PLACES[folder.name]
    return state[:, others:].mean(dimensions)[0].numpy()


@pytest.mark.parametrize(
    ("family", "layer", "pooling"),
    [(family, layer, "mean") for family in FAMILIES for layer in (-1, -2)]
    + [("vit", -1, "first"), ("vit", 0, "first"), ("clip", -1, "first")],
)
def test_features_are_those_of_each_image_by_itself(
    models: Path, family: str, layer: int, pooling: str
) -> None:
    images = some_images(3)
    model = load_vision_model(models / family, CPU)
    wanted = VisionFeatureSettings(layer=layer, pooling=pooling)
    found = model.features(images, wanted)
    expected = [by_hand(models / family, image, layer, pooling) for image in images]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.stack(expected), atol=1e-5)


def test_the_script_writes_a_row_for_every_image(models: Path, tmp_path: Path) -> None:
    images = some_images(7)
    np.save(tmp_path / "probe.npy", images)
    write_card(
        tmp_path / "card.json", describe("mine", str(models / "swin"), False, "image processor")
    )
    flags = ["--corpus", tmp_path / "probe.npy", "--card", tmp_path / "card.json"]
    output = tmp_path / "mine.safetensors"
    extract_vision.main([*map(str, flags), "--batch-size", "3", "--output", str(output)])
    found = open_features(output)
    assert found.present.all()
    assert found.metadata["checkpoint"] == "mine"
    expected = load_vision_model(models / "swin", CPU).features(images, VisionFeatureSettings())
    np.testing.assert_allclose(found.read(np.arange(7)), expected, atol=1e-5)


def test_features_that_are_not_finite_are_refused(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "vit", tmp_path / "vit")
    network = ViTModel.from_pretrained(models / "vit")
    network.layernorm.bias.data[:] = torch.inf
    network.save_pretrained(tmp_path / "vit")
    np.save(tmp_path / "probe.npy", some_images(2))
    write_card(
        tmp_path / "card.json", describe("mine", str(tmp_path / "vit"), False, "image processor")
    )
    flags = ["--corpus", tmp_path / "probe.npy", "--card", tmp_path / "card.json"]
    with pytest.raises(UserError, match=r"its features of unit 0 of .* are not finite"):
        extract_vision.main([*map(str, flags), "--output", str(tmp_path / "mine.safetensors")])
    assert not (tmp_path / "mine.safetensors").exists()


def test_what_a_network_has_not_is_said(models: Path, tmp_path: Path) -> None:
    images = some_images(1)
    resnet = load_vision_model(models / "resnet", CPU)
    with pytest.raises(UserError, match="there is no layer 9; it has 0 to 2"):
        resnet.features(images, VisionFeatureSettings(layer=9))
    shutil.copytree(models / "vit", tmp_path / "vit")
    (tmp_path / "vit/preprocessor_config.json").unlink()
    with pytest.raises(UserError, match="cannot load it as a vision model"):
        load_vision_model(tmp_path / "vit", CPU)
    shutil.copy(models / "resnet/model.safetensors", tmp_path / "vit/model.safetensors")
    with pytest.raises(UserError, match="the weights lack"):
        load_vision_model(tmp_path / "vit", CPU)
    code = {"auto_map": {"AutoConfig": "its.Config"}, "model_type": "theirs"}
    (tmp_path / "vit/config.json").write_text(str(code).replace("'", '"'))
    with pytest.raises(UserError, match="trust_remote_code: true for it if you trust it"):
        load_vision_model(tmp_path / "vit", CPU)


# The whole run.

SCORES = "results/photos/scores.csv"


@pytest.fixture
def unchanged(own_image_run: Workspace) -> Iterator[Workspace]:
    """The finished run, whose config and images are as before afterwards."""
    yield own_image_run
    own_image_run.write_config({"zoos": {"photos": OWN_IMAGES}})


def test_a_zoo_of_ones_own_is_scored(own_image_run: Workspace) -> None:
    finished = own_image_run
    scores = pd.read_csv(finished.folder / SCORES)
    assert scores["method"].tolist() == ["mmi", "random", "random"]
    assert (scores["test_score"] > 0.6).all()
    assert finished.planned() == {}


def test_such_a_zoo_can_be_begun_by_flags(own_image_run: Workspace) -> None:
    finished = own_image_run
    flags = ["--name", "again", "--modality", "image", "--probe", "colours", "--task", "colours"]
    flags += ["--sizes", "2", "--checkpoints", "models/vit", "models/resnet", "models/clip"]
    result = subprocess.run(
        [sys.executable, "-m", "workflow_scripts.new_zoo", *flags],
        cwd=finished.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.endswith("    snakemake --configfile again.yaml --cores all\n")
    # What it says of jobs is what is planned, of features and images what is on the disk: the
    # probe and the task have the same images here, seven times as wide and high as in the run.
    planned = sum(finished.planned("--configfile", "again.yaml").values())
    (finished.folder / "again.yaml").unlink()
    assert f"jobs       {planned}: data 3, checkpoints 3, features 6," in result.stderr
    results = finished.folder / "results/photos"
    features = (results / "features/colours").glob("*.safetensors")
    size = 2 * sum(math.prod(open_features(path).features.shape) * 4 for path in features)
    assert f"{size / 1e3:.1f} kB of it features" in result.stderr
    images = 2 * np.load(results / "corpora/colours.npy").nbytes * 7**2
    assert f" and {images / 1e6:.1f} MB images" in result.stderr


def test_only_what_hangs_on_a_change_runs_again(unchanged: Workspace) -> None:
    checkpoints: dict[str, Any] = OWN_IMAGES["checkpoints"] | {
        "swin": {"kind": "folder", "path": "models/swin"}
    }
    unchanged.write_config({"zoos": {"photos": OWN_IMAGES | {"checkpoints": checkpoints}}})
    after = {"estimate_covariance": 1, "select": 2, "evaluate": 1, "gather_scores": 1}
    one_more = after | {"describe_folder": 1, "extract_image_features": 2}
    assert unchanged.planned(SCORES) == one_more
    unchanged.write_config({"zoos": {"photos": OWN_IMAGES | {"image_size": SIZE * 2}}})
    assert unchanged.planned(SCORES)["gather_images"] == 2
    vit = {"kind": "folder", "path": "models/vit", "layer": 1}
    changed_layer = OWN_IMAGES | {"checkpoints": OWN_IMAGES["checkpoints"] | {"vit": vit}}
    unchanged.write_config({"zoos": {"photos": changed_layer}})
    again = unchanged.planned(SCORES)
    assert again["extract_image_features"] == 2
    assert "gather_images" not in again


def test_one_image_more_reruns_its_corpus(unchanged: Workspace) -> None:
    folder = unchanged.folder / "colours/red"
    shutil.copy(folder / "00.png", folder / "new.png")
    planned = unchanged.planned(SCORES)
    (folder / "new.png").unlink()
    assert planned == {
        "gather_images": 1,
        "read_image_task": 1,
        "extract_image_features": 3,
        "evaluate": 1,
        "gather_scores": 1,
    }


def test_folders_that_are_missing_are_named(unchanged: Workspace) -> None:
    probe = {"folder": "nowhere"}
    unchanged.write_config({"zoos": {"photos": OWN_IMAGES | {"probe": probe}}})
    result = unchanged.snakemake("--cores", "1")
    assert result.returncode != 0
    assert "missing file: nowhere, for zoos.photos.probe.folder" in result.stderr
