"""Outputs that are either complete or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that is renamed to it when the block succeeds.

    A process killed inside the block leaves ``target`` as it was, and the next one to write it
    takes the temporary path over; Snakemake's lock keeps two from writing at once. The temporary
    name keeps the suffix of the target, because writers such as numpy's go by it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
