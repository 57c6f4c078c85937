"""What the scores say: means over tasks, and gains over random sets with intervals."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from workflow_scripts.report.metric_names import common_metric

QUANTILES = (0.05, 0.5, 0.95)
SCORE_COLUMNS = ["task", "method", "draw", "k", "test_score", "metric", "checkpoints"]

# Labels of methods have no colon.
_SINGLE = ": "


def name_singles(
    table: pd.DataFrame, labels: Collection[str], column: str = "checkpoints"
) -> pd.DataFrame:
    """Make every pick of the methods that pick single checkpoints a method of its own.

    Args:
        table: has the columns ``method`` and ``draw``.
        labels: the methods whose draws are different checkpoints.
        column: names the checkpoint.

    Returns:
        The table, in which such a method is called ``LABEL: CHECKPOINT``.
    """
    single = table["method"].isin(labels)
    named = table["method"] + _SINGLE + table[column].astype(str)
    return table.assign(
        method=table["method"].where(~single, named), draw=table["draw"].where(~single, 0)
    )


def checkpoint_of(method: str) -> str:
    """The checkpoint of a method that :func:`name_singles` named; empty for any other."""
    return method.partition(_SINGLE)[2]


def singles_apart(table: pd.DataFrame, value: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """The rows of methods that are no checkpoints alone, and a column's value for each that is.

    Args:
        table: one row per method of :func:`name_singles`.
        value: the column.
    """
    names = table["method"].map(checkpoint_of)
    alone = table[names != ""]
    return table[names == ""], dict(
        zip(names[names != ""], alone[value].astype(float), strict=True)
    )


def mean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """The mean test score over tasks of every selection: ``method, k, draw, test_score``."""
    return scores.groupby(["method", "k", "draw"])["test_score"].mean().reset_index()


def quantile_bands(table: pd.DataFrame, size: str, value: str) -> pd.DataFrame:
    """Quantiles of a column for each size.

    Args:
        size: the column of sizes.
        value: the column whose quantiles are taken.

    Returns:
        Index: the sizes in order; columns 0.05, 0.5 and 0.95.
    """
    sizes = sorted(table[size].unique())
    rows = [np.quantile(table.loc[table[size] == one, value], QUANTILES) for one in sizes]
    return pd.DataFrame(rows, index=sizes, columns=list(QUANTILES))


def gains(scores: pd.DataFrame, baseline: str | None) -> pd.DataFrame:
    """How much better each method does than the mean of the baseline's draws, task by task.

    The baseline itself has no gain; without a baseline there are means only.

    Returns:
        ``method, k, tasks, metric, mean_score, standard_error, gain, low, high``: the mean score
        over tasks and its standard error over tasks, and the mean over tasks of the paired
        difference and its 95% interval by Student's t over tasks (errors and intervals are missing
        for a single task). A method with several draws counts by their mean.
    """
    by_task = scores.groupby(["method", "k", "task"])["test_score"].mean().reset_index()
    base = by_task[by_task["method"] == baseline][["k", "task", "test_score"]]
    paired = by_task.merge(base, on=["k", "task"], how="left", suffixes=("", "_baseline"))
    # Rounded, so that equal means do not differ by the order of their additions.
    paired["difference"] = (paired["test_score"] - paired["test_score_baseline"]).round(12)
    paired.loc[paired["method"] == baseline, "difference"] = np.nan
    groups = paired.groupby(["method", "k"])
    table = groups.agg(
        tasks=("task", "size"),
        mean_score=("test_score", "mean"),
        standard_error=("test_score", "sem"),
        gain=("difference", "mean"),
    )
    table.insert(1, "metric", common_metric(scores["metric"]))
    half = groups["difference"].agg(lambda values: half_width(values.to_numpy()))
    table["low"], table["high"] = table["gain"] - half, table["gain"] + half
    return table.reset_index()


def percentiles(scores: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Which share of the random sets of its size each method beats, by the mean score over tasks.

    A tie counts by half. The interval is Jeffreys' for a share (Brown, Cai and DasGupta 2001): it
    says how far the share may be off because the random sets are a sample, not what other tasks
    would bring. A method with several draws counts by their mean.

    Returns:
        ``method, k, percentile, percentile_low, percentile_high``, in [0, 1]; the baseline itself
        and sizes without random sets have no row.
    """
    means = mean_scores(scores)
    random = means[means["method"] == baseline]
    rows = []
    for (method, k), group in means[means["method"] != baseline].groupby(["method", "k"]):
        others = random.loc[random["k"] == k, "test_score"].to_numpy()
        if not len(others):
            continue
        # Rounded, so that equal means do not differ by the order of their additions.
        ahead = np.subtract.outer(group["test_score"].to_numpy(), others).round(12)
        beaten = ((ahead > 0) + (ahead == 0) / 2).sum() / len(group)
        low, high = jeffreys_interval(beaten, len(others))
        rows.append((method, k, beaten / len(others), low, high))
    columns = ["method", "k", "percentile", "percentile_low", "percentile_high"]
    return pd.DataFrame(rows, columns=columns)


def jeffreys_interval(successes: float, trials: int) -> tuple[float, float]:
    """The 95% interval of a share; it reaches 0 or 1 where no trial or every trial succeeds."""
    shape = successes + 0.5, trials - successes + 0.5
    low = 0.0 if successes == 0 else float(betaincinv(*shape, 0.025))
    high = 1.0 if successes == trials else float(betaincinv(*shape, 0.975))
    return low, high


def half_width(values: NDArray[np.float64]) -> float:
    """Half of the 95% interval of a mean by Student's t; not a number for a single value."""
    count = len(values)
    if count < 2:
        return float("nan")
    return float(stdtrit(count - 1, 0.975) * values.std(ddof=1) / np.sqrt(count))
