# What the rules share: the validated config, the constraints of wildcards, and helpers.
import re
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from workflow_scripts.common.config import ConfigError, read_config, repeated_keys
from workflow_scripts.common.settings import to_flags
from workflow_scripts.common.source_files import source_files
from workflow_scripts.data.settings import AgentSplitSettings

try:
    for path in map(Path, workflow.configfiles):
        repeated = repeated_keys(path.read_text(encoding="utf-8"))
        if repeated:
            raise ConfigError([f"{path}, {line}" for line in repeated])
    ZOOS = read_config(config).zoos
except ConfigError as error:
    sys.exit("\n".join(f"config error: {line}" for line in error.lines))


wildcard_constraints:
    zoo="|".join(map(re.escape, ZOOS)),
    checkpoint=r"[^/]+",
    task=r"[^/]+",
    method=r"[^/]+",
    k=r"\d+",


def sources(script):
    """A script and every project module that it imports: the code that a job's result depends on."""
    return source_files(script, ROOT)


def zoo_of(wildcards):
    """The settings of the zoo that a job belongs to."""
    return ZOOS[wildcards.zoo]


def feature_files(wildcards, corpus):
    """The features of every checkpoint of a zoo on a corpus."""
    return [
        f"results/{wildcards.zoo}/features/{corpus}/{name}.safetensors"
        for name in zoo_of(wildcards).checkpoint_names
    ]


def checkpoint_names(wildcards):
    """The names of a zoo's checkpoints, sorted, so that their order in the config is no matter."""
    return sorted(zoo_of(wildcards).checkpoint_names)


# Stage 1: images of the probe, the tasks and the agents; the tasks.
CIFAR100_FILES = [f"cifar-100-python/{part}" for part in ("train", "test", "meta")]


def source_folder(wildcards):
    """Where a zoo's source is on disk, or None if it comes with a package."""
    data = zoo_of(wildcards).data
    if data.source != "cifar100":
        return None
    return data.folder or "results/downloads/cifar100"


def source_data(wildcards):
    """The files of a zoo's source."""
    folder = source_folder(wildcards)
    return [f"{folder}/{file}" for file in CIFAR100_FILES] if folder else []


def image_flags(wildcards):
    """What decides the images of a corpus, and nothing else."""
    zoo = zoo_of(wildcards)
    tasks = zoo.tasks
    labelled = tasks.samples_per_class if tasks else 0
    flags = ["--seed", zoo.seed, "--probe-per-class", zoo.probe.samples_per_class]
    flags += to_flags(zoo.data, exclude={"folder"})
    if source_folder(wildcards):
        flags += ["--folder", source_folder(wildcards)]
    if tasks and wildcards.corpus == "agents":
        # How the tasks split their share into train and dev does not concern the agents.
        flags += ["--task-train-per-class", labelled]
    if tasks and wildcards.corpus == "tasks":
        flags += ["--task-train-per-class", labelled - tasks.dev_per_class]
        flags += ["--task-dev-per-class", tasks.dev_per_class]
    if wildcards.corpus == "tasks" and tasks.test_per_class:
        flags += ["--task-test-per-class", tasks.test_per_class]
    if wildcards.corpus == "agents":
        flags += ["--agent-dev-fraction", zoo.agents.dev_fraction]
    if wildcards.corpus == "probe" and zoo.probe.rotations:
        flags += ["--rotations", *zoo.probe.rotations]
    return [str(flag) for flag in flags]


def task_classes(wildcards):
    """The classes of a task."""
    zoo = zoo_of(wildcards)
    return [*zoo.class_sets.tasks[zoo.task_names.index(wildcards.task)]]


# Stage 2: the checkpoints of the zoo.
def agent_classes(wildcards):
    """The classes that an agent is trained on."""
    zoo = zoo_of(wildcards)
    return [*zoo.class_sets.agents[zoo.checkpoint_names.index(wildcards.checkpoint)]]


def training_flags(wildcards):
    """The settings of an agent's training.

    Which agents there are, and what they see, reaches a job by its classes and images.
    """
    zoo = zoo_of(wildcards)
    shared_out = set(AgentSplitSettings.model_fields)
    return ["--seed", str(zoo.seed), *to_flags(zoo.agents, exclude=shared_out)]


# Stage 3: the features of each checkpoint on each corpus.
def feature_flags(wildcards):
    """How features are stored."""
    return to_flags(zoo_of(wildcards).features)


