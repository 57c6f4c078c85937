"""What metrics are called in figures, tables and sentences."""

from collections.abc import Iterable

MIXED = "mixed"

_NAMES = {
    "accuracy": "accuracy",
    "top3_accuracy": "top-3 accuracy",
    "span_f1": "span F1",
    "f1": "F1",
    "pearson": "Pearson r",
    MIXED: "score",
}


def metric_name(metric: str) -> str:
    """A metric in words; ``MIXED`` is a mere score."""
    return _NAMES.get(metric, metric)


def common_metric(metrics: Iterable[str]) -> str:
    """The one metric of all tasks, or ``MIXED``."""
    different = set(metrics)
    return different.pop() if len(different) == 1 else MIXED
