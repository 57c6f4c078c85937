"""How every script of the workflow behaves: its log, its errors, its flags."""

import argparse
import logging
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from workflow_scripts.common.disk_error import told
from workflow_scripts.common.facts import WarningRecorder, write_facts

Main = Callable[[Sequence[str] | None], None]


class UserError(Exception):
    """Something that the user can mend: one sentence saying what is wrong, where, what to do."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a flag in one line, without repeating how all flags are used."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; --help explains the flags\n")


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser whose ``--help`` begins with the script's docstring.

    Every script has the flag ``--facts``, which :func:`run` obeys.
    """
    flags = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--facts", type=Path, help="what was found, .json [default: not written]")
    return flags


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
    """Lines of a log, of which warnings say what they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        if record.levelno == logging.WARNING:
            record.message = f"warning: {record.message}"
        return super().formatMessage(record)


def run(main: Main) -> None:
    """Run a script's ``main`` as a program.

    A :class:`UserError`, and what the system says of a file or disk, become one line and status 1.
    """
    logging.basicConfig(level=logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Lines("%(asctime)s %(message)s", "%H:%M:%S"))
    logging.getLogger().addHandler(WarningRecorder())
    try:
        main(None)
        if facts := _facts_path(sys.argv[1:]):
            write_facts(facts)
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if (sentence := told(error)) is None:
            raise
        sys.exit(f"error: {sentence}")


def _facts_path(argv: Sequence[str]) -> Path | None:
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument("--facts", type=Path)
    path: Path | None = flags.parse_known_args(argv)[0].facts
    return path
