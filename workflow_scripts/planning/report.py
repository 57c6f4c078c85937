"""Stage 7: which tables and figures a zoo has, what they are made from, and what the report reads.

A zoo has what its results allow: no scores without tasks, no gains without random sets, no
convergence without a probe. So the outputs of a job differ from zoo to zoo.
"""

import json
from pathlib import PurePosixPath
from typing import Any

from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.common.zoos import Zoo
from workflow_scripts.selection.settings import EVERY, SingleSettings

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


def headline_method(zoo: Zoo) -> str:
    """The method whose picks are named in figures and findings: mmi if there is one, else any that
    chooses, else random; never all."""
    methods = zoo.selection.methods
    return min(
        methods,
        key=lambda label: (_HEADLINES.get(methods[label].method, 1), label != "mmi", label),
    )


def recommends(zoo: Zoo) -> bool:
    """Whether that method chooses some checkpoints rather than others."""
    return zoo.selection.methods[headline_method(zoo)].method not in ("random", "all")


def stopping_limit(zoo: Zoo) -> int | None:
    """The largest size of that method, if it may stop before."""
    stops = zoo.selection.methods[headline_method(zoo)].may_stop
    return max(zoo.selection.sizes) if stops else None


def labels_of(zoo: Zoo, method: str) -> list[str]:
    """The labels that a zoo gives to a method, sorted."""
    methods = zoo.selection.methods
    return sorted(label for label in methods if methods[label].method == method)


def random_label(zoo: Zoo) -> str | None:
    """The random sets that other methods are compared with, if there are any."""
    return next(iter(labels_of(zoo, "random")), None)


def single_labels(zoo: Zoo) -> list[str]:
    """The methods whose picks are named checkpoints, each scored alone."""
    methods = zoo.selection.methods.items()
    return sorted(
        label
        for label, method in methods
        if isinstance(method, SingleSettings) and method.picks != [EVERY]
    )


def is_resampled(zoo: Zoo, method: str) -> bool:
    """Whether a method is also applied to replicates of the covariance."""
    resampled = zoo.selection.methods[method].resampled
    return bool(resampled and zoo.probe_names and zoo.stability.replicates)


def convergence_probes(zoo: Zoo) -> list[str]:
    """The probes on which the convergence of the covariance is measured, sorted."""
    return sorted(zoo.probe_names) if zoo.modality == "text" else []


def table_names(zoo: Zoo) -> list[str]:
    """The tables of a zoo, by the names of their files."""
    tables = ["information", "picks", "space"]
    tables += ["representatives"] if recommends(zoo) else []
    tables += ["checkpoints"] if zoo.probe_names or zoo.task_names else []
    tables += ["stability"] if _resampled_methods(zoo) else []
    if zoo.task_names:
        tables += ["scores", "tasks"]
        tables += ["objective", "sets"] if random_label(zoo) else []
    return tables


def figure_names(zoo: Zoo) -> list[str]:
    """The figures of a zoo, by the names of their files; those of the paper have its numbers."""
    random = labels_of(zoo, "random")
    others = set(zoo.selection.methods) - set(random)
    drawn = {
        "figure-1-task-space": True,
        "figure-2-convergence": bool(convergence_probes(zoo)),
        "figure-3-tasks": bool(zoo.task_names),
        "figure-4-mutual-information": True,
        "figure-5-scores": bool(zoo.task_names),
        "figure-6-gain": bool(zoo.task_names and random and others),
        "objective": bool(zoo.task_names and random),
        "stability": is_resampled(zoo, headline_method(zoo)),
    }
    return [name for name in FIGURES if drawn[name]]


def table_files(name: str, zoo: Zoo) -> list[str]:
    """The files of a zoo's tables."""
    return [f"results/{name}/tables/{table}.csv" for table in table_names(zoo)]


def figure_files(name: str, zoo: Zoo, suffix: str = ".svg") -> list[str]:
    """The files of a zoo's figures in one of their formats."""
    return [f"results/{name}/figures/{figure}{suffix}" for figure in figure_names(zoo)]


