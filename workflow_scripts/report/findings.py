"""What the tables say, in sentences, also where the method does not win."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from workflow_scripts.report.bootstrap import LEAST
from workflow_scripts.report.metric_names import metric_name
from workflow_scripts.report.statistics import ALL, EVERY_TASK

_MAYBE, _ABOVE, _BELOW, _UNKNOWN = "maybe", "above", "below", "unknown"


def findings(tables: dict[str, pd.DataFrame], headline: str) -> list[str]:
    """The sentences on one zoo.

    Args:
        tables: by the names of their files; none must be there.
        headline: label of the method whose picks are recommended.
    """
    sentences = []
    if "stability" in tables:
        sentences += stable_picks(tables["stability"], headline)
    if "representatives" in tables:
        sentences += what_picks_leave(tables["representatives"])
    if "checkpoints" in tables:
        sentences += known_of_checkpoints(tables["checkpoints"])
    if "scores" in tables:
        sentences += compared_scores(tables["scores"], headline)
    if "objective" in tables:
        sentences += predicted_scores(tables["objective"])
    return sentences


def what_picks_leave(table: pd.DataFrame) -> list[str]:
    """How much of the checkpoints left out the picks do not tell."""
    if table.empty:
        return []
    worst = table.sort_values("residual_variance").iloc[-1]
    median = table["residual_variance"].median()
    return [
        f"Of the {len(table)} checkpoints left out the picks leave {median:.0%} of the variance in "
        f"the median, and most of {worst['checkpoint']} ({worst['residual_variance']:.0%})."
    ]


def stable_picks(stability: pd.DataFrame, headline: str) -> list[str]:
    """From how many random halves of the probe the headline's sets are picked."""
    rows = stability[stability["method"] == headline].sort_values("k")
    shares = [
        f"{share:.0%} (k = {k})" for k, share in zip(rows["k"], rows["set_share"], strict=True)
    ]
    if not shares:
        return []
    return [
        f"From random halves of the probe {headline} picks the same set in {', '.join(shares)}."
    ]


def known_of_checkpoints(table: pd.DataFrame) -> list[str]:
    """How well image classifiers know their own classes, or how many kinds of models there are."""
    if "dev_accuracy" in table:
        accuracy = table["dev_accuracy"]
        return [
            f"The {len(accuracy)} checkpoints know their own classes with a mean dev accuracy of "
            f"{accuracy.mean():.1%} (lowest {accuracy.min():.1%})."
        ]
    if "model" in table:
        kinds = table["model"].nunique()
        return [f"The {len(table)} checkpoints are of {kinds} kind{'s' * (kinds > 1)} of model."]
    return []


def compared_scores(scores: pd.DataFrame, headline: str) -> list[str]:
    """Each method against random sets; where there are none, the headline's mean score.

    All checkpoints together, and projected features, stand in the table alone.
    """
    if "project" in scores:
        scores = scores[scores["project"] == 0]
    scores = scores[scores["method"] != ALL]
    compared = scores[scores["gain"].notna()]
    if compared.empty:
        metric = metric_name(scores["metric"].iloc[0])
        largest = scores[scores["method"] == headline].sort_values("k").tail(1)
        return [
            f"{headline} has a mean test {metric} of {row['mean_score']:.4f} over "
            f"{_count(row['tasks'], 'task')} at k = {row['k']}."
            for row in largest.to_dict("records")
        ]
    sentences = shown_gains(compared[compared["method"] == headline], headline)
    for method, rows in compared[compared["method"] != headline].groupby("method"):
        sentences.append(mean_gain(rows, str(method)))
    return sentences + by_chance(compared)


def shown_gains(rows: pd.DataFrame, method: str) -> list[str]:
    """What is shown of a method against random sets, and at which sizes; a sentence each."""
    verdicts = {
        _ABOVE: f"{method} is shown to be above the mean of random sets",
        _BELOW: f"{method} is shown to be below the mean of random sets",
        _MAYBE: f"no difference between {method} and the mean of random sets is shown",
        _UNKNOWN: f"{method} has no interval against the mean of random sets, which takes at least "
        f"{LEAST} tasks and {LEAST} random sets, so that no difference is shown",
    }
    sentences = []
    for verdict, claim in verdicts.items():
        judged = rows[_verdicts(rows) == verdict]
        if len(judged):
            clauses = map(_gain_at_size, judged.sort_values("k").to_dict("records"))
            tasks = _count(judged["tasks"].max(), "task")
            sentences.append(f"Over {tasks}, {claim}: {', '.join(clauses)}.")
    return sentences


