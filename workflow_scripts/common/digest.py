"""Digests: which bytes a result was made from."""

import hashlib
from pathlib import Path


def file_digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
