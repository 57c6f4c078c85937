"""Where a new zoo may go: a name without results, and a file that is not there."""

from pathlib import Path

import yaml

from workflow_scripts.common.script import UserError
from workflow_scripts.config.config import RESERVED_NAMES
from workflow_scripts.drafting.answers import checked_name


def free_name(text: str, root: Path, force: bool) -> str:
    """A name that a new zoo may have.

    Args:
        root: the folder of the workflow.
        force: whether it may be that of another zoo.

    Raises:
        UserError: if it may not, or another zoo has it.
    """
    name = checked_name(text)
    if name in RESERVED_NAMES:
        raise UserError(f"the name {name!r} is taken by the workflow; choose another")
    if name in _zoos_of(root / "config.yaml") and not force:
        raise UserError(
            f"config.yaml has a zoo {name}, whose results would be mixed up with yours; choose "
            "another name"
        )
    if (root / "results" / name).exists() and not force:
        raise UserError(
            f"there are results of a zoo {name} in results/{name}; choose another name, or "
            "--force to go on with that one"
        )
    return name


def free_output(text: str, force: bool) -> str:
    """A path that may be written to; ``-`` is the screen.

    Args:
        force: whether it may be that of a file.

    Raises:
        UserError: if there is a file already, or no folder for it.
    """
    path = Path(text)
    if text == "-":
        return text
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}")
    if path.exists() and not force:
        raise UserError(
            f"{text} is there already; name another file, or - to see the zoo and copy it into "
            "that one, or --force to write over it"
        )
    return text


def _zoos_of(path: Path) -> list[str]:
    """The names of the zoos in a config; none where it cannot be read, which a run will say."""
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        return list(config["zoos"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return []