# Stage 4: the covariance between the checkpoints.
def covariance_flags(wildcards):
    """How the covariance is estimated."""
    return to_flags(zoo_of(wildcards).covariance)


# Stage 5: selections of checkpoints, a file for each method.
def read_by_method(wildcards):
    """The file that a method picks from, under the name of its flag."""
    zoo = zoo_of(wildcards)
    method = zoo.selection.methods[wildcards.method]
    if method.reads == "covariance":
        return {"covariance": f"results/{wildcards.zoo}/covariance/probe.npz"}
    if method.reads == "singles":
        return {"singles": f"results/{wildcards.zoo}/scores/{method.task}/singles.csv"}
    return {}


def selection_flags(wildcards):
    """What decides the picks of a method, and nothing else."""
    zoo = zoo_of(wildcards)
    method = zoo.selection.methods[wildcards.method]
    flags = ["--label", wildcards.method, *to_flags(method), "--k"]
    flags += [str(size) for size in sizes_of(zoo, wildcards.method)]
    if method.reads == "covariance":
        flags += ["--jitter", str(zoo.selection.jitter)]
    if method.reads == "names":
        flags += ["--checkpoints", *checkpoint_names(wildcards)]
    for flag, path in read_by_method(wildcards).items():
        flags += [f"--{flag}", path]
    return flags


def sizes_of(zoo, method):
    """The sizes that a method selects."""
    sizes = sorted(zoo.selection.sizes)
    return [1] if zoo.selection.methods[method].method == "single" else sizes


# Stage 6: heads and their scores; one job for each task and size.
def selections_of_size(wildcards):
    """The selections of every method that has the size."""
    zoo = zoo_of(wildcards)
    return [
        f"results/{wildcards.zoo}/selections/{label}.csv"
        for label in sorted(zoo.selection.methods)
        if int(wildcards.k) in sizes_of(zoo, label)
    ]


def head_flags(wildcards):
    """The zoo's seed and how heads are trained."""
    zoo = zoo_of(wildcards)
    return ["--seed", str(zoo.seed), *to_flags(zoo.head)]


def score_files(wildcards):
    """The scores of every task and size."""
    zoo = zoo_of(wildcards)
    return [
        f"results/{wildcards.zoo}/scores/{task}/k{k}.csv"
        for task in zoo.task_names
        for k in zoo.selection.sizes
    ]


# Stage 7: figures, tables and the report.
REPORT_TEXTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "workflow_scripts/report").glob("*/*"))
    if path.suffix in (".j2", ".rst")
]


def labels_of(zoo, method):
    """The labels that a zoo gives to a method, sorted."""
    methods = zoo.selection.methods
    return sorted(label for label in methods if methods[label].method == method)


def headline_method(zoo):
    """The method whose picks are named in figures and findings: mmi if there is one, else any
    but random."""
    methods = zoo.selection.methods
    return min(
        methods,
        key=lambda label: (
            _HEADLINES.get(methods[label].method, 1),
            label != "mmi",
            label,
        ),
    )


_HEADLINES = {"mmi": 0, "random": 2}


def random_flags(wildcards):
    """The random sets that other methods are compared to, where there are any."""
    return [f"--random={label}" for label in labels_of(zoo_of(wildcards), "random")[:1]]


def selection_files(wildcards):
    """The selections of every method of a zoo."""
    labels = sorted(zoo_of(wildcards).selection.methods)
    return [f"results/{wildcards.zoo}/selections/{label}.csv" for label in labels]


def card_files(wildcards):
    """What each checkpoint of a zoo says of itself."""
    return [
        f"results/{wildcards.zoo}/checkpoints/{name}/checkpoint.json"
        for name in zoo_of(wildcards).checkpoint_names
    ]


def report_figures(zoo):
    """The figures of a zoo."""
    figures = ["covariance", "mutual-information"]
    if ZOOS[zoo].tasks:
        figures += ["scores"]
        random = labels_of(ZOOS[zoo], "random")
        others = set(ZOOS[zoo].selection.methods) - set(random)
        figures += ["gain"] if random and others else []
    return [f"results/{zoo}/figures/{name}.svg" for name in figures]


def report_tables(zoo):
    """The tables of a zoo."""
    tables = ["checkpoints", "picks"] + (["scores"] if ZOOS[zoo].tasks else [])
    return [f"results/{zoo}/tables/{name}.csv" for name in tables]
