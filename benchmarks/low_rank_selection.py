"""Times greedy selection from low rank plus a diagonal, against the full matrix where that fits.

Factors are random, with directions that weigh less and less. The product UᵀU is what no selection
can do without. Run it from the top of the repository:

    python -m benchmarks.low_rank_selection --output FOLDER
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from workflow_scripts.selection.low_rank_selection import greedy_low_rank
from workflow_scripts.selection.mutual_information import greedy_mutual_information

Matrix = NDArray[np.float64]


def random_low_rank(count: int, rank: int, alike: bool) -> tuple[Matrix, Matrix]:
    """U [m, r] and the nugget [m], from 0.05 to 0.7, or 0.4 for all if they are alike."""
    generator = np.random.default_rng(count)
    factor = generator.normal(size=(count, rank)) / np.sqrt(np.arange(1, rank + 1))
    nugget = np.full(count, 0.4) if alike else generator.uniform(0.05, 0.7, count)
    factor *= np.sqrt((1 - nugget) / np.square(factor).sum(axis=1))[:, None]
    return factor, nugget


def seconds(call: Callable[[], object], repeats: int) -> float:
    """The fastest of some repetitions."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def time_sizes(
    counts: Sequence[int], rank: int, picks: int, dense_at_most: int, repeats: int
) -> pd.DataFrame:
    """A row for each number of checkpoints and kind of nugget."""
    rows = []
    for count in counts:
        for alike in (False, True):
            factor, nugget = random_low_rank(count, rank, alike)
            ours = seconds(lambda f=factor, n=nugget: greedy_low_rank(f, n, picks), repeats)
            with threadpool_limits(1, user_api="blas"):
                product = seconds(lambda f=factor: f.T @ f, repeats)
            dense = float("nan")
            if count <= dense_at_most:
                kappa = factor @ factor.T + np.diag(nugget)
                dense = seconds(lambda k=kappa: greedy_mutual_information(k, picks), 1)
                full = greedy_mutual_information(kappa, picks)
                assert greedy_low_rank(factor, nugget, picks).order == full.order, count
            rows.append((count, "alike" if alike else "varied", ours, product, dense))
            print(
                f"m = {count:6d}, nuggets {rows[-1][1]:6}: {ours:7.3f} s, UᵀU {product:6.3f} s, "
                f"ratio {ours / product:5.1f}, full matrix {dense:7.2f} s",
                flush=True,
            )
    table = pd.DataFrame(rows, columns=["m", "nuggets", "seconds", "product", "dense_seconds"])
    table["ratio"] = table["seconds"] / table["product"]
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Time every size, write the table."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--output", type=Path, required=True, help="folder of the table")
    flags.add_argument("--counts", type=int, nargs="+", default=[1000, 2000, 10_000, 100_000])
    flags.add_argument("--rank", type=int, default=512)
    flags.add_argument("--picks", type=int, default=50)
    flags.add_argument("--dense-at-most", type=int, default=2000, help="checkpoints")
    flags.add_argument("--repeats", type=int, default=3)
    arguments = flags.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    table = time_sizes(
        arguments.counts,
        arguments.rank,
        arguments.picks,
        arguments.dense_at_most,
        arguments.repeats,
    )
    table.to_csv(arguments.output / "low_rank_selection.csv", index=False)


if __name__ == "__main__":
    main()
