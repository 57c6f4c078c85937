"""Probes of text that say little."""

from pathlib import Path

from tests.faults.features import NAMES, some_features, write_features
from tests.faults.scene import Outcome, Scene, fault


def write_probe(scene: Scene, content: bytes, *flags: object) -> Outcome:
    Path("mine.txt").write_bytes(content)
    return scene.script("data.write_probe", "--text", "mine.txt", "--output", "probe.txt", *flags)


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
    return scene.script("data.write_probe", "--text", "mine", "--output", "probe.txt")


def estimate_on(scene: Scene, text: str, script: str, *flags: object) -> Outcome:
    """Run a script on the features of a probe of this text."""
    from workflow_scripts.common.digest import file_digest

    Path("probe.txt").write_text(text, encoding="utf-8")
    for seed, name in enumerate(NAMES):
        units = len(text.split())
        write_features(scene, name, some_features(seed, units), file_digest(Path("probe.txt")))
    given = ["--features-folder", scene.folder]
    return scene.script(script, *given, *flags)


@fault
def probe_of_one_sentence(scene: Scene) -> Outcome:
    """Words of one sentence give a covariance; they cannot be shared out to see how sure it is."""
    names = ["--checkpoints", *NAMES, "--output", "kappa.npz"]
    return estimate_on(scene, "one sentence of six words .\n", "covariance.estimate", *names)


@fault
def halves_of_one_sentence(scene: Scene) -> Outcome:
    assert probe_of_one_sentence(scene).status == 0
    flags = ["--features-folder", scene.folder, "--covariance", "kappa.npz"]
    flags += ["--corpus", "probe.txt", "--output", "replicates.npz"]
    return scene.script("covariance.resample", *flags)


@fault
def halves_of_one_checkpoint(scene: Scene) -> Outcome:
    names = ["--checkpoints", NAMES[0], "--output", "kappa.npz"]
    sentences = "one two three .\n" * 9
    assert estimate_on(scene, sentences, "covariance.estimate", *names).status == 0
    flags = ["--features-folder", scene.folder, "--covariance", "kappa.npz"]
    flags += ["--corpus", "probe.txt", "--output", "replicates.npz"]
    return scene.script("covariance.resample", *flags)


@fault
def probe_of_three_words(scene: Scene) -> Outcome:
    names = ["--checkpoints", *NAMES, "--output", "kappa.npz"]
    return estimate_on(scene, "three words .\n", "covariance.estimate", *names)
