"""Mistakes in the configuration, beside the wrong type of every field and the unknown key of every
block, which tests/test_config.py has."""

import hashlib
import re
from types import SimpleNamespace
from typing import Any

import yaml

from tests.faults.scene import Outcome, Scene, fault
from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.config.config import ConfigError, read_config, repeated_keys


def zoo(**changes: Any) -> dict[str, Any]:
    """A zoo of two folders, with other values of some keys."""
    return {
        "modality": "text",
        "checkpoints": {name: {"kind": "folder", "path": name} for name in ("ant", "bee")},
        "probe": {"source": "text", "file": "probe.txt"},
        "selection": {"sizes": [1, 2], "methods": {"mmi": None}},
    } | changes


def refused(text: str) -> Outcome:
    """What rules/common.smk says of a config."""
    try:
        if repeated := repeated_keys(text):
            raise ConfigError([f"mine.yaml, {line}" for line in repeated])
        read_config(yaml.safe_load(text))
    except ConfigError as error:
        return Outcome(1, [f"config error: {line}" for line in error.lines])
    return Outcome(0, [])


def refused_zoo(**changes: Any) -> Outcome:
    return refused(yaml.safe_dump({"zoos": {"mine": zoo(**changes)}}, allow_unicode=True))


def with_methods(**methods: Any) -> Outcome:
    return refused_zoo(selection={"sizes": [1, 2], "methods": methods})


def with_checkpoints(*names: str) -> Outcome:
    return refused_zoo(
        checkpoints={
            name: {"kind": "folder", "path": f"models/{i}"} for i, name in enumerate(names)
        }
    )


@fault
def config_with_a_repeated_key(scene: Scene) -> Outcome:
    return refused("zoos:\n  a: {}\n  b: {}\n  a: {}\n")


@fault
def config_without_zoos(scene: Scene) -> Outcome:
    return refused("zoos: {}\n")


@fault
def config_with_a_misspelt_key(scene: Scene) -> Outcome:
    return refused_zoo(convergance=[10])


@fault
def config_with_a_number_in_quotes(scene: Scene) -> Outcome:
    return refused_zoo(seed="3")


@fault
def config_with_yaml_that_is_no_number(scene: Scene) -> Outcome:
    return refused_zoo(selection={"sizes": [1], "methods": {"mmi": None}, "jitter": "1e-6"})


@fault
def config_of_more_picks_than_checkpoints(scene: Scene) -> Outcome:
    return refused_zoo(selection={"sizes": [3], "methods": {"mmi": None}})


@fault
def config_of_an_unknown_method(scene: Scene) -> Outcome:
    return with_methods(best={"method": "magic"})


@fault
def config_that_picks_an_unknown_checkpoint(scene: Scene) -> Outcome:
    return with_methods(single={"picks": ["cat"]})


@fault
def config_that_peeks_at_an_unknown_task(scene: Scene) -> Outcome:
    return with_methods(peek={"task": "pos"})


@fault
def config_of_one_checkpoint(scene: Scene) -> Outcome:
    return with_checkpoints("ant")


@fault
def config_of_odd_checkpoint_names(scene: Scene) -> Outcome:
    odd = [
        "google/bert_uncased_L-2",
        "bert base (ünïcode)",
        "../x",
        "a.b",
        "01",
        "$(x)`;'\"$",
        "名",
    ]
    names = [file_name(one) for one in odd]
    assert len(set(names)) == len(odd)
    assert all(re.fullmatch(r"[\w.-]+(~[0-9a-f]{8})?", one, re.ASCII) for one in names)
    assert not any(one.startswith((".", "-")) for one in names)
    return with_checkpoints(*odd)


@fault
def config_of_a_checkpoint_name_with_a_plus(scene: Scene) -> Outcome:
    return with_checkpoints("ant+bee", "cat")


@fault
def config_of_a_checkpoint_name_like_a_flag(scene: Scene) -> Outcome:
    return with_checkpoints("--output", "cat")


@fault
def config_of_a_checkpoint_name_of_two_lines(scene: Scene) -> Outcome:
    return with_checkpoints("ant\nbee", "cat")


@fault
def config_of_checkpoint_names_with_the_same_files(scene: Scene) -> Outcome:
    """Their digests begin alike; here all do, for there is no such pair at hand."""
    scene.patch.setattr(hashlib, "sha256", lambda _: SimpleNamespace(hexdigest=lambda: "0" * 64))
    return with_checkpoints("same/files", "same files")


@fault
def config_of_a_path_with_braces(scene: Scene) -> Outcome:
    return refused_zoo(probe={"source": "text", "file": "texts/{mine}.txt"})
