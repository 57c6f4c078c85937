"""What extracting features took, as a cost of each checkpoint: the line of a log that says it."""

import logging
import re
from pathlib import Path

log = logging.getLogger(__name__)

_LINE = re.compile(r"^\d\d:\d\d:\d\d (.+): ([\d.e+-]+) seconds per thousand units$", re.MULTILINE)


def log_speed(checkpoint: str, seconds: float, units: int) -> None:
    """Log how long a thousand units of a corpus took.

    It stays out of the features' file, which is the same bytes every time.
    """
    log.info("%s: %.4g seconds per thousand units", checkpoint, 1000 * seconds / units)


def read_speeds(folder: Path) -> dict[str, float]:
    """The seconds per thousand units by checkpoint, sorted, as the logs in a folder say them."""
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.log"))
    return dict(sorted((name, float(one)) for text in texts for name, one in _LINE.findall(text)))
