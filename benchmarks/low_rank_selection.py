"""Times greedy selection from low rank plus a diagonal, against the full matrix where that fits.

Factors are random, with directions that weigh less and less. The product UᵀU is what no selection
can do without. Of few checkpoints also the direct way, which computes the log-determinants of every
candidate set from the full matrix anew. All are on one thread; picks are checked to be the same.
Writes low_rank.csv and low_rank.svg to --output. Run it from the top of the repository:

    python -m benchmarks.low_rank_selection
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.greedy_selection import direct_greedy
from benchmarks.machine import with_machine
from workflow_scripts.report.figures.figure import COLUMN, figure
from workflow_scripts.selection.low_rank import greedy_low_rank
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
    counts: Sequence[int],
    rank: int,
    picks: int,
    dense_at_most: int,
    direct_at_most: int,
    repeats: int,
) -> pd.DataFrame:
    """A row for each number of checkpoints and kind of nugget."""
    rows = []
    for count in counts:
        for alike in (False, True):
            factor, nugget = random_low_rank(count, rank, alike)
            ours = seconds(lambda f=factor, n=nugget: greedy_low_rank(f, n, picks), repeats)
            order = greedy_low_rank(factor, nugget, picks).order
            product = seconds(lambda f=factor: f.T @ f, repeats)
            dense = direct = float("nan")
            if count <= dense_at_most:
                kappa = factor @ factor.T + np.diag(nugget)
                dense = seconds(lambda k=kappa: greedy_mutual_information(k, picks), 1)
                assert greedy_mutual_information(kappa, picks).order == order, count
                if count <= direct_at_most:
                    started = time.perf_counter()
                    assert direct_greedy(kappa, picks) == order, count
                    direct = time.perf_counter() - started
            rows.append((count, "alike" if alike else "varied", ours, product, dense, direct))
            print(
                f"m = {count:6d}, nuggets {rows[-1][1]:6}: {ours:7.3f} s, UᵀU {product:6.3f} s, "
                f"ratio {ours / product:5.1f}, full matrix {dense:7.2f} s, direct {direct:7.2f} s",
                flush=True,
            )
    columns = ["m", "nuggets", "seconds", "product", "dense_seconds", "direct_seconds"]
    table = pd.DataFrame(rows, columns=columns)
    table["ratio"] = table["seconds"] / table["product"]
    return table


def draw(table: pd.DataFrame, path: Path) -> None:
    """Seconds against the number of checkpoints, both axes logarithmic."""
    ways = {
        "direct_seconds": "direct",
        "dense_seconds": "full matrix",
        "seconds": "low rank",
        "product": "UᵀU alone",
    }
    with figure(path, COLUMN, 3.2) as made:
        panels = made.subplots(1, 2, sharey=True)
        for axes, (nuggets, part) in zip(panels, table.groupby("nuggets"), strict=True):
            for (column, label), style in zip(
                ways.items(), ("s--", "^-.", "o-", "x:"), strict=True
            ):
                axes.plot(part["m"], part[column], style, color="black", ms=4, lw=1, label=label)
            axes.set(xscale="log", yscale="log", xlabel="checkpoints m", title=f"nuggets {nuggets}")
        panels[0].set_ylabel("seconds")
        panels[0].legend(frameon=False)


def main(argv: Sequence[str] | None = None) -> None:
    """Time every size, write table and figure."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of table and figure"
    )
    flags.add_argument("--counts", type=int, nargs="+", default=[200, 1000, 2000, 10_000, 100_000])
    flags.add_argument("--rank", type=int, default=512)
    flags.add_argument("--picks", type=int, default=50)
    flags.add_argument("--dense-at-most", type=int, default=2000, help="checkpoints")
    flags.add_argument("--direct-at-most", type=int, default=200, help="checkpoints")
    flags.add_argument("--repeats", type=int, default=3)
    arguments = flags.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):
        table = time_sizes(
            arguments.counts,
            arguments.rank,
            arguments.picks,
            arguments.dense_at_most,
            arguments.direct_at_most,
            arguments.repeats,
        )
    table = table.assign(k=arguments.picks, rank=arguments.rank, repeats=arguments.repeats)
    with_machine(table, 1).to_csv(arguments.output / "low_rank.csv", index=False)
    draw(table, arguments.output / "low_rank.svg")


if __name__ == "__main__":
    main()
