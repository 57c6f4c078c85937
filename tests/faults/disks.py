"""Disks that are full, and folders that nobody may write to."""

import errno
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.faults.covariances import KAPPA, NAMES, select
from tests.faults.features import UNITS, estimate, some_features, write_zoo
from tests.faults.scene import Outcome, Scene, fault
from tests.faults.tasks import evaluate, read
from tests.faults.texts import write_probe
from tests.small_task import write_small_task
from workflow_scripts.common.feature_file import FeatureWriter

FULL = Path("/dev/full")
NOBODY = 65534


def fill_up(name: str) -> None:
    """Let what is written to the temporary file of an output meet a full disk.

    The kernel's own: /dev/full takes no byte.
    """
    if not FULL.exists():
        pytest.skip("there is no /dev/full here")
    target = Path(name)
    target.write_text("of an earlier run", encoding="utf-8")
    target.with_name(f".{target.stem}.part{target.suffix}").symlink_to(FULL)


@fault
def disk_full_at_a_table(scene: Scene) -> Outcome:
    fill_up("picks.csv")
    return select(scene)


@fault
def disk_full_at_a_covariance(scene: Scene) -> Outcome:
    """How it converges is written before."""
    write_zoo(scene)
    fill_up("kappa.npz")
    return estimate(scene, may_change=r"steps\.csv")


@fault
def disk_full_at_sums(scene: Scene) -> Outcome:
    write_zoo(scene)
    fill_up("sums.npz")
    return estimate(scene, "--sums", "sums.npz", "--code", "digest")


@fault
def disk_full_at_text(scene: Scene) -> Outcome:
    fill_up("probe.txt")
    return write_probe(scene, b"a b c\n" * 10_000)


@fault
def disk_full_at_a_task(scene: Scene) -> Outcome:
    fill_up("tags.parquet")
    return read(scene, "rain\tNOUN\nfalls\tVERB\n" * 20)


@fault
def disk_full_at_scores(scene: Scene) -> Outcome:
    write_small_task(scene.folder)
    fill_up("scores.csv")
    return evaluate(scene)


def refuse(scene: Scene, function: str, number: int) -> None:
    """Make a function of the system fail with an error that is made up."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    scene.patch.setattr(os, function, fail, raising=False)


@fault
def disk_full_at_kept_fits(scene: Scene) -> Outcome:
    """They grow line by line, in place; lines that are there stay."""
    write_small_task(scene.folder)
    Path("fits.csv").write_text("0123456789abcdef,0.5,0.5,3\n", encoding="utf-8")
    refuse(scene, "fsync", errno.ENOSPC)
    outcome = evaluate(
        scene, "--singles", "--fits", "fits.csv", "--code", "digest", may_change="fits.csv"
    )
    assert Path("fits.csv").read_text(encoding="utf-8").startswith("0123456789abcdef,0.5,0.5,3\n")
    return outcome


def copy_features(argv: object = None) -> None:
    """What a script that extracts features does at its end."""
    metadata = {"checkpoint": "ant", "corpus": "probe", "corpus_sha256": "probe"}
    with FeatureWriter(Path("ant.safetensors"), UNITS, 3, "float32", metadata) as writer:
        writer.write(slice(None), some_features(0))


@fault
def disk_full_at_features(scene: Scene) -> Outcome:
    """Their space is set aside first; the error is made up, for /dev/full has none to set aside."""
    refuse(scene, "posix_fallocate", errno.ENOSPC)
    write_features_before(scene)
    return scene.call(copy_features)


def write_features_before(scene: Scene) -> None:
    Path("ant.safetensors").write_bytes(b"of an earlier run")


@fault
def quota_used_up(scene: Scene) -> Outcome:
    """The error is made up: there is no quota to exceed here."""
    refuse(scene, "posix_fallocate", errno.EDQUOT)
    write_features_before(scene)
    return scene.call(copy_features)


@fault
def file_larger_than_allowed(scene: Scene) -> Outcome:
    """The system's own limit (ulimit -f), for a moment."""
    write_features_before(scene)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        return scene.call(copy_features)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def import_selection(scene: Scene) -> None:
    """All modules that a selection needs, which nobody may not be allowed to read."""
    assert select(scene).status == 0


@contextmanager
def protected_folder() -> Iterator[Path]:
    """A folder where this process may read and not write, root or not."""
    folder = Path(tempfile.mkdtemp())
    as_root = os.geteuid() == 0
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if as_root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


@fault
def results_folder_that_is_protected(scene: Scene) -> Outcome:
    """By its mode; root, who need not heed it, is nobody for a moment."""
    import_selection(scene)
    with protected_folder() as folder:
        np.save(folder / "kappa.npy", KAPPA)
        (folder / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
        (folder / "picks.csv").write_text("of an earlier run", encoding="utf-8")
        for path in folder.iterdir():
            path.chmod(0o644)
        flags = ["--covariance", folder / "kappa.npy", "--names", folder / "names.txt"]
        flags += ["--method", "mmi", "--k", 2, "--output", folder / "picks.csv"]
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        else:
            folder.chmod(0o555)
        return replace(scene, folder=folder).script("selection.select", *flags)


@fault
def results_folder_that_cannot_be_made(scene: Scene) -> Outcome:
    """A file has its name."""
    Path("selections").write_text("not a folder", encoding="utf-8")
    np.save("kappa.npy", KAPPA)
    Path("names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    flags = ["--covariance", "kappa.npy", "--names", "names.txt", "--method", "mmi", "--k", 2]
    return scene.script("selection.select", *flags, "--output", "selections/mmi.csv")


@fault
def disk_that_can_only_be_read(scene: Scene) -> Outcome:
    """The error is made up: mounting a disk so needs rights that tests may not have."""

    def read_only(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    scene.patch.setattr(Path, "mkdir", read_only)
    return select(scene)


@fault
def covariance_that_may_not_be_read(scene: Scene) -> Outcome:
    import_selection(scene)
    with protected_folder() as folder:
        np.savez(folder / "kappa.npz", values=KAPPA)
        (folder / "kappa.npz").chmod(0o000)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        flags = ["--covariance", folder / "kappa.npz", "--method", "mmi", "--k", 2]
        # Without a look at the folder of the test, which nobody may not enter either.
        nowhere = replace(scene, folder=Path(os.devnull))
        return nowhere.script("selection.select", *flags, "--output", "picks.csv")


@fault
def file_that_is_a_folder(scene: Scene) -> Outcome:
    Path("names").mkdir()
    flags = ["--names", "names", "--method", "random", "--k", 2, "--output", "picks.csv"]
    return scene.script("selection.select", *flags)


@fault
def name_too_long_for_the_disk(scene: Scene) -> Outcome:
    np.save("kappa.npy", KAPPA)
    Path("names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    flags = ["--covariance", "kappa.npy", "--names", "names.txt", "--method", "mmi", "--k", 2]
    return scene.script("selection.select", *flags, "--output", "a" * 300 + ".csv")
