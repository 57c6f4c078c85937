"""The scores of every method and size on each task, and their means over tasks, without draws."""

import pandas as pd

from workflow_scripts.common.score_text import common_metric
from workflow_scripts.report.statistics import EVERY_TASK, mean_scores

COLUMNS = ["task", "metric", "method", "k", "sets", "score", "low", "high"]


def task_table(scores: pd.DataFrame, random: str | None) -> pd.DataFrame:
    """One row per task, method and size; first those of the mean score over all tasks.

    Args:
        scores: ``task, metric, method, draw, k, test_score``.
        random: the method of random sets.

    Returns:
        ``task, metric, method, k, sets, score, low, high``: of random sets the median over their
        draws and the 5% and 95% quantiles; of other methods the mean over draws, and no quantiles;
        ``sets`` is the number of draws with a score. Where a draw lacks a score on a task, it is
        missing from its mean too.
    """
    whole = mean_scores(scores).assign(task=EVERY_TASK, metric=common_metric(scores["metric"]))
    # First of all tasks, whatever these are called.
    parts = [_summary(part, random) for part in (whole, scores.sort_values("task", kind="stable"))]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _summary(scores: pd.DataFrame, random: str | None) -> pd.DataFrame:
    groups = scores.groupby(["task", "metric", "method", "k"])["test_score"]
    table = groups.agg(sets="count", mean="mean", median="median").reset_index()
    for name, share in (("low", 0.05), ("high", 0.95)):
        table[name] = groups.quantile(share).to_numpy()
    is_random = table["method"] == random
    table["score"] = table["median"].where(is_random, table["mean"])
    table[["low", "high"]] = table[["low", "high"]].where(is_random)
    return table
