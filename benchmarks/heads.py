"""Times many heads at a time against a process per head, and against one at a time in one process.

On tasks of the embedded zoos, after a run of the default config, and on a synthetic task of 200,000
words. All ways use the same units, batches, epochs and seeds, and dev chooses the epoch; no
head stops early. Times are wall clock on as many threads; peak memory is that of the whole job.
Writes heads.csv and heads.svg to --output. Run it from the top of the repository:

    python -m benchmarks.heads
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.machine import machine, with_machine
from benchmarks.one_head import read_examples, train_one
from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.seeded_order import seeded_integer, seeded_order
from workflow_scripts.common.task_file import Task, read_task, write_task
from workflow_scripts.report.figures.figure import COLUMN, figure

SYNTHETIC_WORDS = 200_000
SYNTHETIC_DIM = 768
SYNTHETIC_CHECKPOINTS = 8


@dataclass(frozen=True)
class Row:
    """What the heads of one task took.

    Attributes:
        task: zoo and task.
        solver: adam or sgd.
        heads: number of selections.
        k: checkpoints of each.
        units: training units.
        classes: that training units have.
        job: seconds of a job of the workflow that trains all of them.
        processes: seconds of a process for each of them.
        loop: seconds of one at a time, reading included, in a process that has imported everything.
        together: seconds of the job in such a process.
        difference: mean absolute difference of test scores from those of one at a time.
        peak_mb: megabytes that the job held at most.
    """

    task: str
    solver: str
    heads: int
    k: int
    units: int
    classes: int
    job: float
    processes: float
    loop: float
    together: float
    difference: float
    peak_mb: float


def subsets_of(names: Sequence[str], k: int, heads: int) -> list[tuple[str, ...]]:
    """Distinct sets of k names."""
    found: dict[tuple[str, ...], None] = {}
    attempt = 0
    while len(found) < heads:
        found[tuple(sorted(seeded_order(names, "benchmark", attempt)[:k]))] = None
        attempt += 1
    return sorted(found)


def job_command(
    task: Path, folder: Path, names: Sequence[str], table: Path, k: int, solver: str, epochs: int
) -> list[str]:
    """The command of a job of the workflow."""
    return [
        *(sys.executable, "-m", "workflow_scripts.evaluation.evaluate", "--zoo", "benchmark"),
        *("--task", str(task), "--features-folder", str(folder), "--checkpoints", *names),
        *("--selections", str(table), "--k", str(k), "--solver", solver),
        *("--epochs", str(epochs), "--patience", "0", "--device", "cpu"),
        *("--output", str(table.with_name("scores.csv"))),
    ]


# Runs a job and says what it took; alone in its process, so that the peak is the job's.
_MEASURE = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, capture_output=True)
took = time.perf_counter() - started
print(json.dumps([took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
"""


