"""The part of the report on one zoo: what is said, drawn and tabulated, in its order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from workflow_scripts.common.covariance_file import Covariance
from workflow_scripts.report.charts.chart import Chart, Signs, signs_of
from workflow_scripts.report.charts.convergence import convergence_charts
from workflow_scripts.report.charts.costs import cost_charts
from workflow_scripts.report.charts.heat_map import MOST as MOST_ROWS
from workflow_scripts.report.charts.heat_map import heat_chart
from workflow_scripts.report.charts.inclusion import inclusion_chart
from workflow_scripts.report.charts.information import information_chart
from workflow_scripts.report.charts.intervals import gain_chart, percentile_chart
from workflow_scripts.report.charts.objective import objective_chart
from workflow_scripts.report.charts.represented import MOST as MOST_REPRESENTED
from workflow_scripts.report.charts.represented import represented_chart
from workflow_scripts.report.charts.scores import mean_chart, task_chart
from workflow_scripts.report.charts.space import space_chart
from workflow_scripts.report.findings import findings
from workflow_scripts.report.headline import headline_sentences, listed
from workflow_scripts.report.representatives import COLUMNS
from workflow_scripts.report.shown_table import Table, shown_table
from workflow_scripts.report.statistics import name_singles

CAPTIONS = Path(__file__).parent / "captions"


@dataclass(frozen=True)
class Results:
    """What the report reads of one zoo.

    Attributes:
        headline: label of the method whose picks are recommended.
        limit: the largest size of that method, if it may stop before.
        random: label of the random sets that others are compared to, if there are any.
        singles: labels of methods whose draws are checkpoints alone.
        tables: by the names of their files; ``picks``, ``information`` and ``space``
            must be there.
        covariance: between its checkpoints.
        stability: of the headline's picks, if it was measured.
        convergence: of the covariance, by the name of the probe.
        costs: of the run; empty if they are not known.
        speeds: of the checkpoints on the probe; empty if they are not known.
        warnings: of the run, in sentences.
    """

    headline: str
    limit: int | None
    random: str | None
    singles: list[str]
    tables: dict[str, pd.DataFrame]
    covariance: Covariance
    stability: pd.DataFrame | None = None
    convergence: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    costs: pd.DataFrame = field(default_factory=pd.DataFrame)
    speeds: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: list[str] = field(default_factory=list)


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


def caption(name: str) -> str:
    """The caption of a chart or table, which Snakemake's own report shows too."""
    return (CAPTIONS / f"{name}.rst").read_text(encoding="utf-8").strip()


_TABLES = {
    "picks": ("Picks", "picks"),
    "representatives": ("Who represents whom", "representatives"),
    "stability": ("Stability of the picks", "stability-table"),
    "scores": ("Scores", "score-table"),
    "tasks": ("Scores on each task", "task-table"),
    "objective": ("Mutual information and scores of random sets", "objective-table"),
    "checkpoints": ("Checkpoints", "checkpoints"),
}


def _table(results: Results, name: str) -> list[Table]:
    table = results.tables.get(name)
    if table is None or table.empty:
        return []
    title, text = _TABLES[name]
    return [shown_table(name, title, caption(text), table)]


def _methods(results: Results) -> set[str]:
    """The methods of all figures, checkpoints alone by their own names."""
    tables = results.tables
    named = name_singles(tables["information"], results.singles, "checkpoint")["method"]
    found = set(named) | set(tables["picks"]["method"]) - set(results.singles)
    return found | (set(tables["scores"]["method"]) if "scores" in tables else set())


def _representatives(results: Results) -> pd.DataFrame:
    """Who represents whom; without rows where nothing is recommended."""
    return results.tables.get("representatives", pd.DataFrame(columns=COLUMNS))


def _space(results: Results) -> Section:
    space, others = results.tables["space"], _representatives(results)
    count = len(space)
    picks = space[space["pick"].notna()].sort_values("pick")["checkpoint"].tolist()
    shown = f"{count} checkpoints as points; the picks are {listed(picks)}" if picks else ""
    stress = f"Kruskal's stress-1 of this map is {space['stress'].iloc[0]:.2f}."
    names, kappa = results.covariance.names, results.covariance.values
    charts = [
        Chart(
            "map",
            "A map of the checkpoints",
            space_chart(space, others),
            f"Map of the task space: {shown}.",
            f"{caption('map')} {stress}",
        ),
        Chart(
            "heat-map",
            "Which checkpoints see alike",
            heat_chart(names, kappa),
            f"Heat map of the kernel alignment between {count} checkpoints, with a dendrogram.",
            caption("heat-map")
            + (
                f" Shown are {MOST_ROWS} groups of the {count} checkpoints, with the means of κ "
                "between them."
                if count > MOST_ROWS
                else ""
            ),
        ),
    ]
    return Section("space", "The task space", charts, [])


