"""What a job says of itself: its facts where it is done, its log where it failed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workflow_scripts.common.facts import SUFFIX, read_facts

# The sentence of a UserError, and of argparse, which puts the script's name before it.
_SENTENCE = re.compile(r"^(?:[\w. -]+: )?error: (.+)$")
_TRACEBACK = "Traceback (most recent call last):"
# Bars of tqdm, and of a traceback the lines that only underline, and how Python starts a module.
_USELESS = re.compile(r"\d+%\|.*\||^[\s^~]*$|<frozen runpy>")
_TAIL = 8

Kind = Literal["told", "bug", "silent"]


@dataclass(frozen=True)
class Failure:
    """Why a job failed, by its log.

    Attributes:
        kind: ``told`` where the script says it in a sentence, ``bug`` where Python does in a
            traceback, ``silent`` where nothing does, as in a job that is killed.
        sentence: what it says; empty where nothing does.
        tail: the last lines that tell something, unless the sentence does.
    """

    kind: Kind
    sentence: str
    tail: list[str]


def read_log(paths: list[str]) -> str:
    """The text of a job's logs; nothing where one cannot be read, as on a slow file system."""
    texts = []
    for path in map(Path, paths):
        try:
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return "\n".join(texts)


def findings_of(outputs: Iterable[str]) -> str:
    """What a job says that it found, in one line; empty if it says nothing.

    Args:
        outputs: paths of the job's, with its facts among them.
    """
    return "; ".join(
        text for path in outputs if path.endswith(SUFFIX) for text in read_facts(Path(path)).found
    )


def failure_in(text: str) -> Failure:
    """Why a job failed: its last sentence on it, or else the end of its log."""
    lines = [line.rstrip() for line in text.splitlines() if not _USELESS.search(line)]
    tail = lines[-_TAIL:]
    for number in range(len(lines) - 1, -1, -1):
        if sentence := _SENTENCE.match(lines[number]):
            return Failure("told", sentence[1], [])
        if lines[number].strip() == _TRACEBACK:
            return Failure("bug", _exception(lines[number + 1 :]), tail)
    return Failure("silent", "", tail)


def _exception(lines: list[str]) -> str:
    """The exception of a traceback: the first line behind the calls, which are indented."""
    return next((line for line in lines if not line.startswith(" ")), "")
