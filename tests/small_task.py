"""A task of 120 units, and features of three checkpoints that know it more or less well."""

from pathlib import Path

import numpy as np

from workflow_scripts.common.feature_file import FeatureWriter
from workflow_scripts.common.task_file import Task, write_task

NAMES = ["ant", "bee", "cat"]
UNITS = 120


def some_task(**changes: object) -> Task:
    split = np.array(["train", "dev", "test"])[np.arange(UNITS) % 3]
    parts: dict[str, object] = {
        "corpus": "tasks",
        "metric": "accuracy",
        "kind": "classification",
        "labels": ["no", "yes"],
        "unit": np.arange(UNITS),
        "group": np.arange(UNITS),
        "split": split,
        "target": np.random.default_rng(0).integers(0, 2, UNITS),
    }
    return Task(**parts | changes)  # type: ignore[arg-type]


def write_small_task(folder: Path) -> None:
    """Write the task weather, and the features."""
    task = some_task()
    write_task(folder / "weather.parquet", task)
    generator = np.random.default_rng(1)
    for strength, name in enumerate(NAMES):
        features = generator.normal(size=(UNITS, 4)).astype(np.float32)
        features[:, 0] += strength * (2 * task.target - 1)
        write_features(folder / f"{name}.safetensors", features)


def write_features(
    path: Path, features: np.ndarray, rows: slice = slice(None), corpus: str = "tasks"
) -> None:
    with FeatureWriter(
        path, *features.shape, "float32", {"corpus": corpus, "corpus_sha256": corpus}
    ) as writer:
        writer.write(rows, features[rows])
