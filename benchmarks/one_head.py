"""One head the plain way: read its features, train it with torch, score it.

What an evaluation costs that starts a process for every head. Batches, epochs, seeds and the choice
by dev are those of the workflow. benchmarks/heads.py calls it, in processes and in a loop:
python -m benchmarks.one_head TASK FOLDER SOLVER EPOCHS SEED CHECKPOINT…
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.common.task_file import SPLITS, Task, read_task
from workflow_scripts.evaluation.learning_problem import Examples
from workflow_scripts.evaluation.metrics import metric_for


def read_examples(
    task: Task, folder: Path, checkpoints: Sequence[str]
) -> dict[str, tuple[torch.Tensor, Examples]]:
    """For each split the features of the checkpoints side by side, and the examples."""
    tensors = [load_file(folder / f"{name}.safetensors") for name in checkpoints]
    joined = np.concatenate([one["features"].astype(np.float32) for one in tensors], axis=1)
    parts = {}
    for split in SPLITS:
        rows = np.flatnonzero(task.split == split)
        examples = Examples(task.target[rows], task.sequence[rows])
        parts[split] = torch.from_numpy(joined[task.unit[rows]]), examples
    return parts


def train_one(
    task: Task,
    parts: dict[str, tuple[torch.Tensor, Examples]],
    solver: str,
    epochs: int,
    seed: int,
) -> tuple[float, float]:
    """The dev score and the test score of the epoch that dev chooses."""
    features, train = parts["train"]
    classes = int(train.targets.max()) + 1
    metric = metric_for(task.metric, task.labels, task.positive)
    targets = torch.from_numpy(train.targets)
    layer = torch.nn.Linear(features.shape[1], classes)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer: torch.optim.Optimizer = torch.optim.Adam(layer.parameters(), 1e-3)
    if solver == "sgd":
        optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    borders = np.flatnonzero(np.diff(train.sequences)) + 1
    sequences = np.split(np.arange(len(targets)), borders)

    def score(split: str) -> tuple[float, float]:
        columns, examples = parts[split]
        with torch.no_grad():
            outputs = layer(columns)
            known = torch.from_numpy(examples.targets) < classes
            loss = torch.nn.functional.cross_entropy(
                outputs[known], torch.from_numpy(examples.targets)[known]
            )
        predicted: NDArray[np.floating] = outputs.numpy().T[None]
        predictions = metric.predictions(predicted)
        scores = metric.score(examples.targets, predictions, examples.sequences)
        return float(scores[0]), -float(loss)

    best, test = (-np.inf, -np.inf), 0.0
    for epoch in range(epochs):
        generator = torch.Generator().manual_seed(seeded_integer(seed, "epoch", epoch))
        order = torch.randperm(len(sequences), generator=generator).tolist()
        for start in range(0, len(order), 64):
            rows = np.concatenate([sequences[one] for one in order[start : start + 64]])
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(layer(features[rows]), targets[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        found = score("dev")
        if found > best:
            best, test = found, score("test")[0]
    return best[0], test


def main(argv: Sequence[str]) -> None:
    """Train the head that the arguments name, and print its scores."""
    path, folder, solver, epochs, seed, *checkpoints = argv
    task = read_task(Path(path))
    parts = read_examples(task, Path(folder), checkpoints)
    print(*train_one(task, parts, solver, int(epochs), int(seed)))


if __name__ == "__main__":
    main(sys.argv[1:])
