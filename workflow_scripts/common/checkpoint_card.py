"""The card of a checkpoint: what it is, which bytes its files hold, and what tables say of it.

Whatever kind a zoo is of, later stages know of a checkpoint what its card says, and no more.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.script import UserError

Detail = str | int | float


@dataclass(frozen=True)
class CheckpointCard:
    """A checkpoint.

    Attributes:
        checkpoint: its name in the zoo.
        source: where it comes from: an id of the hub, a folder, or how it was trained.
        revision: a commit of the hub, or a digest of its files.
        architecture: the kind of network; figures tell families apart by it.
        parameters: how many numbers its weights hold; ``None`` where they do not tell.
        files: the sha256 of each file that it needs, by its path in its folder.
        details: what the table of checkpoints shows, by column.
        reading: what its own kind needs to know to read it.
    """

    checkpoint: str
    source: str
    revision: str
    architecture: str
    parameters: int | None
    files: dict[str, str]
    details: dict[str, Detail] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)


def write_card(path: Path, card: CheckpointCard) -> None:
    """Write the card as JSON, equal cards as equal bytes."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")


def read_card(path: Path) -> CheckpointCard:
    """Read what :func:`write_card` wrote.

    Raises:
        UserError: if the file is missing or something else.
    """
    try:
        return CheckpointCard(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such card of a checkpoint") from None
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{path}: this is no card of a checkpoint; delete it and run again"
        ) from error
