"""Settings: pydantic models that are read from the config and passed to scripts as flags."""

import argparse
import json
from collections.abc import Container, Iterable
from typing import Annotated, Any, Literal, TypeVar, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from workflow_scripts.common.script import UserError

# Names that become files and folders.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _without_braces(path: str) -> str:
    if "{" in path or "}" in path:
        raise ValueError(
            f"{path!r} holds braces, which Snakemake takes for wildcards; rename the file or folder"
        )
    return path


# A share of something that leaves a part on both sides.
Fraction = Annotated[float, Field(gt=0, lt=1)]

# A file or folder of the user's, which is an input of a rule.
UserPath = Annotated[str, AfterValidator(_without_braces)]


def _all_different(values: list[Any]) -> list[Any]:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"names {twice[0]!r} more than once")
    return values


# Marks a list whose items must differ: Annotated[list[int], AllDifferent].
AllDifferent = AfterValidator(_all_different)


class Settings(BaseModel):
    """Base of every config block: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FeatureSettings(Settings):
    """How features are stored."""

    dtype: Literal["float32", "float16"] = Field("float32", description="of the stored features")


Model = TypeVar("Model", bound=Settings)


def to_flags(settings: Settings, exclude: set[str] | None = None) -> list[str]:
    """The command-line flags that :func:`from_flags` turns back into the same settings.

    ``None`` is said by leaving the flag out, as is a mapping without keys; other mappings are JSON.
    ``exclude`` names fields that are no flags.
    """
    flags: list[str] = []
    for name, value in settings.model_dump(exclude=exclude).items():
        if value is None or value == {}:
            continue
        flags.append(_flag(name))
        if isinstance(value, dict):
            # Sorted, so that the order of keys in the config is no matter.
            flags.append(json.dumps(value, sort_keys=True))
            continue
        flags.extend(str(item) for item in (value if isinstance(value, list) else [value]))
    return flags


def add_flags(
    parser: argparse.ArgumentParser, *models: type[Settings], skip: Container[str] = ()
) -> None:
    """Add a flag for each field of the models; a field that several models share is added once.

    ``skip`` names fields that get no flag.
    """
    owners: dict[str, list[type[Settings]]] = {}
    for model in models:
        for name in [field for field in model.model_fields if field not in skip]:
            owners.setdefault(name, []).append(model)
    for name, having in owners.items():
        mapping = any(_is_kind(model, name, dict) for model in having)
        parser.add_argument(
            _flag(name),
            default=argparse.SUPPRESS,
            nargs="*" if any(_is_kind(model, name, list) for model in having) else None,
            metavar="JSON" if mapping else name.upper(),
            help="; ".join(dict.fromkeys(_help(model, name) for model in having)),
        )


def from_flags(
    model: type[Model], arguments: argparse.Namespace, others: Iterable[type[Settings]] = ()
) -> Model:
    """The settings given by parsed flags.

    Args:
        others: models whose flags were added too, and which are not meant here.

    Raises:
        UserError: naming the flag whose value is not allowed, or which belongs to another model.
    """
    foreign = {name for other in others for name in other.model_fields} - model.model_fields.keys()
    for name in sorted(foreign & vars(arguments).keys()):
        raise UserError(
            f"{_flag(name)}: {model.__name__.removesuffix('Settings')} has no such flag"
        )
    given = {
        name: _from_json(name, value) if _is_kind(model, name, dict) else value
        for name, value in vars(arguments).items()
        if name in model.model_fields
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = _flag(str(first["loc"][0])) if first["loc"] else model.__name__
        raise UserError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _is_kind(model: type[Settings], name: str, kind: type) -> bool:
    return get_origin(model.model_fields[name].annotation) is kind


def _from_json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UserError(f"{_flag(name)}: {text!r} is no mapping in JSON") from error


def _help(model: type[Settings], name: str) -> str:
    field = model.model_fields[name]
    text = (field.description or "").replace("%", "%%")
    if get_origin(field.annotation) is Literal:
        text = f"{text} ({' or '.join(map(str, field.annotation.__args__))})"  # type: ignore[union-attr]
    default: Any = field.default
    return (
        text if field.is_required() or default in (None, {}, []) else f"{text} [default: {default}]"
    )
