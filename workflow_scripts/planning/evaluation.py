"""Stage 6: linear heads and their scores, a job for each task and size."""

from workflow_scripts.common.settings import to_flags
from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.planning.selection import sizes_of

AnyZoo = Zoo[ZooSettings]


def scored_sizes(zoo: AnyZoo) -> list[int]:
    """The sizes that any method selects."""
    methods = zoo.settings.selection.methods
    return sorted({k for method in methods for k in sizes_of(zoo, method)})


def selections_of_size(zoo: AnyZoo, k: str) -> list[str]:
    """The selections of every method that has the size."""
    methods = sorted(zoo.settings.selection.methods)
    return [zoo.paths.selection(label) for label in methods if int(k) in sizes_of(zoo, label)]


def task_features(zoo: AnyZoo, task: str) -> list[str]:
    """The features of every checkpoint on the corpus of a task."""
    corpus = zoo.settings.corpus_of(task)
    return [zoo.paths.features(corpus, name) for name in zoo.settings.checkpoint_names]


def task_features_folder(zoo: AnyZoo, task: str) -> str:
    """Where those features are."""
    return zoo.paths.features_folder(zoo.settings.corpus_of(task))


def head_flags(zoo: AnyZoo) -> list[str]:
    """The zoo's seed and how heads are trained."""
    return ["--seed", str(zoo.settings.seed), *to_flags(zoo.settings.head)]


def known_scores(zoo: AnyZoo, task: str, k: str) -> list[str]:
    """The scores of every checkpoint alone, where they are needed anyway: of k = 1, none is new."""
    looked_at = {
        getattr(method, "task", None)
        for method in zoo.settings.selection.methods.values()
        if method.reads == "singles"
    }
    return [zoo.paths.scores(task, "singles")] if k == "1" and task in looked_at else []


def known_flags(zoo: AnyZoo, task: str, k: str) -> list[str]:
    """The same, as flags."""
    return [part for path in known_scores(zoo, task, k) for part in ("--known", path)]


def score_files(zoo: AnyZoo) -> list[str]:
    """The scores of every task and size."""
    sizes = scored_sizes(zoo)
    return [zoo.paths.scores(task, f"k{k}") for task in zoo.settings.task_names for k in sizes]


def task_names(zoo: AnyZoo) -> list[str]:
    """The names of the tasks."""
    return zoo.settings.task_names


def largest_size(zoo: AnyZoo) -> int:
    """The most picks of any selection that is asked for by size."""
    return max(zoo.settings.selection.sizes)
