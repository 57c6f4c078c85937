"""What the scores say: means over tasks, and gains over random sets with intervals."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

QUANTILES = (0.05, 0.5, 0.95)


def mean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """The mean test score over tasks of every selection: ``method, k, draw, test_score``."""
    return scores.groupby(["method", "k", "draw"], as_index=False)["test_score"].mean()


def score_bands(scores: pd.DataFrame, method: str) -> pd.DataFrame:
    """Quantiles over draws of the mean score over tasks: index k, columns 0.05, 0.5 and 0.95."""
    means = mean_scores(scores)
    of_method = means[means["method"] == method]
    return of_method.groupby("k")["test_score"].quantile(list(QUANTILES)).unstack()


def gains(scores: pd.DataFrame, baseline: str | None) -> pd.DataFrame:
    """How much better each method does than the mean of the baseline's draws, task by task.

    Without a baseline there are means and no gains.

    Returns:
        ``method, k, tasks, mean_score, gain, low, high``: the mean over tasks of the paired
        difference and its 95% interval by Student's t over tasks (missing for a single task).
        A method with several draws counts by their mean.
    """
    by_task = scores.groupby(["method", "k", "task"])["test_score"].mean()
    rows = []
    for (method, k), of_tasks in by_task.groupby(level=["method", "k"]):
        values = of_tasks.droplevel(["method", "k"])
        if (baseline, k) in by_task.index.droplevel("task"):
            differences = (values - by_task.loc[baseline, k]).to_numpy()
            gain, half = float(differences.mean()), half_width(differences)
        else:
            gain, half = np.nan, np.nan
        rows.append((method, k, len(values), values.mean(), gain, gain - half, gain + half))
    columns = ["method", "k", "tasks", "mean_score", "gain", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def half_width(values: np.ndarray) -> float:
    """Half of the 95% interval of a mean by Student's t; not a number for a single value."""
    count = len(values)
    if count < 2:
        return float("nan")
    return float(stdtrit(count - 1, 0.975) * values.std(ddof=1) / np.sqrt(count))
