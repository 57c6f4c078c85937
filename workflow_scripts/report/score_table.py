"""Writes the table of scores: every method and size, with its gain over random sets.

After Huang, Qiu and Church (2021), table 2.
"""

from collections.abc import Sequence

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import write_table
from workflow_scripts.report.score_flags import add_score_flags, read_scores
from workflow_scripts.report.statistics import gains, name_singles


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, write the table."""
    flags = parser(__doc__)
    add_score_flags(flags, "the table, .csv")
    arguments = flags.parse_args(argv)
    scores = name_singles(read_scores(arguments.scores), arguments.singles)
    write_table(gains(scores, arguments.random), arguments.output)


if __name__ == "__main__":
    run(main)
