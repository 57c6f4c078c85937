"""What the scores say: means over tasks, and gains over random sets with intervals."""

from collections.abc import Collection, Hashable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from workflow_scripts.common.score_text import common_metric
from workflow_scripts.common.table_file import read_table
from workflow_scripts.report.bootstrap import difference_interval

QUANTILES = (0.05, 0.5, 0.95)
SCORE_COLUMNS = ["task", "method", "draw", "k", "test_score", "metric", "checkpoints"]

# The method of all checkpoints together: one set of its own size, compared with none.
ALL = "all"

# In place of a task; names of tasks have no blank.
EVERY_TASK = "all tasks"

# Labels of methods have no colon.
_SINGLE = ": "

_GAIN_TYPES = {
    "method": "object",
    "k": "int64",
    "tasks": "int64",
    "metric": "object",
    "mean_score": "float64",
    "standard_error": "float64",
    "gain": "float64",
    "low": "float64",
    "high": "float64",
    "wins": "Int64",
    "ties": "Int64",
    "losses": "Int64",
}


def read_scores(path: Path) -> pd.DataFrame:
    """The test scores of all tasks and sizes on the features as they are.

    Returns:
        ``task, metric, method, draw, k, checkpoints, test_score``, a row for each selection: the
        mean over its seeds.

    Raises:
        UserError: if the file is no table of scores.
    """
    scores = _read_all(path)
    return scores[scores["project"] == 0].drop(columns="project")


def read_projected_scores(path: Path) -> pd.DataFrame:
    """The test scores on features that are projected to as many dimensions for every selection.

    Returns:
        The columns of :func:`read_scores`, and how many dimensions: ``project``; no row where
        nothing was projected.

    Raises:
        UserError: if the file is no table of scores.
    """
    scores = _read_all(path)
    return scores[scores["project"] > 0]


def without_projected(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of scores that are of features as they are."""
    return table[table["project"] == 0] if "project" in table else table


def _read_all(path: Path) -> pd.DataFrame:
    scores = read_table(path, SCORE_COLUMNS)
    if "project" not in scores:
        scores = scores.assign(project=0)
    selection = ["task", "metric", "method", "draw", "k", "project"]
    groups = scores.groupby(selection, sort=False)
    return groups.agg(
        checkpoints=("checkpoints", "first"), test_score=("test_score", "mean")
    ).reset_index()


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


def whole_zoo_apart(scores: pd.DataFrame) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """The rows of selections, and the test scores of all checkpoints together, if there are any.

    These have no place on an axis of sizes, which they would stretch to the size of the zoo.
    """
    whole = scores["method"] == ALL
    return scores[~whole], scores.loc[whole, "test_score"]


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

    The baseline itself has no gain; without a baseline there are means only. A method with several
    draws counts by their mean.

    Returns:
        ``method, k, tasks, metric, mean_score, standard_error``: the mean score over tasks and its
        standard error over tasks; ``gain, low, high``: the mean over tasks of the paired difference
        and its 95% interval over tasks and draws (:func:`difference_interval`; missing for few);
        ``wins, ties, losses``: on how many tasks the method is above the baseline's mean, no
        further from it than one standard error of that mean over draws, or below. That is how
        well the mean is known; noise of the test scores themselves is not counted, since the scores
        do not tell it. With a single draw only equal scores tie.
    """
    by_task = scores.groupby(["method", "k", "task"])["test_score"].mean()
    of_baseline = scores[scores["method"] == baseline]
    draws: dict[Hashable, pd.DataFrame] = {
        k: group.pivot_table("test_score", "task", "draw", dropna=False)
        for k, group in of_baseline.groupby("k")
    }
    metric = common_metric(scores["metric"])
    rows = []
    for (method, k), of_method in by_task.groupby(["method", "k"]):
        means = of_method.droplevel(["method", "k"])
        row = {
            "method": method,
            "k": k,
            "tasks": len(means),
            "metric": metric,
            "mean_score": means.mean(),
            "standard_error": means.sem(),
        }
        rows.append(row | (compared(means, draws[k]) if method != baseline and k in draws else {}))
    return pd.DataFrame(rows, columns=list(_GAIN_TYPES)).astype(_GAIN_TYPES)


def compared(scores: "pd.Series[float]", random: pd.DataFrame) -> dict[str, float]:
    """The gain of :func:`gains` with its interval, wins, ties and losses.

    Args:
        scores: of a method by task.
        random: tasks × random sets.

    Returns:
        Nothing, where no task has scores of both.
    """
    random = random.reindex(scores.index)
    # Rounded, so that equal means do not differ by the order of their additions.
    difference = (scores - random.mean(axis=1)).round(12).dropna()
    if difference.empty:
        return {}
    shared = random.loc[difference.index]
    noise = shared.sem(axis=1).fillna(0.0)
    low, high = difference_interval(
        scores[difference.index].to_numpy().astype(np.float64), shared.to_numpy(np.float64)
    )
    wins, losses = int((difference > noise).sum()), int((difference < -noise).sum())
    return {
        "gain": difference.mean(),
        "low": low,
        "high": high,
        "wins": wins,
        "ties": len(difference) - wins - losses,
        "losses": losses,
    }


def percentiles(scores: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Which share of the random sets of its size each method beats, by the mean score over tasks.

    A tie counts by half. The interval is Jeffreys' for a share (Brown, Cai and DasGupta 2001): it
    says how far the share may be off because the random sets are a sample, not what other tasks
    would bring. A method with several draws counts by their mean.

    Returns:
        ``method, k, percentile, percentile_low, percentile_high``, in [0, 1]; the baseline itself
        and sizes without random sets have no row. Sets without any score do not count.
    """
    means = mean_scores(scores).dropna()
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
