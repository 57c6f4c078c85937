"""Outputs that are either complete or not there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workflow_scripts.common.disk_error import told
from workflow_scripts.common.script import UserError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that is renamed to it when the block succeeds.

    A process killed inside the block leaves ``target`` as it was, and the next one to write it
    takes the temporary path over; Snakemake's lock keeps two from writing at once. The temporary
    name keeps the suffix of the target, because writers such as numpy's go by it.

    Raises:
        UserError: if the disk is full, read-only or otherwise refuses the file.
    """
    temporary = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        # Some errors name no file, others the temporary one; those of a file that is read in the
        # block name that.
        is_of_target = error.filename in (None, str(temporary))
        sentence = told(error, target if is_of_target else None)
        if sentence is None or isinstance(error, FileNotFoundError):
            raise
        raise UserError(sentence) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
