"""Files and folders that flags and answers name."""

from pathlib import Path

from workflow_scripts.common.script import UserError


def named_file(text: str, meant: str) -> Path:
    """A file that is there; ``~`` is the home folder.

    Args:
        meant: what to do, for the sentence on a mistake.

    Raises:
        UserError: if there is none.
    """
    path = Path(text).expanduser()
    if path.is_dir():
        raise UserError(f"{text} is a folder; {meant}")
    if not path.is_file():
        raise UserError(f"there is no file {text}; {meant}")
    return path


def named_folder(text: str, meant: str) -> Path:
    """A folder that is there; ``~`` is the home folder.

    Args:
        meant: what to do, for the sentence on a mistake.

    Raises:
        UserError: if there is none.
    """
    path = Path(text).expanduser()
    if path.is_file():
        raise UserError(f"{text} is a file; {meant}")
    if not path.is_dir():
        raise UserError(f"there is no folder {text}; {meant}")
    return path
