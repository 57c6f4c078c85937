"""Writes the table of scores: every method and size, compared with random sets.

After Huang, Qiu and Church (2021), table 2.
"""

from collections.abc import Sequence

import pandas as pd

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import write_table
from workflow_scripts.report.score_flags import add_score_flags, read_scores
from workflow_scripts.report.statistics import gains, name_singles, percentiles


def score_table(scores: pd.DataFrame, random: str | None) -> pd.DataFrame:
    """One row per method and size: mean score, gain over random sets, and percentile among them."""
    table = gains(scores, random)
    if random is None:
        return table
    return table.merge(percentiles(scores, random), on=["method", "k"], how="left")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the scores, write the table."""
    flags = parser(__doc__)
    add_score_flags(flags, "the table, .csv")
    arguments = flags.parse_args(argv)
    scores = name_singles(read_scores(arguments.scores), arguments.singles)
    write_table(score_table(scores, arguments.random), arguments.output)


if __name__ == "__main__":
    run(main)
