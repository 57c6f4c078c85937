"""A zoo as commented YAML, as somebody would write it by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import yaml

from workflow_scripts.drafting.cost import least_of_interval

Entry = dict[str, Any]

_HEAD = """\
# yaml-language-server: $schema={schema}
# The zoo {name}. To add it to a file that has zoos already, copy what stands below "zoos:".
#   {command}
zoos:
"""


@dataclass(frozen=True)
class Commented:
    """A value with a comment behind it."""

    value: Any
    comment: str


def flow(value: Any) -> str:
    """A value in one line of YAML."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1_000_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def render(name: str, zoo: Entry, command: str, schema: str) -> str:
    """The config with one zoo.

    Args:
        zoo: what stands under its name; a mapping of :class:`Commented` or mappings gets a line
            for each key, anything else is one line.
        command: that runs it.
        schema: path of the JSON schema, for editors.
    """
    head = _HEAD.format(name=name, command=command, schema=schema)
    return head + "\n".join([f"  {flow(name)}:", *_lines(zoo, 4)]) + "\n"


def _lines(entry: Mapping[str, Any], indent: int) -> list[str]:
    lines = []
    for key, value in entry.items():
        begin = f"{' ' * indent}{flow(key)}:"
        match value:
            case Commented(dict() as inner, comment) if _is_block(inner):
                lines += [f"{begin}  # {comment}", *_lines(inner, indent + 2)]
            case Commented(inner, comment):
                lines.append(f"{begin} {flow(inner)}  # {comment}")
            case dict() if _is_block(value):
                lines += [begin, *_lines(value, indent + 2)]
            case _:
                lines.append(f"{begin} {flow(value)}")
    return lines


def _is_block(value: Mapping[str, Any]) -> bool:
    return any(isinstance(one, dict | Commented) for one in value.values())


def plain(value: Any) -> Any:
    """The same without comments, as the config's models read it."""
    match value:
        case Commented(inner, _):
            return plain(inner)
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
    return value


def selection(checkpoints: int, sizes: Sequence[int] | None) -> Commented:
    """Sizes and methods to begin with.

    Args:
        checkpoints: how many the zoo has.
        sizes: numbers of picks; ``None`` takes 1 to 5, as far as something is left to choose and
            there are enough different sets for an interval.
    """
    chosen, comment = list(sizes or []), "how many checkpoints to keep"
    if not chosen:
        possible = list(range(1, max(2, min(6, checkpoints))))
        enough = [size for size in possible if comb(checkpoints, size) >= least_of_interval()]
        chosen = enough or possible
        if left_out := ", ".join(str(size) for size in possible if size not in chosen):
            comment += f"; of {left_out} there are too few different sets to compare with"
    fitting = [size for size in chosen if 0 < size <= checkpoints]
    draws = min([10, *(comb(checkpoints, size) for size in fitting)])
    return Commented(
        {
            "sizes": Commented(chosen, comment),
            "methods": Commented(
                {
                    "mmi": Commented({}, "the paper's: maximum mutual information"),
                    "expected_risk": Commented({}, "also looks at the features themselves"),
                    "random": Commented({"draws": draws}, "what the others are compared to"),
                },
                "the README's table has more",
            ),
        },
        "which sets of checkpoints are selected",
    )
