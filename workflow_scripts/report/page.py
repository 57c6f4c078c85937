"""Writes the report: one HTML file with every zoo's figures and tables, which needs no network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.report.metric_names import metric_name

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Figure:
    """A figure of the report.

    Attributes:
        title: heading.
        svg: the drawing.
        caption: how to read it.
    """

    title: str
    svg: str
    caption: str


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Attributes:
        title: heading.
        caption: what it shows.
        columns: heads, in plain words.
        rows: cells, formatted.
        numeric: for each column, whether it holds numbers.
    """

    title: str
    caption: str
    columns: list[str]
    rows: list[list[str]]
    numeric: list[bool]


@dataclass(frozen=True)
class ZooPage:
    """The part of the report on one zoo."""

    name: str
    findings: list[str]
    notes: list[str]
    figures: list[Figure]
    tables: list[Table]


FIGURES = {
    "covariance": "Which checkpoints see alike",
    "convergence": "How large a probe it takes",
    "mutual-information": "How much the picks tell of the rest",
    "stability": "How sure the picks are",
    "scores": "How the picks do on unseen tasks",
    "tasks": "How the picks do on each task",
    "gain": "Gain over random sets",
}
TABLES = {
    "picks": "Picks",
    "stability": "Stability of the picks",
    "scores": "Scores",
    "checkpoints": "Checkpoints",
}
_CAPTION_OF_TABLE = {
    "picks": "picks",
    "stability": "stability-table",
    "scores": "score-table",
    "checkpoints": "checkpoints",
}
_HEADS = {
    "k": "k",
    "method": "method",
    "draw": "draw",
    "metric": "metric",
    "mean_score": "mean test score",
    "standard_error": "standard error",
    "gain": "gain over random",
    "low": "95% from",
    "high": "95% to",
    "percentile": "random sets beaten",
    "percentile_low": "95% from",
    "percentile_high": "95% to",
    "dev_accuracy": "dev accuracy",
    "train_images": "training images",
    "dev_images": "dev images",
    "heldout_loss": "held-out loss",
    "unigram_entropy": "unigram entropy",
    "set_share": "same set",
    "mean_share": "same checkpoint",
    "rival": "most often instead",
    "rival_share": "how often",
    "alpha_req": "α-ReQ",
    "alpha": "α",
    "rankme": "RankMe",
    "stable_rank": "stable rank",
}
# Digits may look like a number.
_TEXTS = dict.fromkeys(["checkpoint", "source", "revision", "classes", "picks"], str)


def zoo_page(
    zoo: str,
    headline: str,
    figures: Sequence[Path],
    tables: Sequence[Path],
    covariances: Sequence[Path],
) -> ZooPage:
    """The part of the report on one zoo.

    Args:
        headline: label of the method whose picks are named first.
        figures: ``ZOO/figures/NAME.svg`` of all zoos.
        tables: ``ZOO/tables/NAME.csv`` of all zoos.
        covariances: ``ZOO/covariance/NAME.npz`` of all zoos.
    """
    drawings = {path.stem: path for path in figures if path.parts[-3] == zoo}
    data = {path.stem: pd.read_csv(path, dtype=_TEXTS) for path in tables if path.parts[-3] == zoo}
    return ZooPage(
        name=zoo,
        findings=findings(data, headline),
        notes=[
            note
            for path in covariances
            if path.parts[-3] == zoo
            for note in read_covariance(path).notes
        ],
        figures=[
            Figure(title, inline_svg(drawings[name]), caption(name))
            for name, title in FIGURES.items()
            if name in drawings
        ],
        tables=[shown_table(name, data[name]) for name in TABLES if name in data],
    )


