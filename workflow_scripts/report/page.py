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
from workflow_scripts.common.finding import found
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.report.findings import findings

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
    "objective": "Whether the objective tells good sets",
}
TABLES = {
    "picks": "Picks",
    "representatives": "Who represents whom",
    "stability": "Stability of the picks",
    "scores": "Scores",
    "objective": "Mutual information and scores of random sets",
    "checkpoints": "Checkpoints",
}
_CAPTION_OF_TABLE = {
    "picks": "picks",
    "representatives": "representatives",
    "stability": "stability-table",
    "scores": "score-table",
    "objective": "objective-table",
    "checkpoints": "checkpoints",
}
_HEADS = {
    "k": "k",
    "project": "projected to",
    "method": "method",
    "draw": "draw",
    "metric": "metric",
    "mean_score": "mean test score",
    "standard_error": "standard error",
    "gain": "gain over random",
    "low": "95% from",
    "high": "95% to",
    "wins": "tasks won",
    "ties": "tied",
    "losses": "lost",
    "percentile": "random sets beaten",
    "percentile_low": "95% from",
    "percentile_high": "95% to",
    "sets": "random sets",
    "correlation": "Spearman's ρ",
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
    "representative": "best predicted by",
    "next": "then by",
    "next_weight": "weight",
    "residual": "variance left",
}
# Digits may look like a number.
_TEXTS = dict.fromkeys(["source", "revision", "classes"], str)
# Names stay as they are, also NA and None.
_NAMES = dict.fromkeys(["checkpoint", "picks", "representative", "next"], str)


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
    data = {
        path.stem: pd.read_csv(path, dtype=_TEXTS, converters=_NAMES)
        for path in tables
        if path.parts[-3] == zoo
    }
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
    figures = sum(len(page.figures) for page in pages)
    size = arguments.output.stat().st_size / 1e6
    found(f"{len(pages)} zoo{'s' * (len(pages) > 1)}, {figures} figures, {size:.1f} MB")


if __name__ == "__main__":
    run(main)
