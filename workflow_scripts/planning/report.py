"""Stage 7: which figures and tables a zoo has, and what the report reads of it."""

import json

from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.planning.selection import card_files, is_resampled, labels_of
from workflow_scripts.selection.settings import EVERY

AnyZoo = Zoo[ZooSettings]

# Methods that come last as the headline, and in which order.
_LAST = {"mmi": 0, "random": 2, "all": 3}


def headline_method(zoo: AnyZoo) -> str:
    """The method whose picks are named in figures and findings: mmi if there is one, else any
    that chooses, else random; never all."""
    methods = zoo.settings.selection.methods
    return min(
        methods, key=lambda label: (_LAST.get(methods[label].method, 1), label != "mmi", label)
    )


def headline_chooses(zoo: AnyZoo) -> bool:
    """Whether that method chooses some checkpoints rather than others."""
    method = zoo.settings.selection.methods[headline_method(zoo)].method
    return method not in ("random", "all")


def stopping_limit(zoo: AnyZoo) -> int | None:
    """The largest size of that method, if it may stop before, else nothing."""
    stops = zoo.settings.selection.methods[headline_method(zoo)].may_stop
    return max(zoo.settings.selection.sizes) if stops else None


def headline_selection(zoo: AnyZoo) -> str:
    """The selection of the method that comes first in the report."""
    return zoo.paths.selection(headline_method(zoo))


def recommended_selection(zoo: AnyZoo) -> list[str]:
    """The same, where it recommends any."""
    return [headline_selection(zoo)] if headline_chooses(zoo) else []


def headline_stability(zoo: AnyZoo) -> str:
    """The stability of the method that comes first in the report."""
    return zoo.paths.stability(headline_method(zoo))


def resampled_methods(zoo: AnyZoo) -> list[str]:
    """The methods that are applied to replicates of the covariance, sorted."""
    return [label for label in sorted(zoo.settings.selection.methods) if is_resampled(zoo, label)]


def stability_files(zoo: AnyZoo) -> list[str]:
    """The stability of every method that picks from the covariance."""
    return [zoo.paths.stability(method) for method in resampled_methods(zoo)]


def random_flags(zoo: AnyZoo) -> list[str]:
    """The random sets that other methods are compared to, where there are any."""
    return [f"--random={label}" for label in labels_of(zoo, "random")[:1]]


def selection_files(zoo: AnyZoo) -> list[str]:
    """The selections of every method of a zoo."""
    return [zoo.paths.selection(label) for label in sorted(zoo.settings.selection.methods)]


def coloured_methods(zoo: AnyZoo) -> list[str]:
    """The methods that have a colour in the figures: not those that are drawn grey or dark."""
    plain = labels_of(zoo, "random")[:1] + labels_of(zoo, "all") + singles_labels(zoo)
    return sorted(set(zoo.settings.selection.methods) - set(plain))


def singles_labels(zoo: AnyZoo) -> list[str]:
    """The methods whose picks are named checkpoints, each scored alone."""
    methods = zoo.settings.selection.methods
    return [
        label
        for label in labels_of(zoo, "single")
        if getattr(methods[label], "picks", None) != [EVERY]
    ]


def singles_flags(zoo: AnyZoo) -> list[str]:
    """The same, as flags."""
    labels = singles_labels(zoo)
    return ["--singles", *labels] if labels else []


def jitter(zoo: AnyZoo) -> float:
    """What is added to the covariance's diagonal."""
    return zoo.settings.selection.jitter


def needs_checkpoints(zoo: AnyZoo) -> bool:
    """Whether a zoo's checkpoints are run at all: not if a covariance is all there is."""
    return bool(zoo.settings.probe_names or zoo.settings.task_names)


def quality_of_checkpoints(zoo: AnyZoo) -> dict[str, str]:
    """The scores of their features, where there is a probe."""
    return {"quality": zoo.paths.quality()} if zoo.settings.probe_names else {}


def quality_flags(zoo: AnyZoo) -> list[str]:
    """The same, as flags."""
    files = quality_of_checkpoints(zoo)
    return [part for name, path in files.items() for part in (f"--{name}", path)]


def cards_if_run(zoo: AnyZoo) -> list[str]:
    """What each checkpoint says of itself, where there are any but in the covariance."""
    return card_files(zoo) if needs_checkpoints(zoo) else []


def convergence_files(zoo: AnyZoo) -> list[str]:
    """How the covariance converges on each probe."""
    return [zoo.paths.convergence(probe) for probe in zoo.settings.probe_names]


def convergence_labels(zoo: AnyZoo) -> list[str]:
    """The same, each with the name of its probe."""
    return [f"{probe}={zoo.paths.convergence(probe)}" for probe in zoo.settings.probe_names]


def figure_names(zoo: AnyZoo) -> list[str]:
    """The figures of a zoo, those of the paper under their numbers."""
    settings = zoo.settings
    random, tasks = labels_of(zoo, "random"), settings.task_names
    others = set(settings.selection.methods) - set(random)
    figures = {
        "figure-1-task-space": True,
        "figure-2-convergence": bool(settings.probe_names),
        "figure-3-tasks": bool(tasks),
        "figure-4-mutual-information": True,
        "figure-5-scores": bool(tasks),
        "figure-6-gain": bool(tasks and random and others),
        "objective": bool(tasks and random),
        "stability": is_resampled(zoo, headline_method(zoo)),
    }
    return [name for name, there in figures.items() if there]


def figure_files(zoo: AnyZoo) -> list[str]:
    """Their files."""
    return [zoo.paths.figure(name) for name in figure_names(zoo)]


def table_names(zoo: AnyZoo) -> list[str]:
    """The tables of a zoo."""
    tables = ["information", "picks", "space"]
    tables += ["representatives"] if headline_chooses(zoo) else []
    tables += ["checkpoints"] if needs_checkpoints(zoo) else []
    tables += ["stability"] if resampled_methods(zoo) else []
    if zoo.settings.task_names:
        tables += ["scores", "tasks"]
        tables += ["objective", "sets"] if labels_of(zoo, "random") else []
    return tables


def table_files(zoo: AnyZoo) -> list[str]:
    """Their files."""
    return [zoo.paths.table(name) for name in table_names(zoo)]


def files_beside_tables(zoo: AnyZoo) -> list[str]:
    """What the report reads of a zoo beside its tables and covariance."""
    headline = headline_method(zoo)
    return [
        *convergence_files(zoo),
        *([zoo.paths.stability(headline)] if is_resampled(zoo, headline) else []),
        *([zoo.paths.all_scores] if zoo.settings.task_names else []),
    ]


def report_contents(zoo: AnyZoo) -> str:
    """What there is of a zoo, and its settings, for the report; in no other order when the config
    is in another."""
    headline = headline_method(zoo)
    shown = zoo.settings.model_dump(mode="json", exclude={"checkpoints"})
    shown["selection"]["sizes"].sort()
    contents = {
        "headline": headline,
        "limit": stopping_limit(zoo),
        "random": next(iter(labels_of(zoo, "random")), None),
        "singles": singles_labels(zoo),
        "tables": table_names(zoo),
        "stability": is_resampled(zoo, headline),
        "convergence": sorted(zoo.settings.probe_names),
        "settings": shown,
    }
    return json.dumps(contents, sort_keys=True)
