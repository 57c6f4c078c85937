"""A copy of the workflow in a folder of its own, and Snakemake runs in it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PARTS = ["Snakefile", "rules", "workflow_scripts", "config.yaml", "configs", "profiles", "envs"]
PARTS += ["requirements.txt"]


@dataclass(frozen=True)
class Workspace:
    """A folder with the workflow in it."""

    folder: Path

    @classmethod
    def copy_to(cls, folder: Path) -> "Workspace":
        """The workflow's files, without results and without Snakemake's memory."""
        folder.mkdir(parents=True)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / part)
        (folder / "results").mkdir()
        return cls(folder)

    @property
    def terminal(self) -> Path:
        """What a run said, where a test has kept it."""
        return self.folder.with_name("terminal.txt")

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Replace config.yaml."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def snakemake(
        self, *arguments: str, environment: Mapping[str, str] | None = None, timeout: float = 900
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake here, with the Python that runs the tests.

        Args:
            environment: variables beside those that are set already.
        """
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment = inherited | (environment or {})
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def planned(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> dict[str, int]:
        """How many jobs of each rule a dry run plans, apart from the target itself."""
        result = self.snakemake("-n", *arguments, environment=environment)
        assert result.returncode == 0, result.stdout + result.stderr
        text = result.stdout + result.stderr
        if "Nothing to be done" in text:
            return {}
        table = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\ntotal", text, re.DOTALL)
        assert table is not None, text
        counts = dict(line.split() for line in table.group(1).splitlines())
        return {rule: int(count) for rule, count in counts.items() if rule != "all"}
