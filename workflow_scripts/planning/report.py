"""Stage 7: which tables and figures a zoo has, what they are made from, and what the report reads.

A zoo has what its results allow: no scores without tasks, no gains without random sets, no
convergence without a probe. So the outputs of a job differ from zoo to zoo.
"""

import json
from pathlib import PurePosixPath
from typing import Any

from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.planning.selection import card_files, is_resampled, labels_of
from workflow_scripts.planning.stages import stage_of_rule
from workflow_scripts.selection.settings import EVERY, SingleSettings

AnyZoo = Zoo[ZooSettings]

# What Snakemake's own report calls each figure, by the name of its file.
FIGURES = {
    "figure-1-task-space": "1, task space",
    "figure-2-convergence": "2, convergence",
    "figure-3-tasks": "3, tasks",
    "figure-4-mutual-information": "4, mutual information",
    "figure-5-scores": "5, scores",
    "figure-6-gain": "6, gain over random",
    "objective": "scores and mutual information",
    "stability": "stability",
}
# And each table; sets.csv is for a chart alone, and has no place there.
TABLES = {
    "checkpoints": "checkpoints",
    "information": "mutual information",
    "objective": "scores and mutual information",
    "picks": "picks",
    "representatives": "who represents whom",
    "scores": "scores",
    "space": "task space",
    "stability": "stability",
    "tasks": "scores on each task",
}
_HEADLINES = {"mmi": 0, "random": 2, "all": 3}

Files = dict[str, list[str]]


def headline_method(zoo: AnyZoo) -> str:
    """The method whose picks are named in figures and findings: mmi if there is one, else any that
    chooses, else random; never all."""
    methods = zoo.settings.selection.methods
    return min(
        methods,
        key=lambda label: (_HEADLINES.get(methods[label].method, 1), label != "mmi", label),
    )


def recommends(zoo: AnyZoo) -> bool:
    """Whether that method chooses some checkpoints rather than others."""
    return zoo.settings.selection.methods[headline_method(zoo)].method not in ("random", "all")


def stopping_limit(zoo: AnyZoo) -> int | None:
    """The largest size of that method, if it may stop before."""
    stops = zoo.settings.selection.methods[headline_method(zoo)].may_stop
    return max(zoo.settings.selection.sizes) if stops else None


def random_label(zoo: AnyZoo) -> str | None:
    """The random sets that other methods are compared with, if there are any."""
    return next(iter(labels_of(zoo, "random")), None)


def single_labels(zoo: AnyZoo) -> list[str]:
    """The methods whose picks are named checkpoints, each scored alone."""
    methods = zoo.settings.selection.methods.items()
    return sorted(
        label
        for label, method in methods
        if isinstance(method, SingleSettings) and method.picks != [EVERY]
    )


def convergence_probes(zoo: AnyZoo) -> list[str]:
    """The probes on which the convergence of the covariance is measured, sorted."""
    return sorted(zoo.settings.probe_names)


def table_names(zoo: AnyZoo) -> list[str]:
    """The tables of a zoo, by the names of their files."""
    tables = ["information", "picks", "space"]
    tables += ["representatives"] if recommends(zoo) else []
    tables += ["checkpoints"] if _is_run(zoo) else []
    tables += ["stability"] if _resampled_methods(zoo) else []
    if zoo.settings.task_names:
        tables += ["scores", "tasks"]
        tables += ["objective", "sets"] if random_label(zoo) else []
    return tables


def figure_names(zoo: AnyZoo) -> list[str]:
    """The figures of a zoo, by the names of their files; those of the paper have its numbers."""
    random = labels_of(zoo, "random")
    others = set(zoo.settings.selection.methods) - set(random)
    drawn = {
        "figure-1-task-space": True,
        "figure-2-convergence": bool(convergence_probes(zoo)),
        "figure-3-tasks": bool(zoo.settings.task_names),
        "figure-4-mutual-information": True,
        "figure-5-scores": bool(zoo.settings.task_names),
        "figure-6-gain": bool(zoo.settings.task_names and random and others),
        "objective": bool(zoo.settings.task_names and random),
        "stability": is_resampled(zoo, headline_method(zoo)),
    }
    return [name for name in FIGURES if drawn[name]]


