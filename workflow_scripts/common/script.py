"""How every script of the workflow behaves: its log, its errors, its flags."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

Main = Callable[[Sequence[str] | None], None]


class UserError(Exception):
    """Something that the user can mend: one sentence saying what is wrong, where, what to do."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser whose ``--help`` begins with the script's docstring."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def run(main: Main) -> None:
    """Run a script's ``main`` as a program: a :class:`UserError` becomes one line and status 1."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        main(None)
    except UserError as error:
        sys.exit(f"error: {error}")
