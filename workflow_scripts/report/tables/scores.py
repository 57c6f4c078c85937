"""The scores of every method and size: compared with random sets, on each task, and against the
mutual information of the sets.

After Huang, Qiu and Church (2021), table 2.
"""

import math

import numpy as np
import pandas as pd

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.score_text import common_metric
from workflow_scripts.common.script import UserError
from workflow_scripts.report.bootstrap import LEAST, correlation_interval
from workflow_scripts.report.statistics import EVERY_TASK, gains, mean_scores, percentiles
from workflow_scripts.selection.mutual_information import mutual_information, precision

_TASK_COLUMNS = ["task", "metric", "method", "k", "sets", "score", "low", "high"]
_CORRELATION_COLUMNS = ["k", "task", "metric", "sets", "correlation", "low", "high"]


def score_table(scores: pd.DataFrame, random: str | None) -> pd.DataFrame:
    """One row per method and size: mean score, gain over random sets, and percentile among them."""
    table = gains(scores, random)
    if random is None:
        return table
    return table.merge(percentiles(scores, random), on=["method", "k"], how="left")


def with_projected(
    table: pd.DataFrame, projected: pd.DataFrame, random: str | None
) -> pd.DataFrame:
    """The table, and below it the same for projected features, told apart by ``project``.

    Args:
        table: of :func:`score_table`, for the features as they are; they get ``project`` 0.
        projected: scores with a column ``project``; where there are none, the table stays.
    """
    if projected.empty:
        return table
    parts = {0: table} | {
        int(str(project)): score_table(scores, random)
        for project, scores in projected.groupby("project")
    }
    whole = pd.concat(parts, names=["project"]).reset_index(level="project")
    return whole[["method", "k", "project", *table.columns[2:]]]


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
    return pd.concat(parts, ignore_index=True)[_TASK_COLUMNS]


def _summary(scores: pd.DataFrame, random: str | None) -> pd.DataFrame:
    groups = scores.groupby(["task", "metric", "method", "k"])["test_score"]
    table = groups.agg(sets="count", mean="mean", median="median").reset_index()
    for name, share in (("low", 0.05), ("high", 0.95)):
        table[name] = groups.quantile(share).to_numpy()
    is_random = table["method"] == random
    table["score"] = table["median"].where(is_random, table["mean"])
    table[["low", "high"]] = table[["low", "high"]].where(is_random)
    return table


def with_information(scores: pd.DataFrame, kappa: NamedMatrix) -> pd.DataFrame:
    """The scores with a column ``information``: MI(set; rest of the zoo), in nats.

    Args:
        scores: ``checkpoints`` are joined with ``+``.
        kappa: positive definite.

    Raises:
        UserError: if a checkpoint is not in κ.
    """
    place = {name: number for number, name in enumerate(kappa.names)}
    inverse = precision(kappa.values)
    information = {}
    for joined in scores["checkpoints"].unique():
        names = joined.split("+")
        unknown = [name for name in names if name not in place]
        if unknown:
            raise UserError(
                f"the covariance has no checkpoint {unknown[0]}, which the scores name; "
                "give both of the same zoo"
            )
        picks = [place[name] for name in names]
        # Rounded, so that equal sets do not differ by the order of additions.
        information[joined] = round(mutual_information(kappa.values, inverse, picks), 9)
    return scores.assign(information=scores["checkpoints"].map(information))


def mean_sets(scores: pd.DataFrame) -> pd.DataFrame:
    """The sets with their mean score over tasks.

    Args:
        scores: of :func:`with_information`.

    Returns:
        ``method, k, draw, checkpoints, information, test_score``.
    """
    groups = scores.groupby(["method", "k", "draw"])
    return groups.agg(
        checkpoints=("checkpoints", "first"),
        information=("information", "first"),
        test_score=("test_score", "mean"),
    ).reset_index()


def correlations(random: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation between information and score over the random sets of each size.

    Args:
        random: scores of the random sets, of :func:`with_information`.

    Returns:
        ``k, task, metric, sets, correlation, low, high``: for each size first that of the mean
        score over tasks (``all tasks``; sets that lack a score are left out), then of each task,
        with 95% intervals over random sets (:func:`correlation_interval`). Tasks are no sample
        here: an interval does not cover other tasks. Empty with fewer than ``LEAST`` sets, or where
        all have the same information or score.
    """
    rows = []
    for k, of_size in random.groupby("k"):
        scores = of_size.pivot_table("test_score", "draw", "task", dropna=False)
        information = of_size.groupby("draw")["information"].first()
        metrics = of_size.groupby("task")["metric"].first()
        whole = scores.mean(axis=1, skipna=False).round(12)
        rows.append((k, EVERY_TASK, common_metric(metrics), *correlation(information, whole)))
        rows += [
            (k, task, metrics[task], *correlation(information, scores[task]))
            for task in metrics.index
        ]
    return pd.DataFrame(rows, columns=_CORRELATION_COLUMNS)


def correlation(
    information: "pd.Series[float]", scores: "pd.Series[float]"
) -> tuple[int, float, float, float]:
    """How many sets have a score, Spearman's correlation over them, and its interval."""
    scores = scores.dropna()
    information = information[scores.index]
    if len(scores) < LEAST or information.nunique() == 1 or scores.nunique() == 1:
        return len(scores), float("nan"), float("nan"), float("nan")
    # Of ranks, since pandas' own imports scipy.stats, which takes a second.
    found = information.rank().corr(scores.rank())
    low, high = correlation_interval(np.asarray(information), np.asarray(scores))
    return len(scores), float(found), low, high


def correlation_text(row: pd.DataFrame) -> str:
    """A correlation with its interval, in words."""
    found, low, high = row[["correlation", "low", "high"]].iloc[0]
    if math.isnan(found):
        return "no ρ"
    return f"ρ = {found:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
