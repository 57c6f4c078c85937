"""The warnings in the logs of a zoo's jobs.

Like costs, they are read as they are when the report is written, and rerun nothing.
"""

import re
from pathlib import Path

from workflow_scripts.common.script import WARNING

_LINE = re.compile(rf"^\d\d:\d\d:\d\d {WARNING}(.+)$", re.MULTILINE)


def run_warnings(folder: Path) -> list[str]:
    """What the jobs warned of, each once, with the first job that did so and how many others.

    Args:
        folder: of the logs of a zoo; it need not be there.
    """
    jobs: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.log")):
        job = path.relative_to(folder).with_suffix("").as_posix()
        for message in _LINE.findall(path.read_text(encoding="utf-8", errors="replace")):
            jobs.setdefault(message, [])
            if job not in jobs[message]:
                jobs[message].append(job)
    return [
        f"{named[0]}{f' and {len(named) - 1} more' if len(named) > 1 else ''}: {message}"
        for message, named in jobs.items()
    ]
