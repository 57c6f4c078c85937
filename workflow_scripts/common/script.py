"""How every script of the workflow behaves: its log, its errors, its flags."""

import argparse
import logging
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from workflow_scripts.common.disk_error import told

Main = Callable[[Sequence[str] | None], None]


# How a line of a log goes on after the time, where it warns.
WARNING = "warning: "


class UserError(Exception):
    """Something that the user can mend: one sentence saying what is wrong, where, what to do."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a flag in one line, without repeating how all flags are used."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; --help explains the flags\n")


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser whose ``--help`` begins with the script's docstring."""
    return _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def existing_file(text: str) -> Path:
    """The type of a flag that names a file to read."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path


def positive_int(text: str) -> int:
    """The type of a flag that counts something."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 upwards")
    return int(text)


def not_negative(text: str) -> float:
    """The type of a flag that adds something, such as a jitter."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 upwards")
    return value


class _Lines(logging.Formatter):
    """Lines of a log; the report finds those that warn by their mark."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        if record.levelno == logging.WARNING:
            record.message = WARNING + record.message
        return super().formatMessage(record)


def run(main: Main) -> None:
    """Run a script's ``main`` as a program.

    A :class:`UserError`, and what the system says of a file or disk, become one line and status 1.
    """
    logging.basicConfig(level=logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Lines("%(asctime)s %(message)s", "%H:%M:%S"))
    try:
        main(None)
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if (sentence := told(error)) is None:
            raise
        sys.exit(f"error: {sentence}")
