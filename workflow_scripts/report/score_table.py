"""Writes the table of scores: every method and size, with its gain over random sets.

After Huang, Qiu and Church (2021), table 2.
"""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import read_table, write_table
from workflow_scripts.report.statistics import SCORE_COLUMNS, gains, name_singles


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--scores", type=Path, required=True, help="of all tasks and sizes, .csv")
    flags.add_argument("--random", help="the method that others are compared to")
    flags.add_argument(
        "--singles", nargs="+", default=[], help="methods whose draws are checkpoints alone"
    )
    flags.add_argument("--output", type=Path, required=True, help="the table, .csv")
    arguments = flags.parse_args(argv)
    scores = name_singles(read_table(arguments.scores, SCORE_COLUMNS), arguments.singles)
    write_table(gains(scores, arguments.random), arguments.output)


if __name__ == "__main__":
    run(main)
