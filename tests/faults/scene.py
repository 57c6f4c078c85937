"""Where a fault is provoked: a folder, the scripts that run in it, and what came out.

A provocation is a function that takes a :class:`Scene`. Its name stands in a line of
docs/faults.md, which says what must come out.
"""

import contextlib
import hashlib
import importlib
import io
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from workflow_scripts.common.script import Main, run

# What tqdm draws.
_BAR = re.compile(r"^.*\d+(%\||\w* ?\[\d\d:\d\d).*$")


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Attributes:
        status: 0 if it ended well.
        said: the lines of its standard error, progress bars left out.
    """

    status: int
    said: list[str]


@dataclass(frozen=True)
class Scene:
    """A folder of a test's own, which is the working directory.

    Attributes:
        patch: undoes at the end of the test what it changed.
    """

    folder: Path
    patch: pytest.MonkeyPatch

    def script(self, name: str, *flags: object, may_change: str = r"$^") -> Outcome:
        """Run a script as a program, in this process, for importing torch anew takes seconds.

        Where it fails, no file may have appeared, changed or gone.

        Args:
            name: of the module in workflow_scripts, such as ``"selection.select"``.
            may_change: a pattern of paths in the folder that do not count.
        """
        module = importlib.import_module(f"workflow_scripts.{name}")
        self.patch.setattr(sys, "argv", [name, *map(str, flags)])
        return self.call(module.main, may_change)

    def call(self, main: Main, may_change: str = r"$^") -> Outcome:
        """The same for a function in place of a script's."""
        before = self._files(may_change)
        errors = io.StringIO()
        status = 0
        with contextlib.redirect_stderr(errors):
            try:
                run(main)
            except SystemExit as end:
                # As the interpreter does it.
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if status:
            assert self._files(may_change) == before
        lines = re.split(r"[\r\n]+", errors.getvalue())
        return Outcome(status, [line for line in lines if line and not _BAR.match(line)])

    def _files(self, apart_from: str) -> dict[str, str]:
        """The checksum of every file in the folder."""
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.folder.rglob("*")
            if path.is_file()
            and not re.fullmatch(apart_from, name := path.relative_to(self.folder).as_posix())
        }


Provocation = Callable[[Scene], Outcome]

PROVOCATIONS: dict[str, Provocation] = {}


def fault(provocation: Provocation) -> Provocation:
    """Register a provocation by its name."""
    name = provocation.__name__
    assert name not in PROVOCATIONS, name
    PROVOCATIONS[name] = provocation
    return provocation
