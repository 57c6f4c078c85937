"""What a job found: the lines of its log that the terminal shows when the job is done."""

import logging

log = logging.getLogger(__name__)

# Behind the time, at the beginning of such a line.
MARK = "found: "


def found(text: str) -> None:
    """Log what a job found, in its own words and without its name, which the terminal knows.

    A job may find several things; the terminal joins them.
    """
    log.info("%s%s", MARK, text)
