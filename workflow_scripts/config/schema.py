"""Writes the JSON schema of the configuration, by which editors complete and check config.yaml."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import parser, run
from workflow_scripts.config.config import Config
from workflow_scripts.kinds.registry import KINDS

SCHEMA = Path(__file__).with_name("config.schema.json")


def schema_text() -> str:
    """The schema as the file holds it."""
    schema = _with_any_of(Config.model_json_schema())
    # A method without settings may be followed by nothing at all.
    methods = schema["$defs"]["SelectionSettings"]["properties"]["methods"]
    for method in methods["patternProperties"].values():
        method["anyOf"].append({"type": "null"})
    for kind in KINDS:
        kind.settings.extend_schema(schema["$defs"])
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _with_any_of(schema: Any) -> Any:
    """The same with `anyOf` for `oneOf`.

    A method may leave out which one it is, where its label says it; then `{}` fits several.
    """
    if isinstance(schema, dict):
        return {
            "anyOf" if key == "oneOf" else key: _with_any_of(value)
            for key, value in schema.items()
            if key != "discriminator"
        }
    return [_with_any_of(item) for item in schema] if isinstance(schema, list) else schema


def main(argv: Sequence[str] | None = None) -> None:
    """Write the schema."""
    flags = parser(__doc__)
    flags.add_argument("--output", type=Path, default=SCHEMA, help="[default: beside this script]")
    arguments = flags.parse_args(argv)
    with atomic_path(arguments.output) as temporary:
        temporary.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    run(main)
