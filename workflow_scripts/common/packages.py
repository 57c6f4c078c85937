"""Whether the packages that a run needs are installed.

Rules ask this before they import anything else, so it needs nothing but the standard library.
"""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def missing_packages(requirements: Path) -> list[str]:
    """The names in a requirements file that are not installed, whatever the version."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    names = [found[0] for line in lines if (found := re.match(r"[\w.-]+", line))]
    return [name for name in names if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
