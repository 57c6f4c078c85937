"""Folders of checkpoints that lack something, and cards that are none."""

import json
from pathlib import Path

from tests.faults.scene import Outcome, Scene, fault
from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card

CONFIG = json.dumps({"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1})
WHOLE = {"config.json": CONFIG, "model.safetensors": "weights", "vocab.txt": "[PAD]\n"}


def describe(scene: Scene, files: dict[str, str], path: str = "ours") -> Outcome:
    """Look at a folder of these files."""
    Path("ours").mkdir()
    for name, content in files.items():
        Path("ours", name).write_text(content, encoding="utf-8")
    flags = ["--checkpoint", "ant", "--path", path, "--card", "checkpoint.json"]
    return scene.script("pretrained.describe_folder", *flags)


def without(name: str) -> dict[str, str]:
    return {key: content for key, content in WHOLE.items() if key != name}


@fault
def checkpoint_folder_missing(scene: Scene) -> Outcome:
    return describe(scene, WHOLE, path="theirs")


@fault
def checkpoint_without_config(scene: Scene) -> Outcome:
    return describe(scene, without("config.json"))


@fault
def checkpoint_without_weights(scene: Scene) -> Outcome:
    return describe(scene, without("model.safetensors"))


@fault
def checkpoint_without_tokenizer(scene: Scene) -> Outcome:
    return describe(scene, without("vocab.txt"))


@fault
def checkpoint_with_a_shard_missing(scene: Scene) -> Outcome:
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = json.dumps({"weight_map": {"a": names[0], "b": names[1]}})
    files = without("model.safetensors") | {"model.safetensors.index.json": index, names[0]: "…"}
    return describe(scene, files)


@fault
def checkpoint_with_a_spoilt_index(scene: Scene) -> Outcome:
    files = without("model.safetensors") | {"model.safetensors.index.json": '{"weight_map": '}
    return describe(scene, files)


@fault
def checkpoint_with_a_spoilt_config(scene: Scene) -> Outcome:
    return describe(scene, WHOLE | {"config.json": CONFIG[:30]})


@fault
def checkpoint_of_no_kind(scene: Scene) -> Outcome:
    return describe(scene, WHOLE | {"config.json": "{}"})


@fault
def checkpoint_not_pulled_by_git(scene: Scene) -> Outcome:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    return describe(scene, WHOLE | {"model.safetensors": pointer})


@fault
def checkpoint_whose_code_is_elsewhere(scene: Scene) -> Outcome:
    code = json.dumps({"model_type": "x", "auto_map": {"AutoModel": "some/where--model.Model"}})
    Path("ours").mkdir()
    for name, content in (WHOLE | {"config.json": code}).items():
        Path("ours", name).write_text(content, encoding="utf-8")
    flags = ["--checkpoint", "ant", "--path", "ours", "--card", "checkpoint.json"]
    return scene.script("pretrained.describe_folder", *flags, "--trust-remote-code")


def tabulate_card(scene: Scene) -> Outcome:
    Path("kappa.csv").write_text(",ant,bee\nant,1,0.5\nbee,0.5,1\n", encoding="utf-8")
    columns = "method,draw,task,k,rank,checkpoint,objective,bound,gap"
    Path("mmi.csv").write_text(f"{columns}\nmmi,0,,1,1,ant,0.1,,\n", encoding="utf-8")
    flags = ["--covariance", "kappa.csv", "--selections", "mmi.csv", "--cards", "checkpoint.json"]
    return scene.script("report.tabulate", *flags, "--tables", "checkpoints.csv")


@fault
def card_cut_short(scene: Scene) -> Outcome:
    Path("checkpoint.json").write_text('{"checkpoint": "ant", ', encoding="utf-8")
    return tabulate_card(scene)


@fault
def card_of_an_older_version(scene: Scene) -> Outcome:
    """It lacks what the card of a text checkpoint has now."""
    card = {"checkpoint": "ant", "kind": "folder", "source": "ours"}
    Path("checkpoint.json").write_text(json.dumps(card), encoding="utf-8")
    return tabulate_card(scene)


@fault
def card_that_says_no_size(scene: Scene) -> Outcome:
    Path("kappa.csv").write_text(",ant,bee\nant,1,0.5\nbee,0.5,1\n", encoding="utf-8")
    write_card(Path("checkpoint.json"), CheckpointCard("ant", "ours", "0", "bert", None, {}))
    flags = ["--covariance", "kappa.csv", "--method", "mmi", "--k", 1, "--cost", "parameters"]
    flags += ["--budget", 9, "--cards", "checkpoint.json", "--output", "picks.csv"]
    return scene.script("selection.select", *flags)
