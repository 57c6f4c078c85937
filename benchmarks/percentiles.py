"""How good are the methods' sets, over several seeds of a whole zoo?

    python -m benchmarks.percentiles --zoo digits --seeds 0 1 2 3 4 --sizes 2 3 5 8 --draws 30

Runs the workflow for each seed of a zoo of config.yaml (a seed decides data, classes, initial
weights and batches), and asks which share of random sets of its size each method beats, by the
mean test score over tasks. Writes ZOO.csv, ZOO.summary.csv and ZOO.svg to --output; --summarise
makes the last two anew from a ZOO.csv. The seeds are independent zoos, so the intervals over them
are Student's; that of a single seed is Jeffreys', over its random sets.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from scipy.special import stdtrit

from workflow_scripts.report.figures.figure import figure
from workflow_scripts.report.statistics import percentiles
from workflow_scripts.report.style import GREY, method_styles

ROOT = Path(__file__).parents[1]


def zoo_of_seed(zoo: str, seed: int, sizes: list[int], draws: int) -> dict[str, object]:
    """The settings of a zoo with another seed, other sizes and more random sets."""
    settings = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["zoos"][zoo]
    methods = settings["selection"]["methods"]
    methods["random"] |= {"draws": draws}
    methods.setdefault("mmi-hub", {"method": "mmi", "start": "hub"})
    methods.setdefault("entropy", {})
    methods.setdefault("expected_risk", {})
    methods.setdefault("quality_entropy", {"quality": "rankme"})
    methods.pop("single", None)
    settings["selection"]["sizes"] = sizes
    settings["seed"] = seed
    settings["stability"] = {"replicates": 0}
    return {"zoos": {f"{zoo}-seed-{seed}": settings}}


def run_seed(
    zoo: str, seed: int, sizes: list[int], draws: int, cores: int, output: Path
) -> pd.DataFrame:
    """The percentiles of every method on one seed of a zoo."""
    config = output / f"{zoo}-seed-{seed}.yaml"
    config.write_text(yaml.safe_dump(zoo_of_seed(zoo, seed, sizes, draws)), encoding="utf-8")
    scores = f"results/{zoo}-seed-{seed}/scores.csv"
    subprocess.run(
        [sys.executable, "-m", "snakemake", scores, "--configfile", str(config.resolve())]
        + ["--cores", str(cores), "--quiet", "all"],
        cwd=ROOT,
        check=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    table = percentiles(pd.read_csv(ROOT / scores), "random")
    return table.assign(zoo=zoo, seed=seed)


def half_width(values: NDArray[np.float64]) -> float:
    """Half of the 95% interval of a mean by Student's t; not a number for a single value."""
    count = len(values)
    if count < 2:
        return float("nan")
    return float(stdtrit(count - 1, 0.975) * values.std(ddof=1) / np.sqrt(count))


def interval(group: pd.DataFrame) -> tuple[float, float]:
    """The 95% interval of a method's mean percentile at one size, or over sizes.

    Over seeds, where there are several. Over the random sets of a single seed only at one size:
    sets of other sizes are other samples.
    """
    if len(group) == 1 and "percentile_low" in group:
        return group["percentile_low"].iloc[0], group["percentile_high"].iloc[0]
    half = half_width(group["percentile"].to_numpy())
    mean = group["percentile"].mean()
    return float(np.clip(mean - half, 0, 1)), float(np.clip(mean + half, 0, 1))


def summarise(table: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Over seeds: each method's mean percentile at every size and over sizes, and its interval.

    A random set beats half of the others of its size, on the mean over all of them: each pair has
    one that is ahead, and a tie counts by half. So ``random`` has no interval.

    Args:
        table: a row for each method, size and seed.
        draws: the random sets of each size.
    """
    over_sizes = table.groupby(["method", "seed"])["percentile"].mean().reset_index()
    rows = []
    for part in (table, over_sizes.assign(k="all")):
        rows += [
            (method, k, len(group), draws, group["percentile"].mean(), *interval(group))
            for (method, k), group in part.groupby(["method", "k"])
        ]
        rows += [
            ("random", k, group["seed"].nunique(), draws, 0.5, np.nan, np.nan)
            for k, group in part.groupby("k")
        ]
    columns = ["method", "k", "seeds", "random_sets", "percentile", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def draw(table: pd.DataFrame, summary: pd.DataFrame, path: Path) -> None:
    """A line for each method: its percentile on every seed, averaged over k, and the mean."""
    over = summary[summary["k"] == "all"].sort_values("percentile")
    over = over[over["method"] != "random"]
    styles = method_styles(over["method"])
    means = table.groupby(["method", "seed"])["percentile"].mean()
    with figure(path, 7.2, 0.4 * len(over) + 1.2) as made:
        axes = made.subplots()
        axes.axvline(0.5, color=GREY, lw=1.2, ls="--")
        for place, row in enumerate(over.to_dict("records")):
            colour = styles[row["method"]][0]
            axes.plot(means[row["method"]], [place] * row["seeds"], "|", color=colour, ms=9)
            axes.hlines(place, row["low"], row["high"], color=colour, lw=1.4)
            axes.plot(row["percentile"], place, "o", color=colour, ms=6)
        axes.set_yticks(range(len(over)), over["method"])
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(
            "share of random sets beaten, averaged over k\n"
            "(strokes: seeds; line: 95% interval of the mean; dashed: a random set)"
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, run every seed, write tables and figure."""
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--zoo", default="digits", help="of config.yaml")
    flags.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    flags.add_argument("--sizes", type=int, nargs="+", default=[2, 3, 5, 8], help="of the sets")
    flags.add_argument("--draws", type=int, default=30, help="random sets of each size")
    flags.add_argument("--cores", type=int, default=os.cpu_count())
    flags.add_argument("--output", type=Path, default=Path("results/benchmarks/percentiles"))
    flags.add_argument("--summarise", type=Path, metavar="ZOO.csv", help="and run nothing")
    arguments = flags.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    zoo, seeds, sizes, draws = arguments.zoo, arguments.seeds, arguments.sizes, arguments.draws
    if arguments.summarise:
        table = pd.read_csv(arguments.summarise)
        [zoo] = table["zoo"].unique()
    else:
        table = pd.concat(
            [run_seed(zoo, seed, sizes, draws, arguments.cores, arguments.output) for seed in seeds]
        )
        table.to_csv(arguments.output / f"{zoo}.csv", index=False)
    summary = summarise(table, draws)
    summary.to_csv(arguments.output / f"{zoo}.summary.csv", index=False)
    draw(table, summary, arguments.output / f"{zoo}.svg")
    shown = summary.pivot(index="method", columns="k", values="percentile")
    over = summary[summary["k"] == "all"].set_index("method")
    shown["95% of all"] = [
        f"{over.loc[m, 'low']:.2f} to {over.loc[m, 'high']:.2f}" for m in shown.index
    ]
    print(shown.to_string(float_format=lambda value: f"{value:.2f}"))
    print(f"{table['seed'].nunique()} seeds of {zoo}, {draws} random sets of each size")


if __name__ == "__main__":
    main()
