"""The names of checkpoints, and the names of their files.

Names of models hold slashes, blanks and letters of all scripts: ``google/bert_uncased_L-2``.
Tables, figures and flags have them as they are; only the names of files and folders are made from
them, here and nowhere else.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Of a name that is not plain, before its digest.
_READABLE = 60

# No '+', which joins the names of a set; neither blanks at the ends nor line feeds, which lists of
# names do not keep; no '-' in front, which begins a flag; and not '*', which means all.
CheckpointName = Annotated[
    str,
    Field(
        pattern=r"^[^\s+*\x00-\x1f\x7f-]([^+\x00-\x1f\x7f]*[^\s+\x00-\x1f\x7f])?$", max_length=200
    ),
]


@cache
def file_name(checkpoint: str) -> str:
    """What the files and folders of a checkpoint are called.

    A plain name stays as it is. Of others it is what can be read of them, a ``~``, which no plain
    name has, and the beginning of their sha256, so that different names have different files.
    """
    if _PLAIN.fullmatch(checkpoint):
        return checkpoint
    readable = re.sub(r"[^A-Za-z0-9_.]+", "-", checkpoint).strip("-._")[:_READABLE]
    digest = hashlib.sha256(checkpoint.encode()).hexdigest()[:8]
    return f"{readable or 'checkpoint'}~{digest}"


def feature_path(folder: Path, checkpoint: str) -> Path:
    """The file of a checkpoint's features, in the folder of a corpus."""
    return folder / f"{file_name(checkpoint)}.safetensors"


def shared_file_name(checkpoints: Iterable[str]) -> tuple[str, str] | None:
    """Two names whose files would be the same, or ``None`` if there are none."""
    seen: dict[str, str] = {}
    for name in checkpoints:
        other = seen.setdefault(file_name(name), name)
        if other != name:
            return other, name
    return None
