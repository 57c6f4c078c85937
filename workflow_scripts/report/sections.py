"""The part of the report on one zoo: what is said, drawn and tabulated, in its order."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

from workflow_scripts.report.charts.chart import Chart, Signs, Spec, signs_of
from workflow_scripts.report.charts.convergence import convergence_charts
from workflow_scripts.report.charts.costs import cost_charts
from workflow_scripts.report.charts.picks import (
    MOST_REPRESENTED,
    information_chart,
    represented_chart,
    stability_chart,
)
from workflow_scripts.report.charts.scores import (
    gain_chart,
    mean_chart,
    objective_chart,
    percentile_chart,
    task_chart,
)
from workflow_scripts.report.charts.task_space import MOST_ROWS, heat_chart, space_chart
from workflow_scripts.report.findings import findings, headline_sentences, listed
from workflow_scripts.report.results import Results
from workflow_scripts.report.shown_table import Table, shown_table
from workflow_scripts.report.statistics import name_singles, without_projected
from workflow_scripts.report.tables.picks import REPRESENTATIVE_COLUMNS

CAPTIONS = Path(__file__).parent / "captions"


@dataclass(frozen=True)
class Section:
    """A section of the report: charts and tables under one heading.

    Attributes:
        remark: what is not shown, and why; empty if there is nothing to say.
    """

    name: str
    title: str
    charts: list[Chart]
    tables: list[Table]
    remark: str = ""


@dataclass(frozen=True)
class ZooPage:
    """The part of the report on one zoo.

    Attributes:
        name: of the zoo.
        headline: the answer, in sentences.
        findings: what the numbers show, in sentences.
        notes: what to know before trusting them, in sentences.
        sections: those that have anything.
    """

    name: str
    headline: list[str]
    findings: list[str]
    notes: list[str]
    sections: list[Section]


def zoo_page(name: str, results: Results) -> ZooPage:
    """Everything on one zoo."""
    signs = signs_of(_methods(results), results.random)
    sections = [
        _space(results),
        _picks(results, signs),
        _stability(results, signs),
        _scores(results, signs),
        _objective(results, signs),
        Section("checkpoints", "The checkpoints", [], _table(results, "checkpoints")),
        _costs(results),
    ]
    return ZooPage(
        name=name,
        headline=headline_sentences(results.tables, results.headline, results.limit),
        findings=findings(results.tables, results.headline),
        notes=[f"{note}." for note in results.covariance.notes] + results.warnings,
        sections=[one for one in sections if one.charts or one.tables],
    )


@cache
def chart_captions() -> dict[str, str]:
    """How to read each chart, by its name."""
    captions: dict[str, str] = yaml.safe_load((CAPTIONS / "charts.yaml").read_text("utf-8"))
    return captions


def table_caption(name: str) -> str:
    """What a table of the zoo holds; it has a file of its own, for Snakemake's report."""
    return (CAPTIONS / f"tables/{name}.rst").read_text(encoding="utf-8").strip()


def _chart(name: str, title: str, spec: Spec, description: str, more: str = "") -> Chart:
    """A chart under its caption, and what more there is to say of this zoo's."""
    return Chart(name, title, spec, description, f"{chart_captions()[name]} {more}".rstrip())


_TITLES = {
    "picks": "Picks",
    "representatives": "Who represents whom",
    "stability": "Stability of the picks",
    "scores": "Scores",
    "tasks": "Scores on each task",
    "objective": "Mutual information and scores of random sets",
    "checkpoints": "Checkpoints",
}


def _table(results: Results, name: str) -> list[Table]:
    table = results.tables.get(name)
    if table is None or table.empty:
        return []
    return [shown_table(name, _TITLES[name], table_caption(name), table)]


def _methods(results: Results) -> set[str]:
    """The methods of all figures, checkpoints alone by their own names."""
    tables = results.tables
    named = name_singles(tables["information"], results.singles, "checkpoint")["method"]
    found = set(named) | set(tables["picks"]["method"]) - set(results.singles)
    return found | (set(tables["scores"]["method"]) if "scores" in tables else set())


def _representatives(results: Results) -> pd.DataFrame:
    """Who represents whom; without rows where nothing is recommended."""
    return results.tables.get("representatives", pd.DataFrame(columns=REPRESENTATIVE_COLUMNS))


def _space(results: Results) -> Section:
    space, others = results.tables["space"], _representatives(results)
    count = len(space)
    picks = space[space["pick"].notna()].sort_values("pick")["checkpoint"].tolist()
    shown = f"{count} checkpoints as points; the picks are {listed(picks)}" if picks else ""
    stress = f"Kruskal's stress-1 of this map is {space['stress'].iloc[0]:.2f}."
    grouped = (
        f"Shown are {MOST_ROWS} groups of the {count} checkpoints, with the means of κ between "
        "them."
    )
    names, kappa = results.covariance.names, results.covariance.values
    charts = [
        _chart(
            "map",
            "A map of the checkpoints",
            space_chart(space, others),
            f"Map of the task space: {shown}.",
            stress,
        ),
        _chart(
            "heat-map",
            "Which checkpoints see alike",
            heat_chart(names, kappa),
            f"Heat map of the kernel alignment between {count} checkpoints, with a dendrogram.",
            grouped if count > MOST_ROWS else "",
        ),
    ]
    return Section("space", "The task space", charts, [])