def measure_job(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and megabytes at the peak."""
    result = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command], check=True, capture_output=True, text=True
    )
    seconds, peak = json.loads(result.stdout)
    return seconds, peak


def together_seconds(command: Sequence[str]) -> float:
    """Seconds of a job's work without its start, in a process of its own that has imported all."""
    code = (
        "import sys, time\n"
        "import workflow_scripts.evaluation.stochastic_gradient\n"
        "from workflow_scripts.evaluation.evaluate import main\n"
        "started = time.perf_counter(); main(sys.argv[1:]); print(time.perf_counter() - started)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *command[3:]], check=True, capture_output=True, text=True
    )
    return float(result.stdout.split()[-1])


def measure(
    label: str,
    task_path: Path,
    folder: Path,
    names: Sequence[str],
    options: argparse.Namespace,
    solver: str,
    repeats: int,
) -> Row:
    """All ways on one task; the slow ones once, ours several times."""
    subsets = subsets_of(names, options.k, options.heads)
    task = read_task(task_path)
    seed = seeded_integer(0, task_path.stem)
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "picks.csv"
        rows = [
            ("picks", draw, "", options.k, rank, name, "", "")
            for draw, subset in enumerate(subsets)
            for rank, name in enumerate(subset, 1)
        ]
        columns = ["method", "draw", "task", "k", "rank", "checkpoint", "objective", "bound"]
        pd.DataFrame(rows, columns=columns).to_csv(table, index=False)
        command = job_command(task_path, folder, names, table, options.k, solver, options.epochs)
        jobs = [measure_job(command) for _ in range(repeats)]
        together = [together_seconds(command) for _ in range(repeats)]
        ours = pd.read_csv(table.with_name("scores.csv")).sort_values("draw")["test_score"]
        started = time.perf_counter()
        theirs = []
        for subset in subsets:
            parts = read_examples(task, folder, subset)
            theirs.append(train_one(task, parts, solver, options.epochs, seed)[1])
        loop = time.perf_counter() - started
        common = [str(task_path), str(folder), solver, str(options.epochs), str(seed)]
        started = time.perf_counter()
        sample = subsets[: options.processes]
        for subset in sample:
            one = [sys.executable, "-m", "benchmarks.one_head", *common, *subset]
            subprocess.run(one, check=True, capture_output=True)
        processes = (time.perf_counter() - started) * len(subsets) / len(sample)
    targets = task.target[task.split == "train"]
    return Row(
        *(label, solver, len(subsets), options.k, len(targets), len(np.unique(targets))),
        statistics.median(seconds for seconds, _ in jobs),
        processes,
        loop,
        statistics.median(together),
        float(np.abs(ours.to_numpy() - theirs).mean()),
        max(peak for _, peak in jobs),
    )


def write_synthetic(folder: Path) -> tuple[Path, list[str]]:
    """A task of 20 classes, and features that know some of it."""
    generator = np.random.default_rng(0)
    target = generator.integers(0, 20, SYNTHETIC_WORDS)
    sequence = np.arange(SYNTHETIC_WORDS) // 20
    split = np.array(["train", "train", "train", "dev", "test"])[sequence % 5]
    labels = [f"c{number:02d}" for number in range(20)]
    unit = np.arange(SYNTHETIC_WORDS)
    task = Task("words", "accuracy", "classification", labels, unit, sequence, split, target)
    write_task(folder / "synthetic.parquet", task)
    names = [f"checkpoint-{number}" for number in range(SYNTHETIC_CHECKPOINTS)]
    for name in names:
        centres = generator.normal(size=(20, SYNTHETIC_DIM)).astype(np.float32)
        metadata = {"corpus": "words", "corpus_sha256": "0"}
        path = folder / f"{name}.safetensors"
        with FeatureWriter(path, SYNTHETIC_WORDS, SYNTHETIC_DIM, "float32", metadata) as writer:
            for start in range(0, SYNTHETIC_WORDS, 10_000):
                rows = slice(start, start + 10_000)
                noise = generator.standard_normal((10_000, SYNTHETIC_DIM), np.float32)
                writer.write(rows, 0.1 * centres[target[rows]] + noise)
    return folder / "synthetic.parquet", names


def draw(table: pd.DataFrame, path: Path) -> None:
    """A row for each task and solver: the seconds of each way, on a logarithmic axis."""
    ways = {
        "processes": ("a process each", "s"),
        "loop": ("one after another", "D"),
        "job": ("a job for all", "o"),
        "together": ("without its start", "x"),
    }
    with figure(path, COLUMN, 0.3 * len(table) + 1.2) as made:
        axes = made.subplots()
        for column, (label, marker) in ways.items():
            axes.plot(table[column], table.index, marker, color="black", ms=4, label=label)
        axes.set_yticks(table.index, table["task"] + ", " + table["solver"])
        axes.invert_yaxis()
        axes.set(xscale="log", xlabel="seconds")
        made.legend(loc="outside upper center", ncols=len(ways), frameon=False)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure every task, print the table, write it and the figure."""
    flags = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--results", type=Path, default=Path("results"))
    flags.add_argument(
        "--tasks", nargs="*", default=["stdlib/ner", "stdlib/syn-p", "digits/task-00"]
    )
    flags.add_argument("--solvers", nargs="+", default=["adam", "sgd"])
    flags.add_argument("--heads", type=int, default=21)
    flags.add_argument("--k", type=int, default=5)
    flags.add_argument("--epochs", type=int, default=40)
    flags.add_argument("--repeats", type=int, default=3)
    flags.add_argument("--processes", type=int, default=21, help="how many of them are timed")
    flags.add_argument("--threads", type=int, default=2)
    flags.add_argument("--synthetic", type=int, default=2, help="its epochs; 0 leaves it out")
    flags.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of table and figure"
    )
    options = flags.parse_args(argv)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(options.threads)
    print(f"{machine()}, {options.threads} threads")
    rows = []
    for label in options.tasks:
        zoo, name = label.split("/")
        path = options.results / zoo / "tasks" / f"{name}.parquet"
        folder = options.results / zoo / "features" / read_task(path).corpus
        names = sorted(one.stem for one in folder.glob("*.safetensors"))
        for solver in options.solvers:
            rows.append(measure(label, path, folder, names, options, solver, options.repeats))
            print(rows[-1])
    if options.synthetic:
        options.epochs, options.processes = options.synthetic, 1
        with tempfile.TemporaryDirectory() as scratch:
            path, names = write_synthetic(Path(scratch))
            rows.append(measure("synthetic", path, Path(scratch), names, options, "adam", 1))
            print(rows[-1])
    table = pd.DataFrame(map(asdict, rows))
    table["processes/job"] = table["processes"] / table["job"]
    table["loop/together"] = table["loop"] / table["together"]
    print(table.round(4).to_string(index=False))
    options.output.mkdir(parents=True, exist_ok=True)
    with_machine(table, options.threads).to_csv(options.output / "heads.csv", index=False)
    draw(table, options.output / "heads.svg")


if __name__ == "__main__":
    main()
