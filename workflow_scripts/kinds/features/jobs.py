"""Stages 1 to 3 of zoos of features: paths and flags of their jobs."""

from workflow_scripts.common.settings import to_flags
from workflow_scripts.kinds.features.pattern import feature_source
from workflow_scripts.kinds.features.zoo import FeaturesZoo
from workflow_scripts.kinds.zoo import Zoo

FeaturesZooPlan = Zoo[FeaturesZoo]


def source_file(zoo: FeaturesZooPlan, corpus: str, checkpoint: str) -> list[str]:
    """A user's file of a checkpoint's features on a corpus."""
    name = zoo.settings.source_of_corpus(corpus)
    return zoo.given([feature_source(zoo.settings.features, checkpoint, name)])


def first_source(zoo: FeaturesZooPlan, corpus: str) -> list[str]:
    """The first checkpoint's file, which says how many units a corpus has."""
    return source_file(zoo, corpus, zoo.checkpoints[0])


def card_source(zoo: FeaturesZooPlan, checkpoint: str) -> list[str]:
    """A user's file of a checkpoint's features, on the probe or on the first task's corpus."""
    settings = zoo.settings
    corpora = settings.probe_names or [settings.corpus_of(task) for task in settings.task_names]
    return source_file(zoo, corpora[0], checkpoint)


def group_table(zoo: FeaturesZooPlan, corpus: str) -> list[str]:
    """The table of the probe's groups, if there is one."""
    probe = zoo.settings.probe
    named = corpus == "probe" and probe is not None and probe.groups is not None
    return zoo.given([probe.groups]) if named and probe and probe.groups else []


def unit_flags(zoo: FeaturesZooPlan, corpus: str) -> list[str]:
    """How the units of a corpus are grouped."""
    flags = ["--seed", str(zoo.settings.seed)]
    probe = zoo.settings.probe
    if corpus == "probe" and probe is not None and probe.groups is not None:
        flags += ["--groups", probe.groups, "--group", probe.group]
    return flags


def task_table(zoo: FeaturesZooPlan, task: str) -> list[str]:
    """The table of a task."""
    return zoo.given([zoo.settings.tasks[task].table])


def task_units(zoo: FeaturesZooPlan, task: str) -> str:
    """The units of the corpus that a task is on."""
    return zoo.paths.units(zoo.settings.corpus_of(task))


def task_flags(zoo: FeaturesZooPlan, task: str) -> list[str]:
    """How a task is read from its table."""
    settings = zoo.settings.tasks[task]
    return ["--seed", str(zoo.settings.seed), *to_flags(settings, exclude={"corpus", "table"})]
