"""Writes the tables of numbers in README.md and docs/ anew from the files in docs/measured.

python -m docs.write_tables
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "docs/measured"
_LABELS = {"mmi-hub": "`mmi`, `start: hub`", "quality_entropy": "`quality_entropy` (rankme)"}

Rows = list[list[str]]


def signed(number: float, digits: int) -> str:
    """With a minus sign, and a mere 0 for nothing."""
    rounded = round(number, digits)
    return f"{rounded:.{digits}f}".replace("-", "−") if rounded else "0"


def known(number: float, digits: int) -> str:
    """Empty where it was not measured."""
    return "" if pd.isna(number) else f"{number:.{digits}f}"


def percentile_rows(zoo: str) -> Rows:
    """How good each method is over all sizes, the best first."""
    table = pd.read_csv(MEASURED / f"percentiles-{zoo}.csv", dtype={"k": str})
    rows = []
    over = table[table["k"] == "all"]
    for row in over.sort_values(["percentile", "method"], ascending=[False, True]).itertuples():
        interval = "" if pd.isna(row.low) else f" ({100 * row.low:.0f} to {100 * row.high:.0f})"
        label = _LABELS.get(row.method, f"`{row.method}`")
        rows.append([label, f"{100 * row.percentile:.0f}%{interval}"])
    return rows


def miniature_rows() -> Rows:
    """Losses and scores of the miniatures of language models."""
    table = pd.read_csv(MEASURED / "miniatures.csv")
    digits = (2, 2, 3, 3)
    return [
        [name, *(f"{one:.{n}f}" for one, n in zip(numbers, digits, strict=True))]
        for name, *numbers in table.itertuples(index=False)
    ]


def error_rows() -> Rows:
    """The error of κ from fingerprints of each length, and in brackets that of the worst seed."""
    table = pd.read_csv(MEASURED / "fingerprints.csv")
    table["shown"] = [
        f"{row.rms_error:.4f} ({row.worst_seed:.4f})" for row in table.itertuples(index=False)
    ]
    shown = table.pivot(index="p", columns=["zoo", "estimate"], values="shown")
    columns = [(zoo, one) for zoo in ("digits", "stdlib") for one in ("corrected", "cosine")]
    return [[f"{p:,}", *row] for p, row in zip(shown.index, shown[columns].to_numpy(), strict=True)]


def pick_rows() -> Rows:
    """What fingerprints of each length change of the picks."""
    table = pd.read_csv(MEASURED / "fingerprint-picks.csv")
    table = table[
        (table["estimate"] == "corrected") & (table["p"] > 1024) & table["k"].isin([1, 3, 5])
    ]
    zoos = [table[table["zoo"] == zoo].set_index(["p", "k"]) for zoo in ("digits", "stdlib")]
    rows = []
    for p, k in zoos[0].index:
        found = [zoo.loc[(p, k)] for zoo in zoos]
        cells = [(f"{one['overlap']:.2f}", signed(one["loss_nats"], 4)) for one in found]
        rows.append([f"{p:,}", str(k), *cells[0], *cells[1]])
    return rows


def low_rank_rows() -> Rows:
    """Seconds of picks from a low rank, and of other ways."""
    return [
        [
            f"{row.m:,}",
            row.nuggets,
            f"{row.seconds:.2f}",
            f"{row.product:.3f}",
            f"{row.ratio:.1f}",
            known(row.dense_seconds, 2),
            known(row.direct_seconds, 1),
        ]
        for row in pd.read_csv(MEASURED / "low_rank.csv").itertuples(index=False)
    ]


def tables() -> dict[Path, dict[str, Rows]]:
    """By document and by the first line of each table, its rows."""
    return {
        ROOT / "README.md": {
            f"| method on `{zoo}` | random sets beaten |": percentile_rows(zoo)
            for zoo in ("digits", "stdlib")
        },
        ROOT / "docs/miniatures.md": {
            "| checkpoint | unigram entropy, nats | held-out loss, nats | score, random weights | "
            "score, pre-trained |": miniature_rows()
        },
        ROOT / "docs/fingerprints.md": {
            "| p | digits | digits, cosines | stdlib | stdlib, cosines |": error_rows(),
            "| p | k | digits: share | lost | stdlib: share | lost |": pick_rows(),
            "| m | nuggets | seconds | UᵀU alone | ratio | full matrix | direct |": low_rank_rows(),
        },
    }


def with_rows(text: str, header: str, rows: Iterable[Sequence[str]]) -> str:
    """The text with other rows in the one table that has this first line."""
    lines = text.splitlines()
    [start] = [number for number, line in enumerate(lines) if line == header]
    # Below the header there is the line of dashes.
    start += 2
    end = next((n for n in range(start, len(lines)) if not lines[n].startswith("|")), len(lines))
    lines[start:end] = [
        "|" + "".join(f" {cell} |" if cell else " |" for cell in row) for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write every document."""
    for path, of_document in tables().items():
        text = path.read_text(encoding="utf-8")
        for header, rows in of_document.items():
            text = with_rows(text, header, rows)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
