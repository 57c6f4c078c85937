"""Do the miniatures of stdlib know more than networks with random weights?

    snakemake --configfile configs/stdlib-untrained.yaml --cores all
    python -m benchmarks.miniatures --output miniatures.csv

Reads what that run found: of each checkpoint the loss on held-out text, that of guessing by
frequency alone, and the mean test scores of its features and of its untrained twin's.
"""

import argparse
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


def main() -> None:
    """Read the tables, write one."""
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--results", type=Path, default=Path("results/untrained"))
    flags.add_argument("--output", type=Path, required=True)
    arguments = flags.parse_args()
    read = (
        pd.read_csv(arguments.results / name) for name in ("tables/checkpoints.csv", "scores.csv")
    )
    miniatures(*read).to_csv(arguments.output, index=False)


if __name__ == "__main__":
    main()
