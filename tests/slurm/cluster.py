"""A private Slurm of one node with two GPUs that are none, for tests. As root on Debian.

The daemons listen on the loopback device only. Nothing outside the cluster's folder changes but
links in /etc/slurm, which are taken away again: jobs find their cluster there alone.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
_LINKS = Path("/etc/slurm")

_SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MpiDefault=none
SwitchType=switch/none
# There may be no cgroups: memory is watched from outside.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
# Finished jobs stay in the controller's memory for as long as the tests ask for them.
MinJobAge=3600
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
KillWait=2
CompleteWait=0
ReturnToService=2
EnforcePartLimits=ALL
GresTypes=gpu
# More processors than there are, so that no job waits for one.
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=64000 Gres=gpu:none:2 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=600 State=UP
PartitionName=gpu Nodes={host} MaxTime=2000 State=UP
"""
_GRES_CONF = "AutoDetect=off\nNodeName={host} Name=gpu Type=none File={folder}/gpu[0-1]\n"


def missing() -> str | None:
    """Why no cluster can be started here, or ``None`` if one can."""
    if os.geteuid() != 0:
        return "a private Slurm needs root"
    absent = [name for name in PROGRAMS if _program(name) is None]
    return f"Slurm is not installed: {', '.join(absent)}" if absent else None


class Cluster:
    """Started and stopped by ``with``."""

    def __init__(self) -> None:
        # The daemons ask that others may go through it.
        self._folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self._folder.chmod(0o755)
        self._links: list[Path] = []

    def __enter__(self) -> "Cluster":
        names = {"folder": self._folder, "host": socket.gethostname().split(".")[0]}
        for part in ("state", "spool"):
            (self._folder / part).mkdir()
        for number in range(2):
            # A device file of its own for each; these swallow what is written, as /dev/null does.
            os.mknod(self._folder / f"gpu{number}", 0o20666, os.makedev(1, 3))
        key = self._folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        _LINKS.mkdir(exist_ok=True)
        texts = {"slurm.conf": _SLURM_CONF, "gres.conf": _GRES_CONF, "cgroup.conf": ""}
        for file, text in texts.items():
            (self._folder / file).write_text(text.format(**names))
            link = _LINKS / file
            if link.exists() and not link.is_symlink():
                raise RuntimeError(f"{link} is of another cluster")
            link.unlink(missing_ok=True)
            link.symlink_to(self._folder / file)
            self._links.append(link)
        try:
            _start(
                "munged",
                f"--key-file={key}",
                f"--socket={self._folder}/munge.socket",
                f"--pid-file={self._folder}/munged.pid",
                f"--log-file={self._folder}/munged.log",
                f"--seed-file={self._folder}/munge.seed",
            )
            _start("slurmctld")
            _wait(lambda: _succeeds("scontrol", "ping"), "the controller")
            _start("slurmd", "-N", names["host"])
            _wait(lambda: "idle" in _output("sinfo", "-h", "-o", "%T"), "the node")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for name in ("slurmd", "slurmctld", "munged"):
            file = self._folder / f"{name}.pid"
            if file.exists():
                number = int(file.read_text())
                os.kill(number, signal.SIGTERM)
                _wait(lambda number=number: not Path(f"/proc/{number}").exists(), f"{name}'s end")
        for link in self._links:
            link.unlink(missing_ok=True)
        shutil.rmtree(self._folder)

    def jobs(self) -> list[dict[str, str]]:
        """What Slurm has on record of every job, the oldest first."""
        lines = _output("scontrol", "show", "jobs", "--oneliner").splitlines()
        jobs = [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]
        return [job for job in jobs if "JobId" in job]


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _start(name: str, *arguments: str) -> None:
    program = _program(name)
    assert program is not None
    subprocess.run([program, *arguments], check=True, stdin=subprocess.DEVNULL, timeout=30)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=30).returncode == 0


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout


def _wait(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)
