"""Which packages are installed, and in which versions."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from workflow_scripts.common import packages
from workflow_scripts.common.packages import (
    deciding_packages,
    installed_versions,
    missing_packages,
    pinned_versions,
)

ROOT = Path(__file__).parents[1]


def test_missing_packages_are_named(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# Pins.\nnumpy==0.1  # arrays\nno-such-thing==1.0  # nothing\n")
    assert missing_packages(requirements) == ["no-such-thing"]
    assert missing_packages() == []


def test_versions_are_those_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = installed_versions()
    assert list(found) == deciding_packages()
    assert found["scikit-learn"] == version("scikit-learn")
    monkeypatch.setattr(packages, "deciding_packages", lambda: ["no-such-thing", "numpy"])
    assert installed_versions() == {"numpy": version("numpy")}


def test_jobs_in_conda_have_the_pinned_versions() -> None:
    """They decide results as the same versions do that are installed from requirements.txt."""
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", requirements, re.MULTILINE))
    found = pinned_versions(ROOT / "envs/taskspace.yaml")
    assert found == {name: pins[name] for name in deciding_packages()}
    assert {"torch", "vl-convert-python"} <= found.keys()
    assert found.keys().isdisjoint({"python", "tqdm"})
