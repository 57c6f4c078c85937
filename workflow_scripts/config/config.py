"""The configuration: which zoos there are, and how each is run.

This module reads it, and turns whatever is wrong into one readable line each.
"""

import difflib
import re
import types
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import Field, ValidationError, WithJsonSchema, field_validator
from pydantic_core import ErrorDetails

from workflow_scripts.common.packages import deciding_packages
from workflow_scripts.common.settings import Name, Settings
from workflow_scripts.kinds.registry import KINDS
from workflow_scripts.kinds.zoo import ZooSettings
from workflow_scripts.selection.settings import METHODS

if TYPE_CHECKING:
    AnyZoo = ZooSettings
else:
    # Each kind says by its model what `modality:` names it.
    AnyZoo = Annotated[
        Union[tuple(kind.settings for kind in KINDS)],  # noqa: UP007
        Field(discriminator="modality"),
    ]

_VERSION = r"^\d[\w.!+-]*$"
_VERSIONS_SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string", "pattern": _VERSION} for name in deciding_packages()},
    "additionalProperties": False,
}


class Config(Settings):
    """The whole of ``config.yaml``."""

    zoos: Annotated[dict[Name, AnyZoo], Field(min_length=1)] = Field(
        description="the experiments, by name"
    )
    keep_results_of: Annotated[dict[str, str], WithJsonSchema(_VERSIONS_SCHEMA)] = Field(
        default={},
        description="by package, the version whose results stand although another is installed",
    )

    @field_validator("zoos")
    @classmethod
    def _names_are_free(cls, zoos: dict[str, AnyZoo]) -> dict[str, AnyZoo]:
        taken = sorted(RESERVED_NAMES & zoos.keys())
        if taken:
            raise ValueError(f"the name {taken[0]!r} is taken by the workflow; choose another")
        return zoos

    @field_validator("keep_results_of")
    @classmethod
    def _packages_decide_results(cls, versions: dict[str, str]) -> dict[str, str]:
        allowed = deciding_packages()
        for name, version in versions.items():
            if name not in allowed:
                raise ValueError(
                    f"{name!r} is no package whose version decides results{_hint(name, allowed)}; "
                    f"allowed: {', '.join(allowed)}"
                )
            if not re.fullmatch(_VERSION, version):
                raise ValueError(
                    f"{version!r} is no version of {name}; provenance.json names the version that "
                    "the results were made with"
                )
        return versions


# What else lies in results/, beside the zoos.
RESERVED_NAMES = frozenset({"downloads", "report.html", "report.html.facts.json", "report.log"})


