"""The answer of the report says what the tables show, and no more."""

import pandas as pd
import pytest

from workflow_scripts.report.findings import headline_sentences

NAN = float("nan")


def picks_of(*names: str) -> pd.DataFrame:
    rows = [
        {"method": "mmi", "k": k, "picks": " + ".join(names[:k])} for k in range(1, len(names) + 1)
    ]
    return pd.DataFrame([*rows, {"method": "hub", "k": 9, "picks": "zebra"}])


def said(**tables: pd.DataFrame) -> list[str]:
    return headline_sentences({"picks": picks_of("cat", "ant", "my dog")} | tables, "mmi")


def information_of(found: float, bound: float) -> pd.DataFrame:
    row = {"method": "mmi", "k": 3, "information": found, "bound": bound}
    return pd.DataFrame([row | {"bound": NAN}, row])


def test_the_largest_set_is_named_in_its_order() -> None:
    assert said()[0] == "Keep these three: cat, ant and my dog."
    one = headline_sentences({"picks": picks_of("cat")}, "mmi")
    assert one[0] == "Keep this one: cat."
    many = headline_sentences({"picks": picks_of(*"abcdefghijk")}, "mmi")
    assert many[0].startswith("Keep these 11: a, b, ") and many[0].endswith(" and k.")
    assert headline_sentences({"picks": picks_of("cat")}, "random") == [
        "No set is recommended: random chooses none."
    ]


def test_where_it_stops_is_said_and_whether_that_size_was_scored() -> None:
    def stopped(limit: int | None, **tables: pd.DataFrame) -> list[str]:
        picks = {"picks": picks_of("cat", "ant", "my dog")}
        return headline_sentences(picks | tables, "mmi", limit)[1:-1]

    told = "mmi stops at k = 3, before 20: one more pick tells too little."
    assert stopped(20) == [told]
    assert stopped(3) == stopped(None) == []
    row = {"method": "mmi", "k": 3, "tasks": 8, "metric": "accuracy", "gain": NAN}
    assert stopped(20, scores=pd.DataFrame([row])) == [told]
    unscored = stopped(20, scores=pd.DataFrame([row | {"k": 1}, row | {"method": "hub"}]))
    assert unscored == [told, "Sets of three are not among those scored on unseen tasks."]


def test_the_certificate_is_never_rounded_up() -> None:
    sentence = said(information=information_of(0.8999, 1.0))[1]
    assert sentence == (
        "They cover at least 89% of the information on the rest of the zoo that any set of three "
        "can (0.90 of at most 1.00 nats)."
    )
    proven = said(information=information_of(1.0, 1.0))[1]
    assert proven == (
        "It is proven that no set of three tells more of the rest of the zoo (1.00 nats of mutual "
        "information)."
    )


@pytest.mark.parametrize("bound", [NAN, 0.0])
def test_without_a_certificate_nothing_is_said_of_it(bound: float) -> None:
    assert len(said(information=information_of(0.5, bound))) == 2


def test_stability_is_that_of_the_named_set() -> None:
    rows = [("mmi", 1, 1.0), ("mmi", 3, 0.71), ("hub", 3, 0.2)]
    table = pd.DataFrame(rows, columns=["method", "k", "set_share"])
    assert said(stability=table)[1] == "The same three came out in 71% of resampled probes."
    assert said()[1] == "How much they depend on this very probe was not measured."


@pytest.mark.parametrize(
    ("gain", "low", "high", "metric", "sentence"),
    [
        (
            0.02,
            0.01,
            0.03,
            "accuracy",
            "they are shown to be better than the mean of random sets of their size (+2.00 acc",
        ),
        (-0.02, -0.03, -0.01, "accuracy", "they are shown to be worse than the mean of"),
        (
            -0.001,
            -0.03,
            0.01,
            "mixed",
            "no difference from random sets of their size is shown (−0.001 score)",
        ),
        (0.5, NAN, NAN, "accuracy", "there are too few tasks or random sets to show a difference"),
    ],
)
def test_scores_are_said_by_their_interval(
    gain: float, low: float, high: float, metric: str, sentence: str
) -> None:
    row = {"method": "mmi", "k": 3, "tasks": 8, "metric": metric, "gain": gain, "low": low}
    table = pd.DataFrame([row | {"high": high, "project": 0}, row | {"high": 9.0, "project": 16}])
    last = said(scores=table)[-1]
    assert last.startswith("On 8 unseen tasks, ")
    assert sentence in last
    without = table.assign(gain=NAN).drop(columns="project")
    assert not any("unseen" in one for one in said(scores=without))