def table_inputs(name: str, zoo: Zoo) -> Files:
    """What the tables are made from, under the names of their flags; some may be empty."""
    folder = f"results/{name}"
    labels = sorted(zoo.selection.methods)
    cards = [f"{folder}/checkpoints/{file_name(one)}/checkpoint.json" for one in _checkpoints(zoo)]
    stability = [f"{folder}/selections/{one}.stability.csv" for one in _resampled_methods(zoo)]
    return {
        "covariance": [f"{folder}/covariance/probe.npz"],
        "selections": [f"{folder}/selections/{label}.csv" for label in labels],
        "cards": cards,
        "quality": [f"{folder}/covariance/probe.quality.csv"] if zoo.probe_names else [],
        "stability": stability,
        "scores": _score_files(name, zoo),
    }


def table_flags(zoo: Zoo) -> list[str]:
    """What decides the tables beside their files."""
    recommended = ["--recommend", headline_method(zoo)] if recommends(zoo) else []
    return ["--jitter", str(zoo.selection.jitter), *recommended, *_compared(zoo)]


def figure_inputs(name: str, zoo: Zoo) -> Files:
    """What the figures show, under the names of their flags; some may be empty."""
    folder, headline = f"results/{name}", headline_method(zoo)
    shown = {"space", "information", "scores", "tasks", "objective", "sets"}
    stability = [f"{folder}/selections/{headline}.stability.csv"]
    return {
        "covariance": [f"{folder}/covariance/probe.npz"],
        "tables": [one for one in table_files(name, zoo) if PurePosixPath(one).stem in shown],
        "scores": _score_files(name, zoo),
        "convergence": _convergence_files(name, zoo),
        "stability": stability if is_resampled(zoo, headline) else [],
    }


def figure_flags(zoo: Zoo) -> list[str]:
    """What decides the figures beside their files."""
    # Of all methods, those that are not drawn grey or dark.
    plain = {random_label(zoo), *labels_of(zoo, "all"), *single_labels(zoo)}
    coloured = sorted(set(zoo.selection.methods) - plain)
    flags = ["--headline", headline_method(zoo), *_compared(zoo)]
    return flags + (["--methods", *coloured] if coloured else [])


def report_inputs(name: str, zoo: Zoo) -> list[str]:
    """What the report reads of a zoo.

    What jobs took, and what they warned of, is not among it: that changes no result, and a deleted
    file of it must not run a training again.
    """
    figures = figure_inputs(name, zoo)
    beside = [*figures["convergence"], *figures["stability"], *figures["scores"]]
    return [*table_files(name, zoo), *figures["covariance"], *beside]


def report_contents(zoo: Zoo) -> str:
    """What there is of a zoo, and its settings, as JSON; the same when the config is in another
    order."""
    headline = headline_method(zoo)
    shown: dict[str, Any] = zoo.model_dump(mode="json", exclude={"checkpoints"})
    shown["selection"]["sizes"].sort()
    contents = {
        "headline": headline,
        "limit": stopping_limit(zoo),
        "random": random_label(zoo),
        "singles": single_labels(zoo),
        "tables": table_names(zoo),
        "stability": is_resampled(zoo, headline),
        "convergence": convergence_probes(zoo),
        "settings": shown,
    }
    return json.dumps(contents, sort_keys=True)


def _checkpoints(zoo: Zoo) -> list[str]:
    """The checkpoints that are run: none if a covariance is all there is."""
    return zoo.checkpoint_names if zoo.probe_names or zoo.task_names else []


def _resampled_methods(zoo: Zoo) -> list[str]:
    return [label for label in sorted(zoo.selection.methods) if is_resampled(zoo, label)]


def _score_files(name: str, zoo: Zoo) -> list[str]:
    return [f"results/{name}/scores.csv"] if zoo.task_names else []


def _convergence_files(name: str, zoo: Zoo) -> list[str]:
    folder = f"results/{name}/covariance"
    return [f"{folder}/{probe}.convergence.csv" for probe in convergence_probes(zoo)]


def _compared(zoo: Zoo) -> list[str]:
    """The random sets, and the checkpoints alone, that other methods are compared with."""
    random, singles = random_label(zoo), single_labels(zoo)
    flags = [] if random is None else ["--random", random]
    return flags + (["--singles", *singles] if singles else [])
