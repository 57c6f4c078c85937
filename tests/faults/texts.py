"""Probes of text that say little."""

from pathlib import Path

from tests.faults.features import NAMES, some_features, write_features
from tests.faults.scene import Outcome, Scene, fault
from workflow_scripts.common.digest import file_digest


def write_probe(scene: Scene, content: bytes, *flags: object) -> Outcome:
    Path("mine.txt").write_bytes(content)
    return read_probe(scene, "mine.txt", *flags)


def read_probe(scene: Scene, name: str, *flags: object) -> Outcome:
    """Write the probe of a file of sentences."""
    given = ["--read", "sentences", name, "--output", "probe.txt"]
    given += ["--units", "probe.units.parquet"]
    return scene.script("kinds.text.write_corpus", *given, *flags)


@fault
def probe_that_is_empty(scene: Scene) -> Outcome:
    return write_probe(scene, b"")


@fault
def probe_of_blanks(scene: Scene) -> Outcome:
    return write_probe(scene, b"  \n\n \n")


@fault
def probe_of_short_sentences(scene: Scene) -> Outcome:
    return write_probe(scene, b"a b c\n", "--min-words", 10)


@fault
def probe_not_in_utf8(scene: Scene) -> Outcome:
    return write_probe(scene, "die Straße\n".encode("latin-1"))


@fault
def probe_in_utf16(scene: Scene) -> Outcome:
    return write_probe(scene, "die Straße\n".encode("utf-16"))


@fault
def probe_with_null_bytes(scene: Scene) -> Outcome:
    return write_probe(scene, b"a b\0 c d\n")


@fault
def probe_with_a_byte_order_mark(scene: Scene) -> Outcome:
    outcome = write_probe(scene, b"\xef\xbb\xbfa b\r\nc d\r\n")
    assert Path("probe.txt").read_bytes() == b"a b\nc d\n"
    return outcome


@fault
def probe_that_is_a_folder(scene: Scene) -> Outcome:
    Path("mine").mkdir()
    return read_probe(scene, "mine")


def estimate_on(scene: Scene, text: str, *names: str) -> Outcome:
    """Estimate the covariance from features on a probe of this text."""
    assert write_probe(scene, text.encode()).status == 0
    for seed, name in enumerate(NAMES):
        units = len(text.split())
        write_features(scene, name, some_features(seed, units), file_digest(Path("probe.txt")))
    flags = ["--features-folder", scene.folder, "--probe", "probe.units.parquet"]
    flags += ["--convergence", "steps.csv", "--output", "kappa.npz"]
    return scene.script("covariance.estimate", *flags, "--checkpoints", *names)


def resample(scene: Scene) -> Outcome:
    """Resample the probe of the covariance that was estimated."""
    flags = ["--features-folder", scene.folder, "--covariance", "kappa.npz"]
    flags += ["--probe", "probe.units.parquet", "--output", "replicates.npz"]
    return scene.script("covariance.resample", *flags)


@fault
def probe_of_one_sentence(scene: Scene) -> Outcome:
    """Words of one sentence give a covariance; they cannot be shared out to see how sure it is."""
    return estimate_on(scene, "one sentence of six words .\n", *NAMES)


@fault
def halves_of_one_sentence(scene: Scene) -> Outcome:
    assert probe_of_one_sentence(scene).status == 0
    return resample(scene)


@fault
def halves_of_one_checkpoint(scene: Scene) -> Outcome:
    assert estimate_on(scene, "one two three .\n" * 9, NAMES[0]).status == 0
    return resample(scene)


@fault
def probe_of_three_words(scene: Scene) -> Outcome:
    return estimate_on(scene, "three words .\n", *NAMES)
