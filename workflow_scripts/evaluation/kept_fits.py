"""Fits that need not be made again, in a file that grows line by line.

A fit is found by a hash of everything that decides it, so that none can be stale. Lines are written
as soon as the heads that are trained together are done, so that a job that is killed loses only the
heads in flight.
"""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.common.disk_error import told
from workflow_scripts.common.script import UserError
from workflow_scripts.evaluation.training import Fit


class KeptFits:
    """Fits by their hashes.

    Args:
        path: where they are kept, made where it is missing; lines that make no sense, such as one
            that was cut short, are passed over. ``None``: they are kept nowhere.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[str, Fit] = {}
        if path is not None and path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            self._found = dict(_parsed(line.split(",") for line in lines))

    def know(self, scores: Path) -> None:
        """Take over the fits of a table of scores; none where it is something else."""
        with scores.open(newline="", encoding="utf-8", errors="replace") as file:
            columns = ("fit", "dev_score", "test_score", "epochs")
            rows = ([row.get(column) or "" for column in columns] for row in csv.DictReader(file))
            self._found |= dict(_parsed(rows))

    def __contains__(self, key: str) -> bool:
        """Whether the fit of a hash is there."""
        return key in self._found

    def __getitem__(self, key: str) -> Fit:
        """The fit of a hash."""
        return self._found[key]

    def add(self, fits: dict[str, Fit]) -> None:
        """Keep fits, on disk when this returns.

        Raises:
            UserError: if the disk is full or refuses the file otherwise.
        """
        self._found |= fits
        if self._path is None:
            return
        try:
            self._append(self._path, fits)
        except OSError as error:
            if (sentence := told(error, self._path)) is None:
                raise
            raise UserError(sentence) from error

    @staticmethod
    def _append(path: Path, fits: dict[str, Fit]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            text = "".join(
                f"{key},{fit.dev_score!r},{fit.test_score!r},{fit.epochs}\n"
                for key, fit in fits.items()
            )
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                # The last line was cut short; it must not spoil the next.
                text = text if file.read(1) == b"\n" else "\n" + text
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def _parsed(rows: Iterable[list[str]]) -> Iterable[tuple[str, Fit]]:
    for row in rows:
        try:
            key, dev, test, epochs = row
            yield key, Fit(float(dev), float(test), int(epochs))
        except ValueError:
            continue
