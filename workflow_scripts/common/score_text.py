"""What metrics, scores and gains are called, and how they are written, wherever a user reads them.

Accuracies are written in percent and their differences in points, other scores as they are.
"""

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


def gain_unit(metric: str) -> str:
    """The unit of differences of scores."""
    return "accuracy points" if metric == "accuracy" else metric_name(metric)


def gain_scale(metric: str) -> float:
    """The factor that turns a difference of scores into :func:`gain_unit`."""
    return 100.0 if metric == "accuracy" else 1.0


def gain_text(gain: float, metric: str) -> str:
    """A gain with its sign, in :func:`gain_unit`."""
    text = difference_text(gain, metric)
    return text if text.startswith("−") else f"+{text}"


def difference_text(difference: float, metric: str) -> str:
    """A difference of scores, in :func:`gain_unit`."""
    digits = 2 if metric == "accuracy" else 3
    # Adding zero makes −0 a mere 0.
    rounded = round(gain_scale(metric) * difference, digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", "−")


def score_text(score: float, metric: str) -> str:
    """A test score: accuracies in percent, others as they are."""
    return f"{score:.2%}" if metric == "accuracy" else f"{score:.3f}".replace("-", "−")
