"""The files that users bring and that are not there."""

from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.kinds.zoo import Zoo, ZooSettings


def missing_files(zoos: Iterable[Zoo[ZooSettings]]) -> list[str]:
    """A line for each file that is missing, with the key that names it and where it is from."""
    return [
        f"missing file: {file.path}, for zoos.{zoo.name}.{file.key}"
        + (f"; it is from {file.home}" if file.home else "")
        for zoo in zoos
        for file in zoo.settings.user_files
        if not Path(file.path).exists()
    ]
