"""Writes the table of how stable the picks of every method are."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.common.script import parser, run
from workflow_scripts.common.table_file import STABILITY_COLUMNS, read_table, write_table


def stability_table(shares: pd.DataFrame) -> pd.DataFrame:
    """One row per method and size: ``method, k, set_share, mean_share, rival, rival_share``.

    From how many of the replicates of the covariance the whole set is picked, how often its
    checkpoints are picked on average, and which other checkpoint is picked most often.
    """
    rows = []
    for (method, k), group in shares.groupby(["method", "k"]):
        others = group[~group["picked"]].sort_values(
            ["share", "checkpoint"], ascending=[False, True]
        )
        rows.append(
            {
                "method": method,
                "k": k,
                "set_share": group["set_share"].iloc[0],
                "mean_share": group.loc[group["picked"], "share"].mean(),
                "rival": next(iter(others["checkpoint"]), None),
                "rival_share": next(iter(others["share"]), None),
            }
        )
    return pd.DataFrame(rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the stability of every method, write the table."""
    flags = parser(__doc__)
    flags.add_argument("--stability", type=Path, nargs="+", required=True, help=".csv files")
    flags.add_argument("--output", type=Path, required=True, help="the table, .csv")
    arguments = flags.parse_args(argv)
    shares = pd.concat([read_table(path, STABILITY_COLUMNS) for path in arguments.stability])
    write_table(stability_table(shares), arguments.output)


if __name__ == "__main__":
    run(main)
