"""Trying again what failed for a reason that may pass, such as a dropped connection."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)
Result = TypeVar("Result")

# Seconds before the second try, the third and so on; one try more than there are delays.
DELAYS = (1.0, 2.0, 4.0, 8.0)


def with_retries(
    attempt: Callable[[], Result], may_pass: Callable[[Exception], bool], what: str
) -> Result:
    """The result of the first attempt that succeeds.

    Args:
        may_pass: whether an error is worth another try.
        what: is tried, for the log.

    Raises:
        Exception: that of an attempt, where it will not pass or the tries are used up.
    """
    for delay in DELAYS:
        try:
            return attempt()
        except Exception as error:
            if not may_pass(error):
                raise
            log.warning("%s: %s; trying again in %g s", what, first_line(error), delay)
            time.sleep(delay)
    return attempt()


def first_line(error: BaseException) -> str:
    """What an error says, in one line; its type where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