def _gain_at_size(row: dict[Hashable, Any]) -> str:
    scale, digits, unit = _scale(row["metric"])
    gain, low, high = (row[name] * scale for name in ("gain", "low", "high"))
    interval = "" if pd.isna(low) else f"{_interval(low, high, digits)}; "
    counts = [int(row[name]) for name in ("wins", "ties", "losses")]
    won, tied, lost = map(_count, counts, ("win", "tie", "loss"))
    amount = f"{gain:+.{digits}f} {unit} at k = {row['k']}".replace("-", "−")
    return f"{amount} ({interval}{won}, {tied}, {lost})"


def mean_gain(rows: pd.DataFrame, method: str) -> str:
    """How much a method is above random sets on average, and at which sizes that is shown."""
    metric = str(rows["metric"].iloc[0])
    scale, digits, unit = _scale(metric)
    gain = rows["gain"].mean()
    amount = f"{scale * abs(gain):.{digits}f}"
    what = f"is {amount} {unit}" if metric == "accuracy" else f"has a {unit} {amount}"
    sizes = rows["k"].tolist()
    at = "on average over k" if len(sizes) > 1 else f"at k = {sizes[0]}"
    side = "below" if gain < 0 else "above"
    sentence = f"{method} {what} {side} the mean of random sets {at}"
    verdicts = _verdicts(rows)
    if (verdicts == _UNKNOWN).all():
        return f"{sentence}."
    sides = [
        f"{side} zero at k = {', '.join(map(str, rows.loc[verdicts == side, 'k']))}"
        for side in (_ABOVE, _BELOW)
        if (verdicts == side).any()
    ]
    where = f"its 95% interval lies {' and '.join(sides)}" if sides else "zero is in its intervals"
    return f"{sentence}; {where}."


def by_chance(compared: pd.DataFrame) -> list[str]:
    """How many of so many intervals leave out zero, and how many would if nothing differed."""
    verdicts = _verdicts(compared)
    known = int((verdicts != _UNKNOWN).sum())
    if not known:
        return []
    out = int(verdicts.isin([_ABOVE, _BELOW]).sum())
    return [
        f"Of {_count(known, 'interval')} over tasks and random sets, {out} "
        f"leave{'s' * (out == 1)} out zero; up to {0.05 * known:.1f} would on average if no method "
        "differed from random sets."
    ]


def predicted_scores(objective: pd.DataFrame) -> list[str]:
    """Whether random sets of more mutual information have higher mean scores; by size."""
    means = objective[objective["task"] == EVERY_TASK]
    verdicts = {
        _ABOVE: "more mutual information goes with higher mean test scores",
        _BELOW: "more mutual information goes with lower mean test scores",
        _MAYBE: "more mutual information is not shown to go with higher or lower mean test scores",
    }
    sentences = []
    for verdict, claim in verdicts.items():
        judged = means[_verdicts(means) == verdict]
        if len(judged):
            clauses = [
                f"ρ = {_signed(row['correlation'], 2)} at k = {row['k']} "
                f"({_interval(row['low'], row['high'], 2)})"
                for row in judged.to_dict("records")
            ]
            sentences.append(f"Among random sets {claim}: {', '.join(clauses)}.")
    return sentences or [
        "Whether more mutual information goes with higher test scores cannot be said: at every "
        f"size there are fewer than {LEAST} random sets, or all of them are alike."
    ]


def _verdicts(rows: pd.DataFrame) -> "pd.Series[str]":
    """On which side of zero each interval lies."""
    verdicts = pd.Series(_MAYBE, index=rows.index)
    verdicts[rows["low"] > 0] = _ABOVE
    verdicts[rows["high"] < 0] = _BELOW
    verdicts[rows["low"].isna()] = _UNKNOWN
    return verdicts


def _scale(metric: str) -> tuple[float, int, str]:
    """By what differences are multiplied, how many digits they have, and what they are called."""
    return (100, 2, "accuracy points") if metric == "accuracy" else (1, 4, metric_name(metric))


def _interval(low: float, high: float, digits: int) -> str:
    return f"95% interval {_signed(low, digits)} to {_signed(high, digits)}"


def _signed(number: float, digits: int) -> str:
    return f"{number:.{digits}f}".replace("-", "−")


def _count(number: int, what: str) -> str:
    plural = f"{what}{'es' if what.endswith('s') else 's'}"
    return f"{number} {what if number == 1 else plural}"
