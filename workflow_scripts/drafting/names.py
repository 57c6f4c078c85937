"""Names of zoos, checkpoints and tasks: those that may be, and those made of paths."""

import re
from collections.abc import Collection
from itertools import count

from pydantic import TypeAdapter, ValidationError

from workflow_scripts.common.checkpoint_names import CheckpointName
from workflow_scripts.common.script import UserError
from workflow_scripts.common.settings import Name

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
