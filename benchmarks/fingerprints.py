"""How far κ from fingerprints is from κ of all units, and what that does to the picks of mmi.

Each --features-folder holds a zoo, CHECKPOINT.safetensors; without any, a synthetic one is made.
Run it from the top of the repository:

    python -m benchmarks.fingerprints --output FOLDER [--features-folder FOLDER …]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_scripts.common.feature_file import check_same_corpus, common_units, open_features
from workflow_scripts.covariance.fingerprint_alignment import cosines, fingerprint_alignment
from workflow_scripts.covariance.gram_entries import fingerprint_numbers
from workflow_scripts.covariance.gram_sums import gram_sums
from workflow_scripts.covariance.kernel_alignment import kernel_alignment
from workflow_scripts.selection.mutual_information import (
    greedy_mutual_information,
    mutual_information,
    precision,
)

Matrix = NDArray[np.float64]
ESTIMATES = {"corrected": fingerprint_alignment, "cosine": cosines}


def synthetic_zoo(checkpoints: int = 24, units: int = 4000, dim: int = 64) -> list[Matrix]:
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


def draw(table: pd.DataFrame, path: Path) -> None:
    """The error of the corrected estimate against the length, both axes logarithmic."""
    made, axes = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    corrected = table[table["estimate"] == "corrected"]
    for (name, part), marker in zip(corrected.groupby("zoo"), "os^Dv<>", strict=False):
        axes.plot(part["p"], part["rms_error"], f"{marker}-", color="black", ms=4, lw=1)
        last = part.iloc[-1]
        axes.annotate(
            name, (last["p"], last["rms_error"]), (6, 0), textcoords="offset points", va="center"
        )
    axes.set(xscale="log", yscale="log", xlabel="numbers p", ylabel="error of κ (root mean square)")
    axes.set_xlim(None, 3 * table["p"].max())
    made.savefig(path)
    plt.close(made)


def main(argv: Sequence[str] | None = None) -> None:
    """Compare in every zoo, write tables and figure."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--output", type=Path, required=True, help="folder of tables and figure")
    flags.add_argument("--features-folder", type=Path, action="append", help="of a zoo; repeatable")
    flags.add_argument("--names", nargs="+", help="of the zoos, in the same order")
    flags.add_argument("--lengths", type=int, nargs="+", default=[1024, 4096, 16384, 65536])
    flags.add_argument("--seeds", type=int, default=20)
    flags.add_argument("--picks", type=int, default=5)
    arguments = flags.parse_args(argv)

    folders = arguments.features_folder or []
    names = arguments.names or [str(folder) for folder in folders]
    zoos = dict(zip(names, map(read_zoo, folders), strict=True)) or {"synthetic": synthetic_zoo()}
    errors: list[tuple[object, ...]] = []
    chosen: list[tuple[object, ...]] = []
    for name, zoo in zoos.items():
        more, picked = compare(
            name, zoo, sorted(arguments.lengths), arguments.seeds, arguments.picks
        )
        errors += more
        chosen += picked
    arguments.output.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(errors, columns=["zoo", "p", "seed", "estimate", "error", "smallest"])
    table.to_csv(arguments.output / "errors.csv", index=False)
    keys = ["zoo", "estimate", "p"]
    summary = table.groupby(keys, as_index=False).agg(
        rms_error=("error", lambda values: float(np.sqrt(np.square(values).mean()))),
        worst_seed=("error", "max"),
        smallest=("smallest", "min"),
    )
    summary.to_csv(arguments.output / "fingerprints.csv", index=False)
    print(summary.to_string(index=False))
    columns = ["zoo", "p", "seed", "estimate", "k", "overlap", "loss_nats"]
    picks = pd.DataFrame(chosen, columns=columns)
    means = picks.groupby([*keys, "k"], as_index=False)[["overlap", "loss_nats"]].mean()
    means.to_csv(arguments.output / "picks.csv", index=False)
    print(means[means["estimate"] == "corrected"].to_string(index=False))
    draw(summary, arguments.output / "fingerprints.svg")


if __name__ == "__main__":
    main()
