"""What the README says was measured is what the files in docs/measured say."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "docs/measured"
README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def said(pattern: str) -> tuple[str, ...]:
    """The numbers of the one sentence of the README that matches, whatever its line breaks."""
    found = list(re.finditer(pattern, README))
    assert len(found) == 1, (pattern, len(found))
    return found[0].groups()


def percent(share: float) -> str:
    return f"{100 * share:.0f}%"


@pytest.mark.parametrize(
    ("zoo", "labels"),
    [
        ("digits", ["quality_entropy", "expected_risk", "entropy", "mmi", "peek", "mmi-hub"]),
        ("stdlib", ["expected_risk", "quality_entropy", "entropy", "mmi", "mmi-hub"]),
    ],
)
def test_the_tables_of_percentiles_are_those_of_their_files(zoo: str, labels: list[str]) -> None:
    table = pd.read_csv(MEASURED / f"percentiles-{zoo}.csv")
    table = table[table["k"] == "all"].set_index("method")
    assert set(table.index) == set(labels)
    shown = {"mmi-hub": "`mmi`, `start: hub`", "quality_entropy": "`quality_entropy` (rankme)"}
    rows = []
    for label in labels:
        found, low, high = table.loc[label, ["percentile", "low", "high"]]
        interval = "" if pd.isna(low) else f" ({100 * low:.0f} to {100 * high:.0f})"
        rows.append(f"| {shown.get(label, f'`{label}`')} | {percent(found)}{interval} |")
    assert " ".join(rows) in README


def test_the_answer_on_the_language_models_is_that_of_its_tables() -> None:
    table = pd.read_csv(MEASURED / "stdlib-information.csv")
    row = table[(table["method"] == "mmi") & (table["k"] == 3) & (table["size"] == 3)].iloc[0]
    [share] = said(r"cover at least (\d+)% of the information on the others that any three")
    assert int(share) == int(100 * row["information"] / row["bound"])


def test_stability_is_that_of_the_tables() -> None:
    shares = {
        zoo: pd.read_csv(MEASURED / f"{zoo}-stability.csv").set_index(["method", "k"])["set_share"]
        for zoo in ("stdlib", "digits")
    }
    assert shares["stdlib"][("mmi", 1)] == shares["stdlib"][("mmi", 2)] == 1
    [three] = said(r"same sets from all halves at k = 1 and 2, and from (\d+)% at k = 3")
    first, five = said(r"same first pick comes back from (\d+)%, the same five from (\d+)%")
    found = (
        shares["stdlib"][("mmi", 3)],
        shares["digits"][("mmi", 1)],
        shares["digits"][("mmi", 5)],
    )
    assert [f"{share:.0%}" for share in found] == [f"{three}%", f"{first}%", f"{five}%"]


def test_how_mmi_does_against_random_sets_is_that_of_the_tables() -> None:
    scores = {
        zoo: pd.read_csv(MEASURED / f"{zoo}-scores.csv").query("method == 'mmi'").set_index("k")
        for zoo in ("stdlib", "digits")
    }
    below = [
        (zoo, k) for zoo, table in scores.items() for k in table.index if table.loc[k, "high"] < 0
    ]
    above = [
        (zoo, k) for zoo, table in scores.items() for k in table.index if table.loc[k, "low"] > 0
    ]
    said("it is below them at k = 1 on digits, and cannot be told apart elsewhere")
    assert (below, above) == ([("digits", 1)], [])


def test_the_probe_is_large_enough_by_its_table() -> None:
    table = pd.read_csv(MEASURED / "stdlib-convergence.csv").set_index("words")
    [nats] = said(r"On `stdlib` 1,000 words come within ([\d.]+) nats of 5,000")
    assert table.loc[1062, "kl"] < float(nats)
    [words] = said(
        r"Those? picks on `stdlib`, from ([\d,]+) words|picks on `stdlib`, from ([\d,]+) words"
    )[1:]
    assert int(words.replace(",", "")) == table.index.max()


def test_speeds_of_heads_are_those_of_their_file() -> None:
    table = pd.read_csv(MEASURED / "heads.csv").query("solver == 'adam'").set_index("task")
    processes, loop, hard = said(
        r"take (\d+) times less than a process for each head and (\d+) times less than one after "
        r"another in one process \(([\d.]+) times on `syn-p`"
    )
    assert round(table.loc["stdlib/ner", "processes/job"]) == int(processes)
    assert round(table.loc["stdlib/ner", "loop/together"]) == int(loop)
    assert round(table.loc["stdlib/syn-p", "loop/together"], 1) == float(hard)


def test_proofs_are_those_of_their_file() -> None:
    table = pd.read_csv(MEASURED / "proofs.csv").set_index("k")
    assert (table["bound"] - table["best"] < 1e-9).all()
    last, seconds = said(r"proves the best set of every size from 1 to (\d+) in (\d+) seconds")
    assert int(last) == table.index.max()
    assert round(table["seconds"].sum()) == int(seconds)
    five, ten = said(r"greedy misses it by ([\d.]+) nats at k = 5 and ([\d.]+) at k = 10")
    missed = table["best"] - table["greedy"]
    assert (f"{missed[5]:.3f}", f"{missed[10]:.3f}") == (five, ten)


def test_the_miniatures_are_those_of_their_table() -> None:
    lines = (ROOT / "docs/miniatures.md").read_text(encoding="utf-8").splitlines()
    table = pd.read_csv(MEASURED / "miniatures.csv").set_index("checkpoint")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if re.match(r"\| [\w-]+ \| \d", line)
    ]
    assert [row[0] for row in rows] == table.index.tolist()
    for name, *numbers in rows:
        digits = (2, 2, 3, 3)
        found = [f"{one:.{n}f}" for one, n in zip(table.loc[name], digits, strict=True)]
        assert numbers == found, name
