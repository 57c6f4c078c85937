"""What axes and legends say, with units: the same in print and in the report."""

from workflow_scripts.report.metric_names import metric_name

SIZE = "checkpoints picked, k"
INFORMATION = "MI(picks; rest), nats"
INFORMATION_OF_SET = "MI(set; rest), nats"
ALIGNMENT = "kernel alignment κ"
WARD = "Ward distance"
WORDS = "words of the probe"
DIVERGENCE = "KL(all words ‖ first words), nats"
COSINE = "cosine of the two matrices"
SHARE = "picked from random halves of the probe"
MAP = ("first axis of the map, in 1 − κ", "second axis, in 1 − κ")
BOUND = "upper bound for any set"
BEATEN = ("random sets of the size beaten", "(95% interval)")


def mean_score(metric: str, tasks: int) -> str:
    """The label of mean scores over so many tasks."""
    return f"mean test {metric_name(metric)} over {tasks} task{'s' * (tasks > 1)}"


def gain(metric: str) -> str:
    """The label of gains over random sets, whose unit goes by the metric."""
    return f"gain over the mean of random sets, {gain_unit(metric)} (95% interval)"


def gain_unit(metric: str) -> str:
    """In what gains are counted."""
    return "accuracy points" if metric == "accuracy" else metric_name(metric)


def gain_scale(metric: str) -> float:
    """By what a difference of scores is multiplied to be in :func:`gain_unit`."""
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
