"""Language models that cannot read a sentence, or only some."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.faults.scene import Outcome, Scene, fault
from tests.text_families import write_checkpoint, write_tokenizer
from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.feature_file import open_features


def extract(scene: Scene, family: str, *flags: str, **values: Any) -> Outcome:
    """Extract the features of a tiny checkpoint of a family, whose configuration has ``values``."""
    write_tokenizer(Path("tokenizer"))
    write_checkpoint(family, Path("tokenizer"), Path("ant"), **values)
    reading = {"folder": "ant", "trust_remote_code": False}
    card = CheckpointCard("ant", "ant", "4f2", "bert", None, {}, reading=reading)
    write_card(Path("ant.json"), card)
    Path("probe.txt").write_text(f"a\nthe first day\n{'week ' * 400}\n", encoding="utf-8")
    given = ["--corpus", "probe.txt", "--card", "ant.json", "--output", "ant.safetensors"]
    return scene.script("kinds.text.extract_words", *given, "--device", "cpu", *flags)


@fault
def network_that_hears(scene: Scene) -> Outcome:
    return extract(scene, "whisper")


@fault
def network_too_short_for_a_sentence(scene: Scene) -> Outcome:
    """Its configuration says a larger number of positions than it has."""
    return extract(scene, "canine", num_hash_buckets=300)


@fault
def network_that_pads_badly(scene: Scene) -> Outcome:
    outcome = extract(scene, "fnet")
    assert np.isfinite(open_features(Path("ant.safetensors")).features).all()
    return outcome


@fault
def layer_that_joins_tokens(scene: Scene) -> Outcome:
    return extract(scene, "funnel", "--layer", "2")
