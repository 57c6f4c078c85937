"""The packages that a run needs: whether they are installed, and which versions decide results.

Rules ask this before they import anything else, so it needs nothing but the standard library.
"""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"

# Results are the same with any version of these: they start jobs, fetch files that are checked,
# check settings, lock, show progress, or read and write files that hold the same values.
_DECIDE_NOTHING = {
    "filelock",
    "httpx2",
    "huggingface-hub",
    "protobuf",
    "pyarrow",
    "pydantic",
    "pygments",
    "pyyaml",
    "safetensors",
    "snakemake",
    "snakemake-executor-plugin-slurm",
    "threadpoolctl",
    "tqdm",
}

# Packages that are imported by another name than they are installed by.
_INSTALLED_AS = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "vl_convert": "vl-convert-python",
    "yaml": "pyyaml",
}

# Packages that others work through, without an import here: tokenizers and image processors.
_WORKS_THROUGH = {
    "transformers": ["pillow", "sacremoses", "sentencepiece", "tokenizers", "torchvision"],
}


def missing_packages(requirements: Path = REQUIREMENTS) -> list[str]:
    """The names in a requirements file that are not installed, whatever the version."""
    return [name for name in _required(requirements) if _installed(name) is None]


def deciding_packages() -> list[str]:
    """The packages that the workflow requires and whose versions may change a result, sorted."""
    return sorted(set(_required(REQUIREMENTS)) - _DECIDE_NOTHING)


def installed_versions() -> dict[str, str]:
    """The versions of these packages in the environment of this process, as far as it has them."""
    found = {name: _installed(name) for name in deciding_packages()}
    return {name: version for name, version in found.items() if version is not None}


def pinned_versions(pins: Path) -> dict[str, str]:
    """The versions of these packages that a file with lines such as ``numpy==2.4.6`` names."""
    found = dict(re.findall(r"([\w.-]+)==([^\s#]+)", pins.read_text(encoding="utf-8")))
    return {name: found[name] for name in deciding_packages() if name in found}


def packages_behind(imported: str) -> list[str]:
    """The packages that code uses where it imports a name.

    Args:
        imported: the first part of the name in the statement, such as ``"PIL"``.

    Returns:
        The names of packages as they are installed: the one that is imported, and those that it
        works through.
    """
    own = _INSTALLED_AS.get(imported, imported.replace("_", "-"))
    return [own, *_WORKS_THROUGH.get(own, [])]


def _required(requirements: Path) -> list[str]:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return [found[0] for line in lines if (found := re.match(r"[\w.-]+", line))]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
