"""The device that a job computes on, chosen when it runs, not when it is planned."""

import torch

from workflow_scripts.common.script import UserError


def choose_device(name: str) -> torch.device:
    """``"auto"`` is the first CUDA device if there is one, else the CPU.

    Raises:
        UserError: if the device is unknown to torch or not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(
            f"--device {name}: torch cannot use it ({str(error).splitlines()[0]}); "
            "say auto, cpu, cuda or cuda:N"
        ) from error
    return device
