"""How far κ from fingerprints is from κ of all units, what that does to the picks of mmi, and what
fingerprints cost.

On the probe features of the embedded zoos, after a run of the default config, and on a synthetic
zoo whose checkpoints have less in common. The direct way is κ from the features of all units.
Writes errors.csv, fingerprints.csv, fingerprint-picks.csv, fingerprint-costs.csv and
fingerprints.svg to --output. Run it from the top of the repository:

    python -m benchmarks.fingerprints
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.machine import with_machine
from workflow_scripts.common.feature_file import (
    FeatureWriter,
    check_same_corpus,
    common_units,
    open_features,
)
from workflow_scripts.covariance import fingerprint, merge_fingerprints
from workflow_scripts.covariance.fingerprint import fingerprint_numbers
from workflow_scripts.covariance.gram_sums import gram_sums
from workflow_scripts.covariance.kernel_alignment import kernel_alignment
from workflow_scripts.covariance.merge_fingerprints import cosines, fingerprint_alignment
from workflow_scripts.report.figures.figure import COLUMN, figure
from workflow_scripts.selection.mutual_information import (
    greedy_mutual_information,
    mutual_information,
    precision,
)

Matrix = NDArray[np.float64]
ESTIMATES = {"corrected": fingerprint_alignment, "cosine": cosines}


def synthetic_zoo(units: int, checkpoints: int = 24, dim: int = 64) -> list[Matrix]:
    """Features of checkpoints of four families that see common directions to varying degrees."""
    generator = np.random.default_rng(0)
    decay = 1 / np.sqrt(np.arange(1, dim + 1))
    everyone = generator.normal(size=(units, dim)) * decay
    families = [generator.normal(size=(units, dim)) * decay for _ in range(4)]
    zoo = []
    for number in range(checkpoints):
        own = generator.normal(size=(units, dim)) * decay
        weights = generator.uniform(0.2, 1, size=3)
        mixed = weights[0] * everyone + weights[1] * families[number % 4] + weights[2] * own
        zoo.append(mixed @ np.linalg.qr(generator.normal(size=(dim, dim)))[0])
    return zoo


def read_zoo(folder: Path) -> list[NDArray[np.floating]]:
    """The features in a folder, at the units that all checkpoints have."""
    paths = sorted(folder.glob("*.safetensors"))
    opened = [open_features(path) for path in paths]
    check_same_corpus([path.stem for path in paths], opened)
    units = common_units(opened)
    return [one.features[units] for one in opened]


def exact_alignment(zoo: Sequence[NDArray[np.floating]]) -> Matrix:
    """The debiased κ from all units."""
    dims = [one.shape[1] for one in zoo]
    sums = gram_sums(lambda i, rows: zoo[i][rows], dims, [len(zoo[0])], 1 << 29)
    return kernel_alignment(sums[-1], "debiased")


def compare(
    name: str, zoo: Sequence[NDArray[np.floating]], lengths: Sequence[int], seeds: int, picks: int
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Rows of errors and rows of picks, for each length, seed and estimate."""
    exact = exact_alignment(zoo)
    inverse = precision(exact)
    best = greedy_mutual_information(exact, picks)
    above = np.triu_indices(len(zoo), 1)
    everywhere = np.ones(len(zoo[0]), bool)
    errors: list[tuple[object, ...]] = []
    chosen: list[tuple[object, ...]] = []
    for seed in range(seeds):
        longest = np.stack(
            [fingerprint_numbers(one, everywhere, seed, 0, max(lengths)) for one in zoo]
        )
        for length in lengths:
            for label, estimate in ESTIMATES.items():
                # A shorter fingerprint begins a longer one.
                kappa = estimate(longest[:, :length])
                error = float(np.sqrt(np.square(kappa[above] - exact[above]).mean()))
                smallest = float(np.linalg.eigvalsh(kappa)[0])
                errors.append((name, length, seed, label, error, smallest))
                if smallest <= 1e-6:
                    continue
                order = greedy_mutual_information(kappa, picks).order
                for k in range(1, picks + 1):
                    same = len(set(order[:k]) & set(best.order[:k])) / k
                    value = mutual_information(exact, inverse, order[:k])
                    loss = best.objective[k - 1] - value
                    chosen.append((name, length, seed, label, k, same, loss))
    return errors, chosen


def write_features(path: Path, features: NDArray[np.float32]) -> None:
    """As the workflow writes them."""
    metadata = {"checkpoint": path.stem, "corpus": "probe", "corpus_sha256": "0"}
    units, dim = features.shape
    with FeatureWriter(path, units, dim, "float32", metadata) as writer:
        writer.write(slice(0, units), features)


