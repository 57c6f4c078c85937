"""Writes the report: one HTML file with every zoo's charts and tables, which needs no network."""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
import yaml
from markupsafe import Markup

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.facts import found
from workflow_scripts.common.packages import installed_versions
from workflow_scripts.common.script import parser, run
from workflow_scripts.report.results import Results, read_results
from workflow_scripts.report.sections import ZooPage, zoo_page
from workflow_scripts.report.style import ON_DARK

TEMPLATES = Path(__file__).parent / "templates"

# What of the JavaScript libraries the page calls by name.
_CALLED = "window.vegaEmbed = vegaEmbed;"


@dataclass(frozen=True)
class Origin:
    """Where the results of a zoo come from, as far as it follows from them.

    Attributes:
        zoo: its name.
        facts: names and values.
        settings: as used, with all defaults, in YAML.
    """

    zoo: str
    facts: dict[str, str]
    settings: str


def origin(name: str, folder: Path, results: Results, settings: dict[str, Any]) -> Origin:
    """Where the results of a zoo come from: nothing that differs between runs with equal results.

    Date, commit and machine are in ``provenance.json``, which is written after the report.
    """
    covariance = results.covariance
    facts = {
        "seed": str(settings["seed"]),
        "estimator of the covariance": covariance.estimator,
        "units of the probe": f"{covariance.rows:,}" if covariance.rows else "not known",
        "SHA-256 of covariance/probe.npz": _digest(folder / "covariance/probe.npz"),
    }
    if (folder / "scores.csv").exists() and "scores" in results.tables:
        facts["SHA-256 of scores.csv"] = _digest(folder / "scores.csv")
    text = yaml.safe_dump(settings, sort_keys=True, allow_unicode=True)
    return Origin(name, facts, text)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def for_script(data: object) -> Markup:
    """Data as JSON that can stand inside a script element: no sign of HTML is left in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def library() -> Markup:
    """Vega and Vega-Lite in JavaScript, as they come with vl-convert."""
    # Inside a script element only this would end it; in a string of JavaScript both are the same.
    bundle = vl_convert.javascript_bundle(_CALLED)
    return Markup(bundle.replace("</script", "<\\/script"))


def written(pages: Sequence[ZooPage], origins: Sequence[Origin]) -> str:
    """The page as text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["for_script"] = for_script
    parts = {
        name: Markup((TEMPLATES / name).read_text("utf-8")) for name in ("report.css", "report.js")
    }
    return environment.get_template("report.html.j2").render(
        zoos=pages,
        origins={one.zoo: one for one in origins},
        versions={"python": platform.python_version()} | installed_versions(),
        style=parts["report.css"],
        script=parts["report.js"],
        library=library(),
        on_dark=ON_DARK,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and results; write the page."""
    flags = parser(__doc__)
    flags.add_argument("--results", type=Path, required=True, help="folder of all zoos' results")
    flags.add_argument(
        "--zoo",
        nargs=2,
        action="append",
        required=True,
        metavar=("NAME", "JSON"),
        help="a zoo, and what there is of it: headline (method whose picks are recommended), "
        "limit (its largest size if it may stop before, or null), random (or null), singles, "
        "tables, stability, convergence, settings",
    )
    flags.add_argument("--output", type=Path, required=True, help="the report, .html")
    arguments = flags.parse_args(argv)
    pages, origins = [], []
    for name, text in arguments.zoo:
        folder, zoo = arguments.results / name, json.loads(text)
        results = read_results(folder, zoo)
        pages.append(zoo_page(name, results))
        origins.append(origin(name, folder, results, zoo["settings"]))
    with atomic_path(arguments.output) as temporary:
        temporary.write_text(written(pages, origins), encoding="utf-8")
    charts = sum(len(section.charts) for page in pages for section in page.sections)
    size = arguments.output.stat().st_size / 1e6
    found(f"{len(pages)} zoo{'s' * (len(pages) > 1)}, {charts} charts, {size:.1f} MB")


if __name__ == "__main__":
    run(main)
