"""Times our kernel alignment of all pairs against the formula, pair by pair, and the bare products.

The formula is ‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖) with centred columns, for each pair by itself as it is printed
(Huang, Qiu and Church 2021, equation 2), and with the two norms computed once for each checkpoint.
The bare products are the matrix products of the form that ours chooses, and nothing else. All are
in float32, on as many threads. Writes kernel_alignment.csv, .svg and .png to --output; the whole
grid takes about ten minutes. Features share some directions, and are random beside those. Run it
from the top of the repository: python -m benchmarks.kernel_alignment
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.kernel_alignment_figure import draw
from benchmarks.machine import machine, with_machine
from workflow_scripts.covariance.cross_products import plan_cross_products
from workflow_scripts.covariance.feature_blocks import blocks, choose_arrays
from workflow_scripts.covariance.gram_sums import cost, gram_sums
from workflow_scripts.covariance.gram_tiles import plan_gram_tiles
from workflow_scripts.covariance.kernel_alignment import kernel_alignment

Features = list[NDArray[np.float32]]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """What one size took; seconds are medians, and empty where they would have taken too long.

    Attributes:
        checkpoints: N.
        units: n.
        dim: d.
        form: the one that ours chose.
        ours: seconds.
        bare: seconds of the products of that form.
        formula: seconds of the formula for each pair by itself.
        formula_norms_once: seconds of it with each norm computed once.
        difference: the largest from the formula in float64, over pairs of the first checkpoint.
    """

    checkpoints: int
    units: int
    dim: int
    form: str
    ours: float
    bare: float
    formula: float
    formula_norms_once: float
    difference: float


def some_features(checkpoints: int, units: int, dim: int) -> Features:
    """Features of checkpoints that have 20 directions in common, far from zero."""
    generator = np.random.default_rng(0)
    shared = generator.normal(size=(units, 20)).astype(np.float32)
    features = []
    for _ in range(checkpoints):
        mixing = generator.normal(size=(20, dim)).astype(np.float32)
        noise = generator.standard_normal(size=(units, dim), dtype=np.float32)
        features.append(shared @ mixing + noise + np.float32(5))
    return features


def formula(features: Features, *, norms_once: bool) -> Matrix:
    """κ pair by pair."""
    centred = [matrix - matrix.mean(axis=0) for matrix in features]
    norms = [squared(x.T @ x) ** 0.5 for x in centred] if norms_once else []
    kappa = np.eye(len(features))
    for i, x in enumerate(centred):
        for j, y in enumerate(centred[:i]):
            own = (
                norms[i] * norms[j]
                if norms_once
                else squared(x.T @ x) ** 0.5 * squared(y.T @ y) ** 0.5
            )
            kappa[i, j] = kappa[j, i] = squared(x.T @ y) / own
    return kappa


def squared(product: NDArray[np.floating]) -> float:
    """The squared Frobenius norm."""
    return float(np.vdot(product, product))


def exact_row(features: Features) -> Matrix:
    """κ of the first checkpoint with the others, by the formula in float64."""
    first = features[0].astype(np.float64)
    first -= first.mean(axis=0)
    own = squared(first.T @ first)
    row = []
    for matrix in features[1:]:
        other = matrix.astype(np.float64)
        other -= other.mean(axis=0)
        row.append(squared(first.T @ other) / (own * squared(other.T @ other)) ** 0.5)
    return np.array(row)


def our_kappa(features: Features, memory_bytes: int) -> Matrix:
    """κ as the workflow estimates it."""
    with choose_arrays("cpu") as arrays:
        (sums,) = gram_sums(
            lambda i, rows: features[i][rows],
            [matrix.shape[1] for matrix in features],
            [len(features[0])],
            memory_bytes,
            arrays=arrays,
        )
    return kernel_alignment(sums, "biased")


def bare_tiles(features: Features, block_rows: int) -> None:
    """The products that make tiles of half of all Gram matrices, and those of the tiles."""
    count, units = len(features), len(features[0])
    space = np.zeros((count, block_rows**2 + 16), np.float32)

    def tile(rows: slice, columns: slice, i: int) -> None:
        above, beside = features[i][rows], features[i][columns]
        out = space[i, : len(above) * len(beside)].reshape(len(above), len(beside))
        np.matmul(above, beside.T, out=out)

    def product(part: slice) -> None:
        np.matmul(space[:, part], space[:, part].T)

    with choose_arrays("cpu") as arrays:
        for columns in blocks(0, units, block_rows):
            for rows in blocks(0, columns.stop, block_rows):
                arrays.each(partial(tile, rows, columns), range(count))
                size = (rows.stop - rows.start) * (columns.stop - columns.start)
                arrays.each(product, blocks(0, size, 16_384))


def bare_cross_products(features: Features, block_rows: int) -> None:
    """The products of all pairs of features."""
    with choose_arrays("cpu") as arrays:
        for rows in blocks(0, len(features[0]), block_rows):
            parts = [matrix[rows] for matrix in features]
            pairs = [(x, y) for i, x in enumerate(parts) for y in parts[i:]]
            arrays.each(lambda pair: np.matmul(pair[0].T, pair[1]), pairs)


def form_of(features: Features, memory_bytes: int) -> tuple[str, Callable[[], object]]:
    """The form that ours chooses, and its bare products."""
    dims, units = [matrix.shape[1] for matrix in features], len(features[0])
    everything = range(len(dims))
    cross = plan_cross_products(dims, units, memory_bytes, everything)
    tiles = plan_gram_tiles(dims, units, memory_bytes, everything)
    if cost(cross) <= cost(tiles):
        return "cross products", lambda: bare_cross_products(features, cross.block_rows)
    return "Gram tiles", lambda: bare_tiles(features, min(tiles.block_rows, units))


def medians(ways: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each way, each repetition timing all of them in turn."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats):
        order = list(ways) if repeat % 2 else list(ways)[::-1]
        for name in order:
            started = time.perf_counter()
            ways[name]()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def rate() -> float:
    """Operations a second of a large product in float32."""
    matrix = np.ones((2_000, 2_000), np.float32)
    matrix @ matrix
    seconds = medians({"product": lambda: matrix @ matrix}, 5)["product"]
    return 2 * 2_000**3 / seconds


def measure(
    size: tuple[int, int], arguments: argparse.Namespace, operations_a_second: float
) -> Row:
    """Time one size."""
    checkpoints, units = size
    features = some_features(checkpoints, units, arguments.dim)
    memory_bytes = arguments.memory_mb << 20
    form, bare = form_of(features, memory_bytes)
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: our_kappa(features, memory_bytes),
        "bare": bare,
    }
    product = 2 * units * arguments.dim**2 / operations_a_second
    pairs = checkpoints * (checkpoints - 1) // 2
    if 3 * pairs * product < arguments.longest:
        ways["formula"] = lambda: formula(features, norms_once=False)
    if (pairs + checkpoints) * product < arguments.longest:
        ways["formula_norms_once"] = lambda: formula(features, norms_once=True)
    # The first product of a process starts threads, and the first use of memory costs.
    kappa = our_kappa(features, memory_bytes)
    difference = np.abs(kappa[0, 1:] - exact_row(features)).max()
    seconds = dict.fromkeys(("formula", "formula_norms_once"), float("nan"))
    seconds |= medians(ways, arguments.repeats)
    return Row(checkpoints, units, arguments.dim, form, difference=float(difference), **seconds)


def described(row: Row, longest: float) -> Iterator[str]:
    """What one size took, in words."""
    yield (
        f"{row.checkpoints} checkpoints, {row.units} units, {row.dim} dims ({row.form}): "
        f"ours {row.ours:.2f} s, {row.ours / row.bare:.2f} times the bare products "
        f"({row.bare:.2f} s); largest difference from float64 {row.difference:.1e}"
    )
    for name, seconds in (
        ("formula for each pair", row.formula),
        ("formula with norms once", row.formula_norms_once),
    ):
        if np.isnan(seconds):
            yield f"  {name}: left out, it would take more than {longest:.0f} s"
        else:
            yield f"  {name}: {seconds:.2f} s, ours is {seconds / row.ours:.1f} times as fast"


def table_of(rows: Sequence[Row]) -> pd.DataFrame:
    """A row for each size, with how ours compares to the bare products and to the formulae."""
    table = pd.DataFrame([astuple(row) for row in rows], columns=[f.name for f in fields(Row)])
    table["ours/bare"] = table["ours"] / table["bare"]
    for way in ("formula", "formula_norms_once"):
        table[f"{way}/ours"] = table[way] / table["ours"]
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Time all sizes, print what they took, write a table and a figure."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--checkpoints", type=int, nargs="+", default=[10, 34, 100])
    flags.add_argument("--units", type=int, nargs="+", default=[1_000, 4_000, 10_000])
    flags.add_argument("--dim", type=int, default=768)
    flags.add_argument(
        "--only", type=int, nargs=2, action="append", metavar=("N", "UNITS"), help="just this size"
    )
    flags.add_argument("--repeats", type=int, default=3)
    flags.add_argument("--threads", type=int, default=2)
    flags.add_argument("--memory-mb", type=int, default=1500)
    flags.add_argument(
        "--longest", type=float, default=60, help="seconds beyond which a formula is left out"
    )
    flags.add_argument("--output", type=Path, default=Path("results/benchmarks"))
    arguments = flags.parse_args(argv)

    sizes = [(n, units) for n in arguments.checkpoints for units in arguments.units]
    sizes = [tuple(size) for size in arguments.only] if arguments.only else [*sizes, (40, 4_000)]
    where = f"{machine()}, {arguments.threads} threads"
    arguments.output.mkdir(parents=True, exist_ok=True)
    table_path = arguments.output / "kernel_alignment.csv"
    rows: list[Row] = []
    with threadpool_limits(arguments.threads):
        operations = rate()
        print(f"{where}; {operations / 1e9:.0f} GFLOP/s in float32; medians of {arguments.repeats}")
        for size in dict.fromkeys(sizes):
            rows.append(measure(size, arguments, operations))
            print(*described(rows[-1], arguments.longest), sep="\n", flush=True)
            # After each, so that nothing is lost where the rest takes too long.
            table = with_machine(table_of(rows), arguments.threads)
            table.to_csv(table_path, index=False)
    draw(table, arguments.output, where)
    print(f"written to {table_path}")


if __name__ == "__main__":
    main()
