"""What the tables say, in sentences: the answer on one zoo, and what the numbers show, also where
the method does not win."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from workflow_scripts.common.score_text import (
    difference_text,
    gain_text,
    gain_unit,
    metric_name,
    score_text,
)
from workflow_scripts.report.bootstrap import LEAST
from workflow_scripts.report.statistics import ALL, EVERY_TASK, without_projected

_LEVEL = "95% interval "
_MAYBE, _ABOVE, _BELOW, _UNKNOWN = "maybe", "above", "below", "unknown"
_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]

# Nats below which a bound and what it bounds are the same.
_CLOSED = 1e-6


def headline_sentences(
    tables: dict[str, pd.DataFrame], method: str, limit: int | None = None
) -> list[str]:
    """Which checkpoints to keep, and what is known of that; nothing is said of what is not there.

    Args:
        tables: by the names of their files; ``picks`` must be there.
        method: label of the method whose picks are recommended.
        limit: its largest size, if it may stop before.
    """
    picks = tables["picks"]
    rows = picks[picks["method"] == method].sort_values("k")
    if rows.empty:
        return [f"No set is recommended: {method} chooses none."]
    names = str(rows["picks"].iloc[-1]).split(" + ")
    count = len(names)
    return [
        f"Keep {'this' if count == 1 else 'these'} {in_words(count)}: {listed(names)}.",
        *_stopped(tables.get("scores"), method, count, limit),
        *_covered(tables.get("information"), method, count),
        *_stable(tables.get("stability"), method, count),
        *_scored(tables.get("scores"), method, count),
    ]


def in_words(number: int) -> str:
    """A number, up to ten as a word."""
    return _WORDS[number] if number < len(_WORDS) else str(number)


def listed(names: list[str]) -> str:
    """Names with commas and an *and*."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _of_size(table: pd.DataFrame, method: str, size: int) -> pd.DataFrame:
    return table[(table["method"] == method) & (table["k"] == size)]


def _stopped(scores: pd.DataFrame | None, method: str, count: int, limit: int | None) -> list[str]:
    if limit is None or count >= limit:
        return []
    sentence = f"{method} stops at k = {count}, before {limit}: one more pick tells too little."
    if scores is None or not _of_size(scores, method, count).empty:
        return [sentence]
    return [sentence, f"Sets of {in_words(count)} are not among those scored on unseen tasks."]


def _covered(table: pd.DataFrame | None, method: str, count: int) -> list[str]:
    if table is None:
        return []
    rows = _of_size(table, method, count)
    rows = rows[rows["bound"].notna()]
    if rows.empty or rows["bound"].iloc[0] <= 0:
        return []
    found, bound = float(rows["information"].iloc[0]), float(rows["bound"].iloc[0])
    if bound - found < _CLOSED:
        return [
            f"It is proven that no set of {in_words(count)} tells more of the rest of the zoo "
            f"({found:.2f} nats of mutual information)."
        ]
    # Rounded down: more than this is not proven.
    share = int(100 * max(found, 0.0) / bound)
    return [
        f"They cover at least {share}% of the information on the rest of the zoo that any set of "
        f"{in_words(count)} can ({found:.2f} of at most {bound:.2f} nats)."
    ]


def _stable(table: pd.DataFrame | None, method: str, count: int) -> list[str]:
    rows = None if table is None else _of_size(table, method, count)
    if rows is None or rows.empty:
        return ["How much they depend on this very probe was not measured."]
    share = rows["set_share"].iloc[0]
    return [f"The same {in_words(count)} came out in {share:.0%} of resampled probes."]


def _scored(table: pd.DataFrame | None, method: str, size: int) -> list[str]:
    if table is None:
        return []
    rows = _of_size(without_projected(table), method, size)
    rows = rows[rows["gain"].notna()]
    if rows.empty:
        return []
    row = rows.iloc[0]
    count = int(row["tasks"])
    tasks = f"{count} unseen task{'s' * (count > 1)}"
    amount = f"{gain_text(row['gain'], row['metric'])} {gain_unit(row['metric'])}"
    if pd.isna(row["low"]):
        verdict = "there are too few tasks or random sets to show a difference"
    elif row["low"] > 0:
        verdict = "they are shown to be better than the mean of random sets of their size"
    elif row["high"] < 0:
        verdict = "they are shown to be worse than the mean of random sets of their size"
    else:
        verdict = "no difference from random sets of their size is shown"
    return [f"On {tasks}, {verdict} ({amount})."]


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
        f"The picks leave {median:.0%} of the variance of the median checkpoint open; least is "
        f"known of {worst['checkpoint']} ({worst['residual_variance']:.0%} open)."
    ]


def stable_picks(stability: pd.DataFrame, headline: str) -> list[str]:
    """From how many random halves of the probe the headline's sets are picked."""
    rows = stability[stability["method"] == headline].sort_values("k")
    shares = [
        f"{share:.0%} at k = {k}" for k, share in zip(rows["k"], rows["set_share"], strict=True)
    ]
    if not shares:
        return []
    first, *others = shares
    often = listed([first.replace("%", "% of cases"), *others])
    return [f"From random halves of the probe, {headline} picks the same set in {often}."]


