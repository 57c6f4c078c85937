"""What an answer may be: names, files and folders that are there, and settings."""

import re
from collections.abc import Callable, Collection, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workflow_scripts.common.checkpoint_names import CheckpointName
from workflow_scripts.common.script import UserError
from workflow_scripts.common.settings import Model, Name

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_CHECKPOINT_NAME: TypeAdapter[str] = TypeAdapter(CheckpointName)


def checked_name(text: str) -> str:
    """A text that may be a name.

    Raises:
        UserError: if it may not.
    """
    try:
        return _NAME.validate_python(text)
    except ValidationError as error:
        raise UserError(
            f"{text!r} cannot be a name; use letters, digits, '_', '-' and '.', beginning with a "
            "letter or digit"
        ) from error


def checked_checkpoint_name(text: str) -> str:
    """A text that may be the name of a checkpoint, which names of files need not be.

    Raises:
        UserError: if it may not.
    """
    try:
        return _CHECKPOINT_NAME.validate_python(text)
    except ValidationError as error:
        raise UserError(
            f"{text!r} cannot be the name of a checkpoint; leave out '+' and '*', '-' in front, "
            "and blanks at its ends"
        ) from error


def as_name(text: str, taken: Collection[str]) -> str:
    """The name that is nearest to a text and not taken."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).lstrip("-_.") or "unnamed"
    numbered = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(one for one in numbered if one not in taken)


def named_file(text: str, meant: str) -> Path:
    """A file that is there; ``~`` is the home folder.

    Args:
        meant: what to do, for the sentence on a mistake.

    Raises:
        UserError: if there is none.
    """
    path = Path(text).expanduser()
    if path.is_dir():
        raise UserError(f"{text} is a folder; {meant}")
    if not path.is_file():
        raise UserError(f"there is no file {text}; {meant}")
    return path


def named_folder(text: str, meant: str) -> Path:
    """A folder that is there; ``~`` is the home folder.

    Args:
        meant: what to do, for the sentence on a mistake.

    Raises:
        UserError: if there is none.
    """
    path = Path(text).expanduser()
    if path.is_file():
        raise UserError(f"{text} is a file; {meant}")
    if not path.is_dir():
        raise UserError(f"there is no folder {text}; {meant}")
    return path


def settings_of(model: type[Model], given: Mapping[str, Any], meant: str = "") -> Model:
    """The settings in a mapping of texts.

    Args:
        meant: what the answer may be, for the sentence on a mistake.

    Raises:
        UserError: with the first mistake.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        what = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        if first["type"] == "string_pattern_mismatch":
            what = f"{first['input']!r} cannot be one"
        raise UserError("; ".join(filter(None, [f"{key}: {what}", meant]))) from error


def one_of(allowed: Collection[str]) -> Callable[[str], str]:
    """A check for one of some words."""

    def checked(text: str) -> str:
        if text not in allowed:
            raise UserError(f"choose {' or '.join(allowed)}, not {text!r}")
        return text

    return checked


def from_least(what: str, least: int) -> Callable[[str], int]:
    """A check for a whole number from some least one upwards."""

    def checked(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise UserError(f"{what}: {text!r} is no number from {least} upwards")
        return int(text)

    return checked


def counted(count: int, one: str, several: str = "") -> str:
    """A number and what it counts.

    Args:
        one: the word for one thing.
        several: for several; default: with an s behind.
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"