def findings(tables: dict[str, pd.DataFrame], headline: str) -> list[str]:
    """What the numbers say, in sentences, also where the method does not win."""
    sentences = []
    picks = tables["picks"]
    of_headline = picks[picks["method"] == headline].sort_values("k")
    if len(of_headline):
        named = ", ".join(of_headline["picks"].iloc[-1].split())
        sentences.append(f"{headline} picks, in this order: {named}.")
    if "stability" in tables:
        sentences += stable_picks(tables["stability"], headline)
    if "checkpoints" in tables:
        sentences += known_of_checkpoints(tables["checkpoints"])
    if "scores" in tables:
        sentences += compared_scores(tables["scores"], headline)
    return sentences


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
    """Each method against random sets; where there are none, the headline's mean score."""
    metric = scores["metric"].iloc[0]
    compared = scores[scores["gain"].notna()]
    if compared.empty:
        largest = scores[scores["method"] == headline].sort_values("k").tail(1)
        return [
            f"{headline} has a mean test {metric_name(metric)} of {row['mean_score']:.4f} over "
            f"{row['tasks']} task{'s' * (row['tasks'] > 1)} at k = {row['k']}."
            for row in largest.to_dict("records")
        ]
    sentences = []
    for method, rows in compared.groupby("method"):
        gain = rows["gain"].mean()
        amount = (
            f"is {100 * abs(gain):.2f} accuracy points"
            if metric == "accuracy"
            else f"has a {metric_name(metric)} {abs(gain):.4f}"
        )
        sizes = rows["k"].tolist()
        where = "on average over k" if len(sizes) > 1 else f"at k = {sizes[0]}"
        sentence = (
            f"{method} {amount} {'below' if gain < 0 else 'above'} the mean of random sets {where}"
        )
        if rows["low"].notna().all():
            above = _list(rows[rows["low"] > 0]["k"].tolist())
            below = _list(rows[rows["high"] < 0]["k"].tolist())
            sentence += (
                f"; its interval over tasks lies above zero at k = {above} "
                f"and below zero at k = {below}"
            )
        sentences.append(f"{sentence}.")
    return sentences


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) if numbers else "none"


def inline_svg(path: Path) -> str:
    """An SVG file as part of a page: without its XML head, as wide as the page allows."""
    text = path.read_text(encoding="utf-8")
    body = text[text.index("<svg") :]
    head, rest = body.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    width = re.search(r'<svg[^>]*\swidth="([\d.]+)pt"', body)
    style = f' style="max-width:{float(width.group(1)) * 1.4:.0f}px"' if width else ""
    return f'{head} role="img"{style}>{rest}'


def caption(name: str) -> str:
    """The caption of a figure or table, which Snakemake's own report shows too."""
    return (HERE / "captions" / f"{name}.rst").read_text(encoding="utf-8").strip()


def shown_table(name: str, table: pd.DataFrame) -> Table:
    """A table with its numbers rounded and its heads in plain words."""
    columns = list(table.columns)
    return Table(
        title=TABLES[name],
        caption=caption(_CAPTION_OF_TABLE[name]),
        columns=[_HEADS.get(column, column) for column in columns],
        rows=[
            list(row) for row in zip(*(_cells(table[column]) for column in columns), strict=True)
        ],
        numeric=[pd.api.types.is_numeric_dtype(table[column]) for column in columns],
    )


def _cells(column: "pd.Series[Any]") -> list[str]:
    # Numbers that are missing in a file make the others of a column fractional.
    fractional = pd.api.types.is_float_dtype(column) and (column.dropna() % 1 != 0).any()
    return ["–" if pd.isna(one) else f"{one:.4f}" if fractional else _whole(one) for one in column]


def _whole(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, figures and tables; write the page."""
    flags = parser(__doc__)
    flags.add_argument("--figures", type=Path, nargs="+", required=True, help="of all zoos, .svg")
    flags.add_argument("--tables", type=Path, nargs="+", required=True, help="of all zoos, .csv")
    flags.add_argument(
        "--covariances", type=Path, nargs="+", default=[], help="of all zoos, for their notes, .npz"
    )
    flags.add_argument(
        "--headline",
        nargs=2,
        action="append",
        required=True,
        metavar=("ZOO", "METHOD"),
        help="a zoo, and the method whose picks are named first; once for each zoo",
    )
    flags.add_argument("--output", type=Path, required=True, help="the report, .html")
    arguments = flags.parse_args(argv)
    try:
        pages = [
            zoo_page(zoo, method, arguments.figures, arguments.tables, arguments.covariances)
            for zoo, method in arguments.headline
        ]
    except FileNotFoundError as error:
        raise UserError(f"{error.filename}: this part of the report is missing") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    html = environment.get_template("report.html.j2").render(zoos=pages)
    with atomic_path(arguments.output) as temporary:
        temporary.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    run(main)
