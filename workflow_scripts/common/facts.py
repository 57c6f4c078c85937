"""What a job found, warned of and took, in a small JSON file beside its output.

The terminal, the report and the costs of checkpoints read it, so that nothing has to be read out of
a log. ``--facts`` names the file; :func:`workflow_scripts.common.script.run` writes it at the end.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

# Behind the name of the output that the facts are of.
SUFFIX = ".facts.json"


@dataclass
class Facts:
    """The facts of one job.

    Attributes:
        found: what it found, in its own words and without its name, which the terminal knows.
        warnings: what to know before trusting its result.
        seconds_per_thousand: what a thousand units took, by checkpoint, without loading it. It
            stays out of the features' file, which is the same bytes every time.
    """

    found: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds_per_thousand: dict[str, float] = field(default_factory=dict)


# Of this process, which is one job.
_facts = Facts()


def found(text: str) -> None:
    """Log and record what the job found; the terminal joins several findings."""
    log.info("%s", text)
    _facts.found.append(text)


def record_speed(checkpoint: str, seconds: float, units: int) -> None:
    """Record how long a thousand units of a corpus took."""
    _facts.seconds_per_thousand[checkpoint] = float(f"{1000 * seconds / units:.4g}")


class WarningRecorder(logging.Handler):
    """Records the warnings of a job's own modules."""

    def emit(self, record: logging.LogRecord) -> None:
        """Record one, if it is a warning of this project."""
        if record.levelno == logging.WARNING and record.name.startswith("workflow_scripts."):
            _facts.warnings.append(record.getMessage())


def write_facts(path: Path) -> None:
    """Write the facts of this process."""
    # Its errors are those of scripts, which import this module.
    from workflow_scripts.common.atomic import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(
            json.dumps(asdict(_facts), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def read_facts(path: Path) -> Facts:
    """Read what :func:`write_facts` wrote; nothing where the file is missing or something else.

    Facts change no result, so that a file that cannot be read ends nothing.
    """
    try:
        return Facts(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return Facts()


def read_speeds(paths: Iterable[Path]) -> dict[str, float]:
    """The seconds per thousand units by checkpoint, sorted, as files of facts say them."""
    speeds: dict[str, float] = {}
    for path in paths:
        speeds |= read_facts(path).seconds_per_thousand
    return dict(sorted(speeds.items()))
