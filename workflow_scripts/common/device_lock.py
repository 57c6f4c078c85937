"""One job for each GPU of a machine that has several.

Snakemake limits how many jobs with a GPU run at a time, and says not which GPU each may use: all
would take the first. So each job takes a lock on a device. The system gives a lock back when the
process ends, however it ends. A cluster shows each job its own GPU only, and there is no choice.
"""

import getpass
import logging
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_TRIES = 1.0

# Held until the process ends.
_held: dict[tuple[str, ...], tuple[int, FileLock]] = {}


def claim_device(devices: Sequence[str], folder: Path | None = None) -> int:
    """Wait for a device that no other job has, and keep it until the process ends.

    Args:
        devices: what tells each from all others of the machine.
        folder: of the locks; ``None``: one of the user's among the temporary files.

    Returns:
        Its number among the devices; the same every time in one process.
    """
    key = tuple(devices)
    if key in _held:
        return _held[key][0]
    folder = folder or Path(tempfile.gettempdir()) / f"taskspace-gpus-{getpass.getuser()}"
    folder.mkdir(parents=True, exist_ok=True)
    waiting = False
    while True:
        for number, device in enumerate(devices):
            lock = FileLock(folder / f"{device}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            _held[key] = number, lock
            return number
        if not waiting:
            log.info("waiting for one of %d GPUs", len(devices))
            waiting = True
        time.sleep(_SECONDS_BETWEEN_TRIES)
