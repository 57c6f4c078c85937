"""What a file of times says of the machine that they were taken on."""

import os
import platform
from pathlib import Path

import pandas as pd


def machine() -> str:
    """The name of the processor, where the system says it, and how many there are."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} processors"


def with_machine(table: pd.DataFrame, threads: int) -> pd.DataFrame:
    """The table with the columns ``machine`` and ``threads``."""
    return table.assign(machine=machine(), threads=threads)