def known_of_checkpoints(table: pd.DataFrame) -> list[str]:
    """How well image classifiers know their own classes, or how many kinds of models there are."""
    if "dev_accuracy" in table:
        accuracy = table["dev_accuracy"]
        return [
            f"On their own classes the {len(accuracy)} checkpoints have a mean dev accuracy of "
            f"{accuracy.mean():.1%} (lowest: {accuracy.min():.1%})."
        ]
    if "model" in table:
        kinds = table["model"].nunique()
        return [f"The {len(table)} checkpoints are of {kinds} kind{'s' * (kinds > 1)} of model."]
    return []


def compared_scores(scores: pd.DataFrame, headline: str) -> list[str]:
    """Each method against random sets; where there are none, the headline's mean score.

    All checkpoints together, and projected features, stand in the table alone.
    """
    scores = without_projected(scores)
    scores = scores[scores["method"] != ALL]
    compared = scores[scores["gain"].notna()]
    if compared.empty:
        metric = str(scores["metric"].iloc[0])
        largest = scores[scores["method"] == headline].sort_values("k").tail(1)
        return [
            f"{headline} has a mean test {metric_name(metric)} of "
            f"{score_text(row['mean_score'], metric)} over {_count(row['tasks'], 'task')} at "
            f"k = {row['k']}."
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
            first, *others = judged.sort_values("k").to_dict("records")
            unit = f" {gain_unit(str(first['metric']))}"
            clauses = [_gain_at_size(first, unit, _LEVEL), *map(_gain_at_size, others)]
            tasks = _count(judged["tasks"].max(), "task")
            sentences.append(f"Over {tasks}, {claim}: {', '.join(clauses)}.")
    return sentences


def _gain_at_size(row: dict[Hashable, Any], unit: str = "", level: str = "") -> str:
    """A gain; its unit and the level of its interval need not be said again and again."""
    metric = str(row["metric"])
    low, high = (difference_text(row[name], metric) for name in ("low", "high"))
    interval = "" if pd.isna(row["low"]) else f"{level}{low} to {high}; "
    counts = [int(row[name]) for name in ("wins", "ties", "losses")]
    won, tied, lost = map(_count, counts, ("win", "tie", "loss"))
    gain = gain_text(row["gain"], metric)
    return f"{gain}{unit} at k = {row['k']} ({interval}{won}, {tied}, {lost})"


def mean_gain(rows: pd.DataFrame, method: str) -> str:
    """How much a method is above random sets on average, and at which sizes that is shown."""
    metric = str(rows["metric"].iloc[0])
    gain, unit = rows["gain"].mean(), gain_unit(metric)
    amount = difference_text(abs(gain), metric)
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
    within = f"its 95% interval{'s all include' if len(sizes) > 1 else ' includes'} zero"
    where = f"its 95% interval lies {' and '.join(sides)}" if sides else within
    return f"{sentence}; {where}."


def by_chance(compared: pd.DataFrame) -> list[str]:
    """How many of so many intervals leave out zero, and how many would if nothing differed."""
    verdicts = _verdicts(compared)
    known = int((verdicts != _UNKNOWN).sum())
    if not known:
        return []
    out = int(verdicts.isin([_ABOVE, _BELOW]).sum())
    return [
        f"Of {_count(known, 'interval')} of gains, {out} exclude{'s' * (out == 1)} zero; if no "
        f"method differed from random sets, up to {0.05 * known:.1f} would on average."
    ]


def predicted_scores(objective: pd.DataFrame) -> list[str]:
    """Whether random sets of more mutual information have higher mean scores; by size."""
    means = objective[objective["task"] == EVERY_TASK]
    verdicts = {
        _ABOVE: "more mutual information goes with higher mean test scores",
        _BELOW: "more mutual information goes with lower mean test scores",
        _MAYBE: "no relation between mutual information and mean test scores is shown",
    }
    sentences = []
    for verdict, claim in verdicts.items():
        judged = means[_verdicts(means) == verdict]
        if len(judged):
            first, *others = judged.to_dict("records")
            clauses = [_correlation_at_size(first, _LEVEL), *map(_correlation_at_size, others)]
            found = ", ".join(clauses)
            sentences.append(f"Among random sets, {claim}: Spearman's ρ = {found}.")
    return sentences or [
        "Whether mutual information predicts test scores cannot be said: at every size there are "
        f"fewer than {LEAST} random sets, or all of them are alike."
    ]


def _correlation_at_size(row: dict[Hashable, Any], level: str = "") -> str:
    found, low, high = (_rounded(row[name]) for name in ("correlation", "low", "high"))
    return f"{found} at k = {row['k']} ({level}{low} to {high})"


def _verdicts(rows: pd.DataFrame) -> "pd.Series[str]":
    """On which side of zero each interval lies."""
    verdicts = pd.Series(_MAYBE, index=rows.index)
    verdicts[rows["low"] > 0] = _ABOVE
    verdicts[rows["high"] < 0] = _BELOW
    verdicts[rows["low"].isna()] = _UNKNOWN
    return verdicts


def _rounded(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def _count(number: int, what: str) -> str:
    plural = f"{what}{'es' if what.endswith('s') else 's'}"
    return f"{number} {what if number == 1 else plural}"