class ConfigError(Exception):
    """What is wrong with a configuration: one line for each mistake.

    Attributes:
        lines: the mistakes.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def repeated_keys(text: str) -> list[str]:
    """A line for each key that stands twice in one block of a YAML text.

    YAML readers keep the last of them without a word.
    """
    lines: list[str] = []
    waiting = [yaml.compose(text, Loader=yaml.SafeLoader)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    lines.append(
                        f"line {key.start_mark.line + 1}: {key.value!r} stands there twice"
                    )
                seen.add(key.value)
                waiting.append(value)
    return lines


def read_config(raw: Mapping[str, Any]) -> Config:
    """The configuration in a mapping read from YAML.

    Raises:
        ConfigError: with a line for each mistake, naming the key path and what is allowed.
    """
    try:
        return Config.model_validate(_spelled_out(raw), strict=True)
    except ValidationError as error:
        raise ConfigError([_line(details) for details in error.errors()]) from error


def _spelled_out(raw: Mapping[str, Any]) -> Any:
    """The same, with what a user may leave out said."""
    if not isinstance(raw.get("zoos"), dict):
        return raw
    return {
        **raw,
        "zoos": {name: _of_kind(_named_methods(zoo)) for name, zoo in raw["zoos"].items()},
    }


def _of_kind(zoo: Any) -> Any:
    """The same, as its kind spells it out."""
    for kind in KINDS:
        if isinstance(zoo, dict) and zoo.get("modality") == kind.name:
            return kind.settings.spelled_out(zoo)
    return zoo


def _named_methods(zoo: Any) -> Any:
    """``method:`` said where a label is the name of a method."""
    match zoo:
        case {"selection": {"methods": dict(methods)}}:
            named = {
                label: {"method": label} | (settings or {})
                if isinstance(settings, dict | None) and label in METHODS
                else settings
                for label, settings in methods.items()
            }
            return zoo | {"selection": zoo["selection"] | {"methods": named}}
    return zoo


def _line(details: ErrorDetails) -> str:
    path, owner, annotation = _locate(details["loc"])
    kind, given = details["type"], details["input"]
    if kind == "extra_forbidden" and owner is not None:
        unknown = path.pop()
        where = ".".join(path) or "the top level"
        hint = _hint(unknown, owner.model_fields) or _of_other_kinds(unknown, owner)
        return f"{where}: unknown key {unknown!r}{hint}; allowed: {', '.join(owner.model_fields)}"
    where = ".".join(path) or "the top level"
    if kind == "missing":
        return f"{where}: is missing"
    if kind == "value_error":
        return f"{where}: {details['ctx']['error']!s}"
    if kind.startswith("union_tag"):
        key = str(details["ctx"]["discriminator"]).strip("'")
        allowed = ", ".join(
            dict.fromkeys(_named_by(member, key) for member in _members(annotation))
        )
        return f"{where}: needs a key {key!r} that is one of {allowed}; given: {_shown(given)}"
    if path[-1] == "[key]" and not isinstance(given, str):
        return f"{'.'.join(path[:-2])}: {given!r} is read as a number, not a name: put it in quotes"
    if path[-1] == "[key]" and "checkpoints" in path[-3:-2]:
        return (
            f"{'.'.join(path[:-2])}: {_shown(given)} cannot be the name of a checkpoint; use up to "
            "200 characters without '+' or line feeds, beginning with neither '-' nor '*', and "
            "without space at the ends"
        )
    if path[-1] == "[key]":
        return (
            f"{'.'.join(path[:-2])}: {given!r} cannot be a name here; use letters, digits, "
            "'_', '-' and '.', beginning with a letter or digit"
        )
    message = details["msg"].removeprefix("Input ")
    if isinstance(given, str) and kind.startswith("float") and _is_number(given):
        message += " (YAML reads 1e-3 as a text: write 1.0e-3)"
    if kind == "string_type" and type(given) in (int, float):
        message += " (YAML reads this as a number: put it in quotes)"
    return f"{where}: {message}; given: {_shown(given)}"


def _of_other_kinds(key: str, owner: type[Settings]) -> str:
    """A hint that zoos of other kinds have a key."""
    others = [kind.name for kind in KINDS if key in kind.settings.model_fields]
    if not others or not issubclass(owner, ZooSettings):
        return ""
    return f" (zoos of modality: {' or '.join(others)} have it)"


def _hint(unknown: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(unknown, allowed, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _locate(location: tuple[int | str, ...]) -> tuple[list[str], type[Settings] | None, Any]:
    """The key path that a user wrote, the model that holds its last key, and its annotation.

    Pydantic's locations also contain the tags of unions, which are no keys.
    """
    path: list[str] = []
    annotation: Any = Config
    owner: type[Settings] | None = None
    for step in location:
        members = _members(annotation)
        if len(members) > 1 and step in (tags := {_tag(member): member for member in members}):
            annotation = tags[str(step)]
            continue
        path.append(str(step))
        annotation = members[0]
        if isinstance(annotation, type) and issubclass(annotation, Settings):
            owner = annotation
            field = annotation.model_fields.get(str(step))
            annotation = field.annotation if field else Any
        elif get_origin(annotation) in (dict, list):
            owner, annotation = None, get_args(annotation)[-1]
    return path, owner, annotation


def _members(annotation: Any) -> list[Any]:
    """The types of a union, apart from None; of another annotation, itself."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        return [
            one
            for member in get_args(annotation)
            if member is not type(None)
            for one in _members(member)
        ]
    return [annotation]


_DISCRIMINATORS = ("modality", "source", "kind", "method", "solver")


def _tag(member: Any) -> str | None:
    """By what a location tells a member of a union from the others."""
    for key in _DISCRIMINATORS:
        if key in getattr(member, "model_fields", {}):
            return _named_by(member, key)
    return None


def _named_by(member: Any, key: str) -> str:
    """The value of a key by which a user names a member of a union."""
    return str(member.model_fields[key].default)
