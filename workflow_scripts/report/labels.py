"""What axes and legends say, with units: the same in print and in the report."""

from workflow_scripts.common.score_text import gain_unit, metric_name

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
