"""Scripts in processes of their own that can be killed, without an interpreter's start for each."""

import multiprocessing
import os
import runpy
import signal
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

# The processes are forked from one that has imported what takes long, and has no threads yet.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["torch", "torchvision", "pandas", "scipy.optimize", "matplotlib.pyplot", "jinja2"]
    + ["transformers", "transformers.models.gpt2.modeling_gpt2"]
)


class Script:
    """A script that runs in ``folder`` as ``python -m module *flags``.

    Args:
        log: gets what it prints.
        dies_at: the number, from 1, of the rename to an output that it does not live to see. What
            it would have renamed is cut in half, as if it had been killed while it wrote.
    """

    def __init__(
        self, folder: Path, module: str, flags: list[str], log: Path, dies_at: int | None = None
    ) -> None:
        self._renames = _CONTEXT.Value("i", 0)
        arguments = (folder, module, flags, log, dies_at, self._renames)
        self.process: BaseProcess = _CONTEXT.Process(target=_run, args=arguments)
        self.process.start()

    def wait(self) -> tuple[int, int]:
        """Its exit status, negative for the signal that killed it, and how often it renamed."""
        self.process.join(120)
        assert self.process.exitcode is not None, "it has not ended in two minutes"
        return self.process.exitcode, self._renames.value


def _run(folder, module, flags, log, dies_at, renames):  # type: ignore[no-untyped-def]
    os.chdir(folder)
    with log.open("wb") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    replace = Path.replace

    def counted(self: Path, target: Path) -> Path:
        renames.value += 1
        if renames.value == dies_at:
            os.truncate(self, self.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = counted  # type: ignore[method-assign, assignment]
    sys.argv = [module, *flags]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
