"""Does the objective tell good sets? The mutual information of random sets against their scores."""

import math
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.common.covariance_input import NamedMatrix, checked, read_matrix
from workflow_scripts.common.score_text import common_metric
from workflow_scripts.common.script import UserError, not_negative
from workflow_scripts.report.bootstrap import LEAST, correlation_interval
from workflow_scripts.report.score_flags import add_score_flags, read_scores
from workflow_scripts.report.statistics import EVERY_TASK, whole_zoo_apart
from workflow_scripts.selection.mutual_information import mutual_information, precision

_COLUMNS = ["k", "task", "metric", "sets", "correlation", "low", "high"]


def add_objective_flags(flags: ArgumentParser, output: str) -> None:
    """Add the flags of scores, ``--covariance`` and ``--jitter``.

    Args:
        output: what is written, for the help.
    """
    add_score_flags(flags, output, needs_random=True)
    flags.add_argument("--covariance", type=Path, required=True, help=".npz")
    flags.add_argument("--jitter", type=not_negative, default=0.0, help="as in the selection")


def read_information(arguments: Namespace) -> pd.DataFrame:
    """The scores that the flags name, each with the mutual information of its set.

    Raises:
        UserError: if a file is wrong, the covariance is not positive definite, or it lacks a
            checkpoint.
    """
    scores, _ = whole_zoo_apart(read_scores(arguments.scores))
    kappa = checked(read_matrix(arguments.covariance, None), arguments.jitter)
    return with_information(scores, kappa)


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
    return pd.DataFrame(rows, columns=_COLUMNS)


def correlation(
    information: "pd.Series[float]", scores: "pd.Series[float]"
) -> tuple[int, float, float, float]:
    """How many sets have a score, Spearman's correlation over them, and its interval."""
    scores = scores.dropna()
    information = information[scores.index]
    if len(scores) < LEAST or information.nunique() == 1 or scores.nunique() == 1:
        return len(scores), float("nan"), float("nan"), float("nan")
    found = information.corr(scores, method="spearman")
    low, high = correlation_interval(np.asarray(information), np.asarray(scores))
    return len(scores), float(found), low, high


def correlation_text(row: pd.DataFrame) -> str:
    """A correlation with its interval, in words."""
    found, low, high = row[["correlation", "low", "high"]].iloc[0]
    if math.isnan(found):
        return "no ρ"
    return f"ρ = {found:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
