"""Stage 5: selections of checkpoints, a job for each method."""

from workflow_scripts.common.settings import to_flags
from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.planning.covariance import probe_features
from workflow_scripts.selection.settings import MethodSettings

AnyZoo = Zoo[ZooSettings]
Files = dict[str, str | list[str]]


def method_of(zoo: AnyZoo, method: str) -> MethodSettings:
    """The settings of a method by its label."""
    return zoo.settings.selection.methods[method]


def labels_of(zoo: AnyZoo, method: str) -> list[str]:
    """The labels that a zoo gives to a method, sorted."""
    methods = zoo.settings.selection.methods
    return sorted(label for label in methods if methods[label].method == method)


def sizes_of(zoo: AnyZoo, method: str) -> list[int]:
    """The sizes that a method selects, by its label."""
    fixed = {"single": [1], "all": [len(zoo.checkpoints)]}
    sizes = sorted(zoo.settings.selection.sizes)
    return fixed.get(zoo.settings.selection.methods[method].method, sizes)


def is_resampled(zoo: AnyZoo, method: str) -> bool:
    """Whether a method is also applied to replicates of the covariance."""
    settings = zoo.settings
    resampled = method_of(zoo, method).resampled
    return bool(resampled and settings.probe_names and settings.stability.replicates)


def files_of_method(zoo: AnyZoo, method: str) -> Files:
    """The files that a method picks from, under the names of their flags."""
    settings, paths = method_of(zoo, method), zoo.paths
    files: Files = {}
    if settings.reads == "covariance":
        files["covariance"] = paths.covariance()
    if settings.reads in ("singles", "forward_selection", "transferability"):
        part = {"forward_selection": "forward"}.get(settings.reads, settings.reads)
        files[settings.reads] = paths.scores(str(getattr(settings, "task")), part)  # noqa: B009
    if settings.reads == "features":
        files["probe"] = paths.units("probe")
    if "quality" in settings.reads_beside:
        files["quality_file"] = paths.quality()
    if "cards" in settings.reads_beside:
        files["cards"] = sorted(card_files(zoo))
    if "replicates" in settings.reads_beside:
        files["replicates"] = paths.replicates
    return files


def files_of_stability(zoo: AnyZoo, method: str) -> Files:
    """The same, and replicates of the covariance."""
    return files_of_method(zoo, method) | {"replicates": zoo.paths.replicates}


def features_of_method(zoo: AnyZoo, method: str) -> list[str]:
    """The features that a method picks from, if it looks at any."""
    return probe_features(zoo) if method_of(zoo, method).reads == "features" else []


def selection_flags(zoo: AnyZoo, method: str) -> list[str]:
    """What decides the picks of a method, and nothing else."""
    return _method_flags(zoo, method) + _file_flags(files_of_method(zoo, method))


def stability_flags(zoo: AnyZoo, method: str) -> list[str]:
    """What decides the picks of a method from replicates, and nothing else."""
    return _method_flags(zoo, method) + _file_flags(files_of_stability(zoo, method))


def selection_memory(zoo: AnyZoo, method: str) -> int:
    """MB of a selection: methods that look at features hold them all."""
    settings = method_of(zoo, method)
    if settings.reads != "features":
        return 1000
    units = int(getattr(settings, "units"))  # noqa: B009
    # Of a checkpoint with 1,600 dimensions twice, and a few kernels of the units.
    megabytes = units * 1600 * 16 * len(zoo.checkpoints) >> 20
    return max(1000, megabytes + (units**2 * 64 >> 20))


def card_files(zoo: AnyZoo) -> list[str]:
    """The card of each checkpoint."""
    return [zoo.paths.card(name) for name in zoo.settings.checkpoint_names]


def _method_flags(zoo: AnyZoo, method: str) -> list[str]:
    settings = method_of(zoo, method)
    flags = ["--label", method, *to_flags(settings), "--k"]
    flags += [str(size) for size in sizes_of(zoo, method)]
    if settings.reads == "covariance":
        flags += ["--jitter", str(zoo.settings.selection.jitter)]
    if settings.reads in ("names", "features"):
        flags += ["--checkpoints", *zoo.checkpoints]
    if settings.reads == "features":
        flags += ["--features-folder", zoo.paths.features_folder("probe")]
    return flags


def _file_flags(files: Files) -> list[str]:
    flags: list[str] = []
    for name, paths in files.items():
        flags.append(f"--{name.replace('_', '-')}")
        flags += paths if isinstance(paths, list) else [paths]
    return flags
