"""The device that a job computes on, chosen when it runs, not when it is planned."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_scripts.common.device_lock import claim_device
from workflow_scripts.common.script import UserError

if TYPE_CHECKING:
    import torch

# Files that NVIDIA's driver makes where there is a GPU: on Linux, and on Linux inside Windows.
_DRIVER_FILES = (Path("/dev/nvidia0"), Path("/dev/nvidiactl"), Path("/dev/dxg"))


def may_have_cuda() -> bool:
    """Whether a CUDA device may be there, without importing torch, which takes seconds.

    False only where there can be none that a job may use.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return False
    return any(path.exists() for path in _DRIVER_FILES)


def choose_device(name: str) -> torch.device:
    """``"auto"`` is a CUDA device if there is one, else the CPU.

    Of several devices it is one that no other job has (``device_lock.py``).

    Raises:
        UserError: if the device is unknown to torch or not there.
    """
    import torch

    if name == "auto":
        if not torch.cuda.is_available():
            return torch.device("cpu")
        count = torch.cuda.device_count()
        if count == 1:
            return torch.device("cuda")
        identities = [str(torch.cuda.get_device_properties(i).uuid) for i in range(count)]
        return torch.device("cuda", claim_device(identities))
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(
            f"--device {name}: torch cannot use it ({str(error).splitlines()[0]}); "
            "say auto, cpu, cuda or cuda:N"
        ) from error
    return device
