"""Which formats of labelled files a file could be in."""

from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.formats.formats import FORMATS

# The strictest first: a file in one of them could often be read as one of those behind it, too.
_BY_STRICTNESS = (
    "factuality",
    "trees",
    "conllu",
    "conllx",
    "conll2003",
    "conll2000",
    "ged",
    "tagged",
)


def possible_formats(path: Path) -> list[str]:
    """The formats that a file can be read in from its first line to its last, likeliest first."""
    return [form for form in _BY_STRICTNESS if _reads(path, form)]


def _reads(path: Path, form: str) -> bool:
    try:
        for _ in FORMATS[form].words(path):
            pass
    except UserError:
        return False
    return True
