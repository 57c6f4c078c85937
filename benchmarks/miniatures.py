"""Do the miniatures of stdlib know more than networks with random weights?

    snakemake --configfile configs/stdlib-untrained.yaml --cores all
    python -m benchmarks.miniatures

Reads what that run found: of each checkpoint the loss on held-out text, that of guessing by
frequency alone, and the mean test scores of its features and of its untrained twin's. Writes
miniatures.csv to --output.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def miniatures(checkpoints: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """One row per checkpoint.

    Args:
        checkpoints: ``tables/checkpoints.csv``.
        scores: ``scores.csv``; of single checkpoints, those that stand alone.
    """
    table = checkpoints.set_index("checkpoint")
    alone = scores[scores["k"] == 1].drop_duplicates(["task", "checkpoints"])
    score = alone.groupby("checkpoints")["test_score"].mean()
    names = [name for name in table.index if not name.endswith("-untrained")]
    found = table.loc[names, ["unigram_entropy", "heldout_loss"]]
    found["untrained_score"] = [score[f"{name}-untrained"] for name in names]
    found["score"] = [score[name] for name in names]
    return found.reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Read the tables, write one."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--results", type=Path, default=Path("results/untrained"))
    flags.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of the table"
    )
    arguments = flags.parse_args(argv)
    read = (
        pd.read_csv(arguments.results / name) for name in ("tables/checkpoints.csv", "scores.csv")
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    miniatures(*read).to_csv(arguments.output / "miniatures.csv", index=False)


if __name__ == "__main__":
    main()
