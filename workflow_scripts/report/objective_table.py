"""Writes how mutual information goes with scores over random sets, and both for every set."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import write_table
from workflow_scripts.report.objective import (
    add_objective_flags,
    correlations,
    mean_sets,
    read_information,
)
from workflow_scripts.report.statistics import name_singles


def main(argv: Sequence[str] | None = None) -> None:
    """Read scores and covariance, write both tables."""
    flags = parser(__doc__)
    add_objective_flags(flags, "the table, .csv")
    flags.add_argument("--sets", type=Path, required=True, help="the table of all sets, .csv")
    arguments = flags.parse_args(argv)
    scores = read_information(arguments)
    random = scores[scores["method"] == arguments.random]
    write_table(correlations(random), arguments.output)
    write_table(mean_sets(name_singles(scores, arguments.singles)), arguments.sets)


if __name__ == "__main__":
    run(main)
