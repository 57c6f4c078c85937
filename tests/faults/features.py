"""Feature files that are not what they should be."""

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tests.faults.scene import Outcome, Scene, fault
from tests.faults.tasks import evaluate
from tests.small_probe import write_probe
from tests.small_task import write_small_task
from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.fingerprint_file import read_fingerprint, write_fingerprint

NAMES = ["ant", "bee", "cat"]
# More than are looked at before the rest.
UNITS = 300


def write_features(
    scene: Scene, name: str, features: NDArray[np.float32], corpus: str = "probe"
) -> None:
    """Write features of every unit of a corpus."""
    path = scene.folder / f"{name}.safetensors"
    metadata = {"checkpoint": name, "corpus": corpus, "corpus_sha256": corpus}
    with FeatureWriter(path, *features.shape, "float32", metadata) as writer:
        writer.write(slice(None), features)


def some_features(seed: int, units: int = UNITS) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(units, 3)).astype(np.float32)


def write_zoo(scene: Scene) -> None:
    """Write the features of three checkpoints on a probe of sentences of six words."""
    write_probe(scene.folder, [6] * (UNITS // 6), "probe")
    for seed, name in enumerate(NAMES):
        write_features(scene, name, some_features(seed))


def estimate(scene: Scene, *flags: object, may_change: str = r"$^") -> Outcome:
    """Estimate the covariance from what is there."""
    given = ["--features-folder", scene.folder, "--checkpoints", *NAMES]
    given += ["--probe", "probe.units.parquet", "--convergence", "steps.csv"]
    given += ["--output", "kappa.npz"]
    return scene.script("covariance.estimate", *given, *flags, may_change=may_change)


@fault
def features_missing(scene: Scene) -> Outcome:
    write_zoo(scene)
    (scene.folder / "bee.safetensors").unlink()
    return estimate(scene)


@fault
def features_cut_short(scene: Scene) -> Outcome:
    write_zoo(scene)
    path = scene.folder / "bee.safetensors"
    path.write_bytes(path.read_bytes()[:-50])
    return estimate(scene)


@fault
def features_empty(scene: Scene) -> Outcome:
    write_zoo(scene)
    (scene.folder / "bee.safetensors").write_bytes(b"")
    return estimate(scene)


@fault
def features_with_a_spoilt_header(scene: Scene) -> Outcome:
    write_zoo(scene)
    path = scene.folder / "bee.safetensors"
    content = bytearray(path.read_bytes())
    content[20:24] = b"\xff\x00{{"
    path.write_bytes(content)
    return estimate(scene)


@fault
def features_of_another_program(scene: Scene) -> Outcome:
    write_zoo(scene)
    save_file({"embeddings": some_features(0)}, scene.folder / "bee.safetensors")
    return estimate(scene)


@fault
def features_of_an_older_version(scene: Scene) -> Outcome:
    """Without the digest that is now in the metadata."""
    write_zoo(scene)
    tensors = {"features": some_features(0), "present": np.ones(UNITS, bool)}
    save_file(tensors, scene.folder / "bee.safetensors", {"corpus_sha256": "probe"})
    return estimate(scene)


@fault
def features_with_nan(scene: Scene) -> Outcome:
    write_zoo(scene)
    features = some_features(1)
    features[5, 1] = np.nan
    write_features(scene, "bee", features)
    return estimate(scene)


@fault
def features_with_infinity(scene: Scene) -> Outcome:
    write_zoo(scene)
    features = some_features(1)
    features[UNITS - 1, 2] = -np.inf
    write_features(scene, "bee", features)
    return estimate(scene, "--estimator", "biased")


@fault
def features_of_fewer_units(scene: Scene) -> Outcome:
    write_zoo(scene)
    write_features(scene, "bee", some_features(1, UNITS - 1))
    return estimate(scene)


@fault
def features_of_another_corpus(scene: Scene) -> Outcome:
    write_zoo(scene)
    write_features(scene, "bee", some_features(1), corpus="another")
    return estimate(scene)


@fault
def features_of_other_units_than_the_probe(scene: Scene) -> Outcome:
    write_zoo(scene)
    write_probe(scene.folder, [3] * 5, "another")
    return estimate(scene)


@fault
def features_of_no_common_unit(scene: Scene) -> Outcome:
    write_zoo(scene)
    metadata = {"checkpoint": "bee", "corpus": "probe", "corpus_sha256": "probe"}
    with FeatureWriter(scene.folder / "bee.safetensors", UNITS, 3, "float32", metadata):
        pass
    return estimate(scene)


@fault
def features_that_are_constant(scene: Scene) -> Outcome:
    write_zoo(scene)
    write_features(scene, "bee", np.ones((UNITS, 3), np.float32))
    return estimate(scene)


@fault
def features_that_are_equal(scene: Scene) -> Outcome:
    """The covariance is estimated, with a note; a selection from it is not."""
    write_zoo(scene)
    write_features(scene, "bee", some_features(0))
    assert estimate(scene).status == 0
    note, _ = read_covariance(scene.folder / "kappa.npz").notes
    assert note.startswith("ant, bee see the probe alike")
    flags = ["--covariance", "kappa.npz", "--method", "mmi", "--k", 1]
    return scene.script("selection.select", *flags, "--output", "picks.csv")


@fault
def features_that_are_huge(scene: Scene) -> Outcome:
    """Their squares are beyond single precision."""
    write_zoo(scene)
    write_features(scene, "bee", 1e30 * some_features(1))
    outcome = estimate(scene)
    assert np.isfinite(read_covariance(scene.folder / "kappa.npz").values).all()
    return outcome


@fault
def sums_that_are_spoilt(scene: Scene) -> Outcome:
    """What is kept from one estimate for the next is made anew."""
    write_zoo(scene)
    (scene.folder / "sums.npz").write_bytes(b"PK\x03\x04 half a file")
    return estimate(scene, "--sums", "sums.npz", "--code", "digest")


def change_in_place(scene: Scene, name: str) -> None:
    """Change one feature, where it lies in the file."""
    path = scene.folder / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[8 + int.from_bytes(content[:8], "little")] ^= 1
    path.write_bytes(content)


@fault
def features_changed_in_place(scene: Scene) -> Outcome:
    """Sums of the features as they were are kept from before."""
    write_zoo(scene)
    assert estimate(scene, "--sums", "sums.npz", "--code", "digest").status == 0
    change_in_place(scene, "bee")
    return estimate(scene, "--sums", "sums.npz", "--code", "digest")


@fault
def features_of_a_task_changed_in_place(scene: Scene) -> Outcome:
    """Fits of the features as they were are kept from before."""
    write_small_task(scene.folder)
    assert evaluate(scene, "--singles", "--fits", "fits.csv", "--code", "digest").status == 0
    change_in_place(scene, "bee")
    return evaluate(scene, "--singles", "--fits", "fits.csv", "--code", "digest")


@fault
def quality_of_features_with_nan(scene: Scene) -> Outcome:
    """It is scored while the covariance is estimated."""
    write_zoo(scene)
    features = some_features(1)
    features[5, 1] = np.nan
    write_features(scene, "bee", features)
    flags = ["--features-folder", scene.folder, "--checkpoints", *NAMES]
    return scene.script("covariance.score_quality", *flags, "--output", "quality.csv")


@fault
def fingerprint_of_features_with_nan(scene: Scene) -> Outcome:
    features = some_features(1)
    features[5, 1] = np.nan
    write_features(scene, "bee", features)
    flags = ["--features", "bee.safetensors", "--output", "bee.npz"]
    return scene.script("covariance.fingerprint", *flags)


def fingerprints(scene: Scene) -> None:
    """Write two stretches of the fingerprint of each checkpoint."""
    (scene.folder / "prints").mkdir(exist_ok=True)
    for name in NAMES:
        for first in (0, 64):
            flags = ["--features", f"{name}.safetensors", "--pairs", 64, "--first", first]
            flags += ["--output", f"prints/{name}-{first}.npz"]
            assert scene.script("covariance.fingerprint", *flags).status == 0


def merge(scene: Scene) -> Outcome:
    """Merge them into a covariance."""
    flags = ["--fingerprints", "prints", "--output", "zoo.npz"]
    return scene.script("covariance.merge_fingerprints", *flags)


@fault
def fingerprints_of_different_features(scene: Scene) -> Outcome:
    """The second stretch is of features that were extracted again."""
    write_zoo(scene)
    fingerprints(scene)
    first = (scene.folder / "prints/bee-0.npz").read_bytes()
    write_features(scene, "bee", some_features(9))
    fingerprints(scene)
    (scene.folder / "prints/bee-0.npz").write_bytes(first)
    return merge(scene)


@fault
def fingerprint_with_infinity(scene: Scene) -> Outcome:
    write_zoo(scene)
    fingerprints(scene)
    path = scene.folder / "prints/bee-64.npz"
    fingerprint = read_fingerprint(path)
    fingerprint.values[3] = np.inf
    write_fingerprint(path, fingerprint)
    return merge(scene)


@fault
def fingerprint_without_a_digest(scene: Scene) -> Outcome:
    """Of an older version."""
    write_zoo(scene)
    fingerprints(scene)
    path = scene.folder / "prints/bee-64.npz"
    parts = vars(read_fingerprint(path))
    del parts["features"]
    np.savez(path, **parts)
    return merge(scene)
