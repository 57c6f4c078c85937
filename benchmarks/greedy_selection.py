"""Times greedy selection against the direct way, and proves the best sets of a covariance.

The direct way computes the log-determinants of every candidate set anew. Covariances are those of
random features. The bare product is that of two matrices of their size, which tells what the
machine can do. Writes greedy.csv and greedy.svg to --output, and proofs.csv where a covariance is
given. Run it from the top of the repository:

    python -m benchmarks.greedy_selection [--covariance FILE --names FILE]
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.machine import with_machine
from workflow_scripts.common.covariance_input import checked, read_matrix
from workflow_scripts.report.figures.figure import COLUMN, figure
from workflow_scripts.selection.bounds import upper_bounds
from workflow_scripts.selection.branch_and_bound import best_set
from workflow_scripts.selection.mutual_information import (
    greedy,
    greedy_mutual_information,
    improve_by_swaps,
    precision,
)

Matrix = NDArray[np.float64]


def random_covariance(count: int) -> Matrix:
    """[m, m], of m checkpoints with m + m / 4 random features that have some in common."""
    generator = np.random.default_rng(count)
    features = generator.normal(size=(count, count + count // 4))
    features[:, : count // 10 + 1] += 0.5
    covariance = features @ features.T
    scale = np.sqrt(np.diag(covariance))
    covariance /= np.outer(scale, scale)
    np.fill_diagonal(covariance, 1.0)
    return covariance


def direct_greedy(kappa: Matrix, picks: int) -> list[int]:
    """MI(A; V∖A) by its definition, for every candidate at every step."""
    order: list[int] = []
    for _ in range(picks):
        values = {}
        for candidate in set(range(len(kappa))) - set(order):
            inside = [*order, candidate]
            rest = np.setdiff1d(np.arange(len(kappa)), inside)
            values[candidate] = (
                np.linalg.slogdet(kappa[np.ix_(inside, inside)])[1]
                + np.linalg.slogdet(kappa[np.ix_(rest, rest)])[1]
            )
        order.append(max(sorted(values), key=values.__getitem__))
    return order


def seconds(call: Callable[[], object], at_least: float = 0.2) -> float:
    """The fastest of as many repetitions as take some time."""
    times: list[float] = []
    while not times or sum(times) < at_least:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def time_sizes(cases: Sequence[tuple[int, int]], naive_limit: float) -> pd.DataFrame:
    """Both ways for each number of checkpoints and picks; the direct one where it is expected to
    take less than a limit, in seconds."""
    rows = []
    for count, picks in cases:
        kappa = random_covariance(count)
        ours = seconds(lambda kappa=kappa, picks=picks: greedy_mutual_information(kappa, picks))
        order = greedy_mutual_information(kappa, picks).order
        product = seconds(lambda kappa=kappa: kappa @ kappa)
        one = seconds(lambda kappa=kappa: np.linalg.slogdet(kappa))
        direct = float("nan")
        if one * count * picks < naive_limit:
            started = time.perf_counter()
            naive = direct_greedy(kappa, picks)
            direct = time.perf_counter() - started
            assert naive == order, f"m = {count}: the picks differ"
        rows.append((count, picks, ours, direct, product))
        print(
            f"m = {count:5d}, k = {picks:3d}: ours {ours:9.4f} s, {ours / product:7.1f} bare "
            f"products; direct {direct:9.2f} s, {direct / ours:8.0f} times as long",
            flush=True,
        )
    table = pd.DataFrame(rows, columns=["m", "k", "seconds", "direct_seconds", "product_seconds"])
    table["direct/ours"] = table["direct_seconds"] / table["seconds"]
    table["ours/product"] = table["seconds"] / table["product_seconds"]
    return table


def draw(table: pd.DataFrame, path: Path) -> None:
    """Seconds against the number of checkpoints, both axes logarithmic."""
    ways = {
        "direct_seconds": ("direct", "s--"),
        "seconds": ("incremental", "o-"),
        "product_seconds": ("bare product", "x:"),
    }
    with figure(path, COLUMN, 3.4) as made:
        axes = made.subplots()
        for column, (label, style) in ways.items():
            axes.plot(table["m"], table[column], style, color="black", ms=4, lw=1, label=label)
        axes.set(xscale="log", yscale="log", xlabel="checkpoints m", ylabel="seconds")
        axes.legend(frameon=False)


def prove_sizes(kappa: Matrix, largest: int, time_limit: float) -> pd.DataFrame:
    """The best set of every size, each begun with greedy picks improved by swaps."""
    started = time.perf_counter()
    matrices = [kappa, precision(kappa)]
    nested = greedy(matrices, largest)
    rows = []
    for size in range(1, largest + 1):
        before = time.perf_counter()
        picks = improve_by_swaps(matrices, nested.order[:size])
        bound = upper_bounds(matrices, [size])[size]
        found = best_set(matrices, size, picks, bound, time_limit=time_limit)
        took = time.perf_counter() - before
        value = nested.objective[size - 1]
        rows.append((size, value, found.objective, found.bound, found.nodes, took))
        print(
            f"k = {size:2d}: greedy {value:.4f}, best {found.objective:.4f}, "
            f"gap {found.bound - found.objective:.1e} nats, {found.nodes:4d} nodes, {took:6.2f} s",
            flush=True,
        )
    print(f"all sizes: {time.perf_counter() - started:.1f} s")
    return pd.DataFrame(rows, columns=["k", "greedy", "best", "bound", "nodes", "seconds"])


def main(argv: Sequence[str] | None = None) -> None:
    """Time, draw, and prove where there is a covariance."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument(
        "--output",
        type=Path,
        default=Path("results/benchmarks"),
        help="folder of tables and figure",
    )
    flags.add_argument("--threads", type=int, default=1)
    flags.add_argument(
        "--counts", type=int, nargs="+", default=[34, 100, 200, 400, 1000, 2000, 5000]
    )
    flags.add_argument("--naive-limit", type=float, default=300.0, help="seconds")
    flags.add_argument("--covariance", type=Path, help="whose best sets are proven")
    flags.add_argument("--names", type=Path, help="of the rows of a .npy")
    flags.add_argument("--time-limit", type=float, default=60.0, help="seconds for each size")
    arguments = flags.parse_args(argv)

    arguments.output.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(arguments.threads):
        if arguments.covariance:
            kappa = checked(read_matrix(arguments.covariance, arguments.names), jitter=0).values
            proofs = prove_sizes(kappa, len(kappa) // 2, arguments.time_limit)
            proofs = with_machine(proofs, arguments.threads)
            proofs.to_csv(arguments.output / "proofs.csv", index=False)
        cases = [(one, 100 if one >= 1000 else min(20, one // 2)) for one in arguments.counts]
        table = with_machine(time_sizes(cases, arguments.naive_limit), arguments.threads)
    table.to_csv(arguments.output / "greedy.csv", index=False)
    draw(table, arguments.output / "greedy.svg")


if __name__ == "__main__":
    main()