def costs(units: int, dim: int, count: int, length: int, rank: int) -> pd.DataFrame:
    """Seconds and bytes of one fingerprint of the default length, and of merging many short ones.

    Args:
        units: of the one.
        dim: of the one.
        count: how many are merged.
        length: of those.
        rank: of what they are merged to.
    """
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prints = folder / "prints"
        prints.mkdir()
        path, output = folder / "one.safetensors", folder / "one.npz"
        write_features(path, generator.standard_normal((units, dim), np.float32))
        flags = ["--features", str(path), "--output", str(output)]
        started = time.perf_counter()
        fingerprint.main(flags)
        one = time.perf_counter() - started
        default = len(np.load(output)["values"])
        size = output.stat().st_size
        for number in range(count):
            path = folder / f"{number}.safetensors"
            write_features(path, generator.standard_normal((1000, 8), np.float32))
            flags = ["--features", str(path), "--output", str(prints / f"{number}.npz")]
            fingerprint.main([*flags, "--pairs", str(length)])
            path.unlink()
        flags = ["--fingerprints", str(prints), "--output", str(folder / "zoo.npz")]
        started = time.perf_counter()
        merge_fingerprints.main([*flags, "--rank", str(rank)])
        merged = time.perf_counter() - started
    rows = [
        ("fingerprint", 1, units, dim, default, "", one, size),
        ("merge", count, "", "", length, rank, merged, ""),
    ]
    columns = ["what", "checkpoints", "units", "dim", "p", "rank", "seconds", "bytes"]
    return pd.DataFrame(rows, columns=columns)


def draw(table: pd.DataFrame, path: Path) -> None:
    """The error of the corrected estimate against the length, both axes logarithmic."""
    corrected = table[table["estimate"] == "corrected"]
    with figure(path, COLUMN, 3.4) as made:
        axes = made.subplots()
        for (name, part), marker in zip(corrected.groupby("zoo"), "os^Dv<>", strict=False):
            axes.plot(part["p"], part["rms_error"], f"{marker}-", color="black", ms=4, lw=1)
            last = part.iloc[-1]
            axes.annotate(
                name,
                (last["p"], last["rms_error"]),
                (6, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set(xscale="log", yscale="log", xlabel="numbers p")
        axes.set_ylabel("error of κ (root mean square)")
        axes.set_xlim(None, 3 * table["p"].max())


def main(argv: Sequence[str] | None = None) -> None:
    """Compare in every zoo, write tables and figure."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument(
        "--output",
        type=Path,
        default=Path("results/benchmarks"),
        help="folder of tables and figure",
    )
    flags.add_argument("--results", type=Path, default=Path("results"))
    flags.add_argument("--zoos", nargs="*", default=["digits", "stdlib"], help="in the results")
    flags.add_argument("--lengths", type=int, nargs="+", default=[1024, 4096, 16384, 65536])
    flags.add_argument("--seeds", type=int, default=20)
    flags.add_argument("--picks", type=int, default=5)
    flags.add_argument(
        "--merged", type=int, default=2000, help="fingerprints, whose merge is timed"
    )
    flags.add_argument("--synthetic-units", type=int, default=4000)
    flags.add_argument("--threads", type=int, default=2)
    arguments = flags.parse_args(argv)

    zoos: dict[str, Sequence[NDArray[np.floating]]] = {
        zoo: read_zoo(arguments.results / zoo / "features/probe") for zoo in arguments.zoos
    }
    zoos["synthetic"] = synthetic_zoo(arguments.synthetic_units)
    errors: list[tuple[object, ...]] = []
    chosen: list[tuple[object, ...]] = []
    with threadpool_limits(arguments.threads):
        took = with_machine(costs(5395, 64, arguments.merged, 4096, 128), arguments.threads)
        print(took.to_string(index=False), flush=True)
        for name, zoo in zoos.items():
            more, picked = compare(
                name, zoo, sorted(arguments.lengths), arguments.seeds, arguments.picks
            )
            errors += more
            chosen += picked
    arguments.output.mkdir(parents=True, exist_ok=True)
    took.to_csv(arguments.output / "fingerprint-costs.csv", index=False)
    table = pd.DataFrame(errors, columns=["zoo", "p", "seed", "estimate", "error", "smallest"])
    table.to_csv(arguments.output / "errors.csv", index=False)
    keys = ["zoo", "estimate", "p"]
    summary = table.groupby(keys, as_index=False).agg(
        rms_error=("error", lambda values: float(np.sqrt(np.square(values).mean()))),
        worst_seed=("error", "max"),
        seeds=("seed", "nunique"),
        smallest=("smallest", "min"),
    )
    summary.to_csv(arguments.output / "fingerprints.csv", index=False)
    print(summary.to_string(index=False))
    columns = ["zoo", "p", "seed", "estimate", "k", "overlap", "loss_nats"]
    picks = pd.DataFrame(chosen, columns=columns)
    means = picks.groupby([*keys, "k"], as_index=False)[["overlap", "loss_nats"]].mean()
    means.to_csv(arguments.output / "fingerprint-picks.csv", index=False)
    print(means[means["estimate"] == "corrected"].to_string(index=False))
    draw(summary, arguments.output / "fingerprints.svg")


if __name__ == "__main__":
    main()
