"""Where the results of a zoo come from: code, settings, versions, machine, revisions, seeds."""

import json
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workflow_scripts.common.atomic import atomic_path


def write_provenance(
    folder: Path,
    root: Path,
    zoo: Mapping[str, Any],
    packages: Mapping[str, str],
    kept: Mapping[str, str],
) -> None:
    """Write ``provenance.json`` beside the results of a zoo.

    It is written at the end of a run that made something of the zoo, and is no output of a rule:
    what it holds changes without any result changing.

    Args:
        folder: of the zoo's results.
        root: of the workflow.
        zoo: its settings, as used, with all defaults.
        packages: those that jobs import, with their versions.
        kept: by package, the version whose results stand although another is installed.
    """
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": code_state(root),
        "python": platform.python_version(),
        "packages": {"snakemake": version("snakemake"), **packages},
        "keep_results_of": dict(kept),
        "machine": {"system": platform.platform(), "gpus": visible_gpus()},
        "seed": zoo["seed"],
        "checkpoints": revisions(folder / "checkpoints"),
        "settings": zoo,
    }
    with atomic_path(folder / "provenance.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")


def code_state(root: Path) -> dict[str, Any]:
    """The commit that is checked out, and whether any tracked file differs from it.

    Both are ``None`` where there is no git, or no repository.
    """
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "clean": None if changes is None else changes == ""}


def visible_gpus() -> list[str]:
    """The GPUs of the machine that Snakemake runs on; jobs on a cluster may have others."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    found = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)
    return found.stdout.splitlines() if found.returncode == 0 else []


def revisions(folder: Path) -> dict[str, str]:
    """The revision of every checkpoint that has one: the commit of the hub that was fetched."""
    found = {}
    for path in sorted(folder.glob("*/checkpoint.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        if revision := card.get("revision"):
            found[card.get("checkpoint", path.parent.name)] = str(revision)
    return found


def made_since_provenance(folder: Path) -> bool:
    """Whether anything of a zoo was made after its provenance was written, or there is none yet.

    By the times of files, so that what a run made that was killed or failed counts for the next one
    that comes to its end.

    Args:
        folder: of the zoo's results; it need not be there.
    """
    record = folder / "provenance.json"
    written = record.stat().st_mtime_ns if record.exists() else 0
    return any(path.stat().st_mtime_ns > written for path in _results(folder))


def _results(folder: Path) -> Iterator[Path]:
    """The files of a zoo that are results: not what jobs say, not what a killed one has left."""
    no_results = ("provenance.json", "logs", "benchmarks")
    for path in folder.rglob("[!.]*"):
        if path.is_file() and path.relative_to(folder).parts[0] not in no_results:
            yield path


def keep_provenance(folder: Path) -> None:
    """Let the provenance of a zoo count as newer than its files, which ``--touch`` makes new."""
    record = folder / "provenance.json"
    if record.exists():
        record.touch()


def _git(root: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None