def _picks(results: Results, signs: Signs) -> Section:
    tables, headline = results.tables, results.headline
    information = name_singles(tables["information"], results.singles, "checkpoint")
    charts = [
        Chart(
            "information",
            "How much the picks tell of the rest",
            information_chart(information, headline, results.random, signs),
            "Mutual information between picks and the rest against the number of picks, a line "
            "for each method.",
            caption("information"),
        )
    ]
    space, others = tables["space"], _representatives(results)
    picks = space[space["pick"].notna()].sort_values("pick")["checkpoint"].tolist()
    if picks and len(others):
        limit = (
            f" Shown are the {MOST_REPRESENTED} of which most is left open, of {len(others)}."
            if len(others) > MOST_REPRESENTED
            else ""
        )
        charts.append(
            Chart(
                "represented",
                "Who represents whom",
                represented_chart(others, picks),
                "For each checkpoint that was not picked, the weights of the picks that predict it "
                "and the share of its variance that they leave open.",
                caption("represented") + limit,
            )
        )
    tables_shown = _table(results, "picks") + _table(results, "representatives")
    return Section("picks", "The picks", charts, tables_shown)


def _stability(results: Results, signs: Signs) -> Section:
    charts = []
    if results.stability is not None and len(results.stability):
        colour = dict(zip(signs.methods, signs.colours, strict=True))[results.headline]
        charts.append(
            Chart(
                "inclusion",
                f"How often {results.headline} picks each checkpoint",
                inclusion_chart(results.stability, colour),
                "Bars of how often each checkpoint is picked from random halves of the probe.",
                caption("stability"),
            )
        )
    if results.convergence:
        divergence, cosine = convergence_charts(results.convergence)
        told = "of the covariance from the first words to that from all, against their number."
        charts += [
            Chart(
                "divergence",
                "How large a probe it takes: divergence",
                divergence,
                f"Kullback-Leibler divergence {told}",
                caption("convergence"),
            ),
            Chart(
                "cosine",
                "How large a probe it takes: cosine",
                cosine,
                f"Cosine {told}",
                caption("cosine"),
            ),
        ]
    remark = "" if results.convergence else caption("no-convergence")
    tables = _table(results, "stability")
    return Section("stability", "How sure they are", charts, tables, remark)


def _scores(results: Results, signs: Signs) -> Section:
    tables, random = results.tables, results.random
    if "scores" not in tables:
        return Section("scores", "", [], [])
    by_task = tables["tasks"]
    charts = [
        Chart(
            "mean-scores",
            "Mean score",
            mean_chart(by_task, random, signs),
            "Mean test score over tasks against the number of picks, a line for each method.",
            caption("mean-scores"),
        )
    ]
    plain = tables["scores"]
    plain = plain[plain["project"] == 0] if "project" in plain else plain
    if plain["gain"].notna().any():
        charts.append(
            Chart(
                "gain",
                "Gain over random sets",
                gain_chart(plain, signs),
                "Gain of each method over the mean of random sets, with intervals, by size.",
                caption("gain"),
            )
        )
    if "percentile" in plain and plain["percentile"].notna().any():
        charts.append(
            Chart(
                "percentile",
                "Share of random sets beaten",
                percentile_chart(plain, signs),
                "Share of the random sets of its size that each method beats, with intervals, by "
                "size.",
                caption("percentile"),
            )
        )
    charts.append(
        Chart(
            "task-scores",
            "Score on each task",
            task_chart(by_task, random, signs),
            "Test score against the number of picks, a panel for each task.",
            caption("task-scores"),
        )
    )
    return Section(
        "scores", "On unseen tasks", charts, _table(results, "scores") + _table(results, "tasks")
    )


def _objective(results: Results, signs: Signs) -> Section:
    tables = results.tables
    if "objective" not in tables or tables["objective"].empty:
        return Section("objective", "", [], [])
    chart = Chart(
        "objective",
        "Scores against mutual information",
        objective_chart(tables["sets"], tables["objective"], signs),
        "Mean test score of sets against their mutual information with the rest, by size.",
        caption("sets"),
    )
    title = "Does mutual information predict scores?"
    return Section("objective", title, [chart], _table(results, "objective"))


def _costs(results: Results) -> Section:
    tables = []
    charts = []
    if not results.costs.empty:
        time, memory = cost_charts(results.costs)
        charts = [
            Chart(
                "time",
                "Time",
                time,
                "Bars of the seconds that jobs took, by rule and stage.",
                caption("costs"),
            ),
            Chart(
                "memory",
                "Memory",
                memory,
                "Bars of the largest memory of a job, by rule and stage.",
                caption("memory"),
            ),
        ]
        tables.append(shown_table("costs", "Costs", caption("cost-table"), results.costs))
    if not results.speeds.empty:
        title = "Time of each checkpoint"
        tables.append(shown_table("speeds", title, caption("speed-table"), results.speeds))
    return Section("costs", "Cost", charts, tables)
