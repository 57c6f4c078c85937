"""The answer on one zoo: which checkpoints to keep, and how sure that is."""

import pandas as pd

from workflow_scripts.common.score_text import gain_text, gain_unit

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
    rows = _of_size(table, method, size)
    if "project" in rows:
        rows = rows[rows["project"] == 0]
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