def _picks(results: Results, signs: Signs) -> Section:
    tables, headline = results.tables, results.headline
    information = name_singles(tables["information"], results.singles, "checkpoint")
    charts = [
        _chart(
            "information",
            "How much the picks tell of the rest",
            information_chart(information, headline, results.random, signs),
            "Mutual information between picks and the rest against the number of picks, a line "
            "for each method.",
        )
    ]
    space, others = tables["space"], _representatives(results)
    picks = space[space["pick"].notna()].sort_values("pick")["checkpoint"].tolist()
    if picks and len(others):
        limit = (
            f"Shown are the {MOST_REPRESENTED} of which most is left open, of {len(others)}."
            if len(others) > MOST_REPRESENTED
            else ""
        )
        charts.append(
            _chart(
                "represented",
                "Who represents whom",
                represented_chart(others, picks),
                "For each checkpoint that was not picked, the weights of the picks that predict it "
                "and the share of its variance that they leave open.",
                limit,
            )
        )
    tables_shown = _table(results, "picks") + _table(results, "representatives")
    return Section("picks", "The picks", charts, tables_shown)


def _stability(results: Results, signs: Signs) -> Section:
    charts = []
    if results.stability is not None and len(results.stability):
        colour = dict(zip(signs.methods, signs.colours, strict=True))[results.headline]
        charts.append(
            _chart(
                "inclusion",
                f"How often {results.headline} picks each checkpoint",
                stability_chart(results.stability, colour),
                "Bars of how often each checkpoint is picked from random halves of the probe.",
            )
        )
    if results.convergence:
        divergence, cosine = convergence_charts(results.convergence)
        told = "of the covariance from the first units to that from all, against their number."
        charts += [
            _chart(
                "divergence",
                "How large a probe it takes: divergence",
                divergence,
                f"Kullback-Leibler divergence {told}",
            ),
            _chart(
                "cosine",
                "How large a probe it takes: cosine",
                cosine,
                f"Cosine {told}",
            ),
        ]
    remark = "" if results.convergence else chart_captions()["no-convergence"]
    tables = _table(results, "stability")
    return Section("stability", "How sure they are", charts, tables, remark)


def _scores(results: Results, signs: Signs) -> Section:
    tables, random = results.tables, results.random
    if "scores" not in tables:
        return Section("scores", "", [], [])
    by_task = tables["tasks"]
    charts = [
        _chart(
            "mean-scores",
            "Mean score",
            mean_chart(by_task, random, signs),
            "Mean test score over tasks against the number of picks, a line for each method.",
        )
    ]
    plain = without_projected(tables["scores"])
    if plain["gain"].notna().any():
        charts.append(
            _chart(
                "gain",
                "Gain over random sets",
                gain_chart(plain, signs),
                "Gain of each method over the mean of random sets, with intervals, by size.",
            )
        )
    if "percentile" in plain and plain["percentile"].notna().any():
        charts.append(
            _chart(
                "percentile",
                "Share of random sets beaten",
                percentile_chart(plain, signs),
                "Share of the random sets of its size that each method beats, with intervals, by "
                "size.",
            )
        )
    charts.append(
        _chart(
            "task-scores",
            "Score on each task",
            task_chart(by_task, random, signs),
            "Test score against the number of picks, a panel for each task.",
        )
    )
    return Section(
        "scores", "On unseen tasks", charts, _table(results, "scores") + _table(results, "tasks")
    )


def _objective(results: Results, signs: Signs) -> Section:
    tables = results.tables
    if "objective" not in tables or tables["objective"].empty:
        return Section("objective", "", [], [])
    chart = _chart(
        "objective",
        "Scores against mutual information",
        objective_chart(tables["sets"], tables["objective"], signs),
        "Mean test score of sets against their mutual information with the rest, by size.",
    )
    title = "Does mutual information predict scores?"
    return Section("objective", title, [chart], _table(results, "objective"))


def _costs(results: Results) -> Section:
    tables = []
    charts = []
    if not results.costs.empty:
        time, memory = cost_charts(results.costs)
        charts = [
            _chart(
                "time",
                "Time",
                time,
                "Bars of the seconds that jobs took, by rule and stage.",
            ),
            _chart(
                "memory",
                "Memory",
                memory,
                "Bars of the largest memory of a job, by rule and stage.",
            ),
        ]
        tables.append(shown_table("costs", "Costs", chart_captions()["costs"], results.costs))
    if not results.speeds.empty:
        title = "Time of each checkpoint"
        tables.append(shown_table("speeds", title, chart_captions()["speeds"], results.speeds))
    return Section("costs", "Cost", charts, tables)
