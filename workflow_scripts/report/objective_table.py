"""Writes the table of how mutual information goes with scores over random sets."""

from collections.abc import Sequence

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import write_table
from workflow_scripts.report.objective import add_objective_flags, correlations, read_information


def main(argv: Sequence[str] | None = None) -> None:
    """Read scores and covariance, write the table."""
    flags = parser(__doc__)
    add_objective_flags(flags, "the table, .csv")
    arguments = flags.parse_args(argv)
    scores = read_information(arguments)
    random = scores[scores["method"] == arguments.random]
    write_table(correlations(random), arguments.output)


if __name__ == "__main__":
    run(main)