def table_files(zoo: AnyZoo) -> list[str]:
    """The files of a zoo's tables."""
    return [zoo.paths.table(table) for table in table_names(zoo)]


def figure_files(zoo: AnyZoo, suffix: str = ".svg") -> list[str]:
    """The files of a zoo's figures in one of their formats."""
    return [zoo.paths.figure(figure, suffix) for figure in figure_names(zoo)]


def table_inputs(zoo: AnyZoo) -> Files:
    """What the tables are made from, under the names of their flags; some may be empty."""
    paths, labels = zoo.paths, sorted(zoo.settings.selection.methods)
    return {
        "covariance": [paths.covariance()],
        "selections": [paths.selection(label) for label in labels],
        "cards": card_files(zoo) if _is_run(zoo) else [],
        "quality": [paths.quality()] if zoo.settings.probe_names else [],
        "stability": [paths.stability(label) for label in _resampled_methods(zoo)],
        "scores": _score_files(zoo),
    }


def table_flags(zoo: AnyZoo) -> list[str]:
    """What decides the tables beside their files."""
    recommended = ["--recommend", headline_method(zoo)] if recommends(zoo) else []
    return ["--jitter", str(zoo.settings.selection.jitter), *recommended, *_compared(zoo)]


def figure_inputs(zoo: AnyZoo) -> Files:
    """What the figures show, under the names of their flags; some may be empty."""
    headline = headline_method(zoo)
    shown = {"space", "information", "scores", "tasks", "objective", "sets"}
    return {
        "covariance": [zoo.paths.covariance()],
        "tables": [one for one in table_files(zoo) if PurePosixPath(one).stem in shown],
        "scores": _score_files(zoo),
        "convergence": [zoo.paths.convergence(probe) for probe in convergence_probes(zoo)],
        "stability": [zoo.paths.stability(headline)] if is_resampled(zoo, headline) else [],
    }


def figure_flags(zoo: AnyZoo) -> list[str]:
    """What decides the figures beside their files."""
    # Of all methods, those that are not drawn grey or dark.
    plain = {random_label(zoo), *labels_of(zoo, "all"), *single_labels(zoo)}
    coloured = sorted(set(zoo.settings.selection.methods) - plain)
    flags = ["--headline", headline_method(zoo), *_compared(zoo)]
    return flags + (["--methods", *coloured] if coloured else [])


def report_inputs(zoo: AnyZoo) -> list[str]:
    """What the report reads of a zoo.

    What jobs took, and what they warned of, is not among it: that changes no result, and a file of
    it that was deleted must not run a training again.
    """
    figures = figure_inputs(zoo)
    beside = [*figures["convergence"], *figures["stability"], *figures["scores"]]
    return [*table_files(zoo), *figures["covariance"], *beside]


def report_contents(zoo: AnyZoo) -> str:
    """What there is of a zoo, and its settings, as JSON; the same when the config is in another
    order."""
    headline = headline_method(zoo)
    shown: dict[str, Any] = zoo.settings.model_dump(mode="json", exclude={"checkpoints"})
    shown["selection"]["sizes"].sort()
    contents = {
        "headline": headline,
        "limit": stopping_limit(zoo),
        "random": random_label(zoo),
        "singles": single_labels(zoo),
        "tables": table_names(zoo),
        "stability": is_resampled(zoo, headline),
        "convergence": convergence_probes(zoo),
        "stages": stage_of_rule(),
        "settings": shown,
    }
    return json.dumps(contents, sort_keys=True)


def _is_run(zoo: AnyZoo) -> bool:
    """Whether checkpoints are run: not if a covariance is all there is."""
    return bool(zoo.settings.probe_names or zoo.settings.task_names)


def _resampled_methods(zoo: AnyZoo) -> list[str]:
    labels = sorted(zoo.settings.selection.methods)
    return [label for label in labels if is_resampled(zoo, label)]


def _score_files(zoo: AnyZoo) -> list[str]:
    return [zoo.paths.all_scores] if zoo.settings.task_names else []


def _compared(zoo: AnyZoo) -> list[str]:
    """The random sets, and the checkpoints alone, that other methods are compared with."""
    random, singles = random_label(zoo), single_labels(zoo)
    flags = [] if random is None else ["--random", random]
    return flags + (["--singles", *singles] if singles else [])
