"""What the report reads of a zoo: tables, covariance, and what its run took and warned of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_scripts.common.covariance_file import Covariance, read_covariance
from workflow_scripts.common.facts import SUFFIX, read_facts
from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import STABILITY_COLUMNS, read_table
from workflow_scripts.report.costs import cost_table, speed_table

_CONVERGENCE_COLUMNS = ["units", "kl", "cosine"]


@dataclass(frozen=True)
class Results:
    """What the report reads of one zoo.

    Attributes:
        headline: label of the method whose picks are recommended.
        limit: the largest size of that method, if it may stop before.
        random: label of the random sets that others are compared to, if there are any.
        singles: labels of methods whose draws are checkpoints alone.
        tables: by the names of their files; ``picks``, ``information`` and ``space``
            must be there.
        covariance: between its checkpoints.
        stability: of the headline's picks, if it was measured.
        convergence: of the covariance, by the name of the probe.
        costs: of the run; empty if they are not known.
        speeds: of the checkpoints on the probe; empty if they are not known.
        warnings: of the run, in sentences.
    """

    headline: str
    limit: int | None
    random: str | None
    singles: list[str]
    tables: dict[str, pd.DataFrame]
    covariance: Covariance
    stability: pd.DataFrame | None = None
    convergence: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    costs: pd.DataFrame = field(default_factory=pd.DataFrame)
    speeds: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: list[str] = field(default_factory=list)


def read_results(folder: Path, zoo: dict[str, Any]) -> Results:
    """What there is of a zoo.

    Args:
        folder: of its results.
        zoo: ``headline``, ``limit``, ``random``, ``singles``, ``tables``, ``stability`` and
            ``convergence`` say which files there are; ``stages``: the stage of each rule.

    Raises:
        UserError: if a file is missing or another than it should be.
    """
    covariance = read_covariance(folder / "covariance/probe.npz")
    headline = zoo["headline"]
    stable = folder / "stability" / f"{headline}.csv"
    return Results(
        headline=headline,
        limit=zoo["limit"],
        random=zoo["random"],
        singles=zoo["singles"],
        tables={name: _read_table(folder / "tables" / f"{name}.csv") for name in zoo["tables"]},
        covariance=covariance,
        stability=read_table(stable, STABILITY_COLUMNS) if zoo["stability"] else None,
        convergence={
            probe: read_convergence(folder / "covariance" / f"{probe}.convergence.csv")
            for probe in zoo["convergence"]
        },
        costs=cost_table(folder / "benchmarks", covariance.names, zoo["stages"]),
        speeds=speed_table(folder / "features/probe", covariance.names),
        warnings=run_warnings(folder),
    )


def _read_table(path: Path) -> pd.DataFrame:
    """A table in which texts that are missing are missing, not empty."""
    return read_table(path, []).replace("", None)


def read_convergence(path: Path) -> pd.DataFrame:
    """Read the convergence on one probe.

    Raises:
        UserError: if the file is missing or something else, or no units were used.
    """
    table = read_table(path, _CONVERGENCE_COLUMNS)
    if not (table["units"] > 0).any():
        raise UserError(f"{path}: there is no row with units; estimate the covariance again")
    return table


def run_warnings(folder: Path) -> list[str]:
    """What the jobs warned of, each once, with the first result it is of and how many others.

    Like costs, warnings are read as they are when the report is written, and rerun nothing.

    Args:
        folder: of the results of a zoo; it need not be there.
    """
    results: dict[str, list[str]] = {}
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        result = path.relative_to(folder).as_posix().removesuffix(SUFFIX)
        for message in dict.fromkeys(read_facts(path).warnings):
            results.setdefault(message, []).append(result)
    return [
        f"{named[0]}{f' and {len(named) - 1} more' if len(named) > 1 else ''}: {message}"
        for message, named in results.items()
    ]
