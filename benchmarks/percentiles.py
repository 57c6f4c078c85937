"""How good are the methods' sets, over several seeds of a whole zoo?

    python -m benchmarks.percentiles --zoo digits --seeds 0 1 2 3 4 --sizes 2 3 5 8 --draws 30

Runs the workflow for each seed of a zoo of config.yaml (a seed decides data, classes, initial
weights and batches), and asks which share of random sets of its size each method beats, by the
mean test score over tasks. Writes percentiles.csv, summary.csv and percentiles.svg to --output. The
seeds are independent zoos, so the intervals over them are Student's.
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

from workflow_scripts.report.statistics import percentiles
from workflow_scripts.report.style import GREY, figure, method_styles

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


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Over seeds: each method's mean percentile at every size and over sizes, and its interval."""
    over_sizes = table.groupby(["method", "seed"])["percentile"].mean().reset_index()
    parts = [table[["method", "k", "seed", "percentile"]], over_sizes.assign(k="all")]
    rows = [
        (
            method,
            k,
            len(group),
            group["percentile"].mean(),
            half_width(group["percentile"].to_numpy()),
        )
        for part in parts
        for (method, k), group in part.groupby(["method", "k"])
    ]
    summary = pd.DataFrame(rows, columns=["method", "k", "seeds", "percentile", "half_width"])
    summary["low"] = (summary["percentile"] - summary["half_width"]).clip(lower=0)
    summary["high"] = (summary["percentile"] + summary["half_width"]).clip(upper=1)
    return summary.drop(columns="half_width")


def draw(table: pd.DataFrame, summary: pd.DataFrame, path: Path) -> None:
    """A line for each method: its percentile on every seed, averaged over k, and the mean."""
    over = summary[summary["k"] == "all"].sort_values("percentile")
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
    arguments = flags.parse_args(argv)
    arguments.output.mkdir(parents=True, exist_ok=True)
    zoo = arguments.zoo
    table = pd.concat(
        [
            run_seed(zoo, seed, arguments.sizes, arguments.draws, arguments.cores, arguments.output)
            for seed in arguments.seeds
        ]
    )
    summary = summarise(table)
    table.to_csv(arguments.output / f"{zoo}.csv", index=False)
    summary.to_csv(arguments.output / f"{zoo}.summary.csv", index=False)
    draw(table, summary, arguments.output / f"{zoo}.svg")
    shown = summary.pivot(index="method", columns="k", values="percentile")
    over = summary[summary["k"] == "all"].set_index("method")
    shown["95% of all"] = [
        f"{over.loc[m, 'low']:.2f} to {over.loc[m, 'high']:.2f}" for m in shown.index
    ]
    print(shown.to_string(float_format=lambda value: f"{value:.2f}"))
    print(f"{len(arguments.seeds)} seeds of {zoo}, {arguments.draws} random sets of each size")


if __name__ == "__main__":
    main()
