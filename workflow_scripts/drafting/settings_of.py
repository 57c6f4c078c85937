"""Settings from texts: the config's own models say what is wrong with an answer."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from workflow_scripts.common.script import UserError
from workflow_scripts.common.settings import Model


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
