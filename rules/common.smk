# What the rules share: the validated config, the constraints of wildcards, and helpers.
import json
import platform
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from workflow_scripts.common.packages import missing_packages

# With --sdm conda the jobs have packages of their own.
if not workflow.deployment_settings.deployment_method:
    if missing := missing_packages(ROOT / "requirements.txt"):
        sys.exit(
            f"error: {', '.join(missing)} cannot be found by {sys.executable}; run "
            "pip install -r requirements.txt there"
        )

from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.common.config import ConfigError, read_config, repeated_keys
from workflow_scripts.common.script import UserError
from workflow_scripts.common.settings import to_flags
from workflow_scripts.common.source_files import source_files
from workflow_scripts.common.zoos import ImageZoo, OwnImageZoo
from workflow_scripts.checkpoints.checkpoint_files import needed_paths
from workflow_scripts.checkpoints.settings import ReadingSettings
from workflow_scripts.data.image_folder import images_by_class, probe_images
from workflow_scripts.data.public_data import FILES as PUBLIC_FILES
from workflow_scripts.data.settings import AgentSplitSettings
from workflow_scripts.data.stdlib_settings import DOMAINS
from workflow_scripts.planning.report import (
    FIGURES,
    TABLES,
    figure_files,
    figure_flags,
    figure_inputs,
    headline_method,
    report_contents,
    report_inputs,
    stopping_limit,
    table_files,
    table_flags,
    table_inputs,
)
from workflow_scripts.progress.terminal import show_failure, show_progress, show_success
from workflow_scripts.common.provenance import (
    keep_provenance,
    made_since_provenance,
    write_provenance,
)
from workflow_scripts.data.text_settings import StdlibTask, metric_of, target_of

try:
    for path in map(Path, workflow.configfiles):
        repeated = repeated_keys(path.read_text(encoding="utf-8"))
        if repeated:
            raise ConfigError([f"{path}, {line}" for line in repeated])
    ZOOS = read_config(config).zoos
except ConfigError as error:
    sys.exit("\n".join(f"config error: {line}" for line in error.lines))


def one_of(names):
    """A pattern for names of files and folders: any of these, or nothing at all."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


def zoos_with(folder, names_of):
    """A pattern for the zoos in which a folder holds certain names, and only where one follows.

    Zoos may give the same name to different things, such as a checkpoint of the hub and one that
    is trained; the name alone does not say which rule makes it.
    """
    return (
        "|".join(
            f"{re.escape(zoo)}(?=/{folder}/(?:{one_of(names_of(settings))})[./])"
            for zoo, settings in ZOOS.items()
            if names_of(settings)
        )
        or "(?!)"
    )


AGENT_ZOOS = one_of(zoo for zoo in ZOOS if isinstance(ZOOS[zoo], ImageZoo))
OWN_IMAGE_ZOOS = one_of(zoo for zoo in ZOOS if isinstance(ZOOS[zoo], OwnImageZoo))
TEXT_ZOOS = one_of(zoo for zoo in ZOOS if ZOOS[zoo].modality == "text")


wildcard_constraints:
    zoo=one_of(ZOOS),
    checkpoint=r"[^/]+",
    corpus=r"[^/]+",
    probe=one_of({name for zoo in ZOOS.values() for name in zoo.probe_names}),
    task=r"[^/]+",
    method=one_of({name for zoo in ZOOS.values() for name in zoo.selection.methods}),
    k=r"\d+",


def sources(script):
    """A script and every project module that it imports: the code that a job's result depends on."""
    return source_files(script, ROOT)


def growing(megabytes):
    """Memory of a job; a job that failed gets as much again with every attempt."""

    def of_attempt(wildcards, attempt):
        return megabytes * attempt

    return of_attempt


def zoo_of(wildcards):
    """The settings of the zoo that a job belongs to."""
    return ZOOS[wildcards.zoo]


def feature_files(wildcards, corpus):
    """The features of every checkpoint of a zoo on a corpus."""
    return [
        f"results/{wildcards.zoo}/features/{corpus}/{file_name(name)}.safetensors"
        for name in zoo_of(wildcards).checkpoint_names
    ]


def checkpoint_names(wildcards):
    """The names of a zoo's checkpoints, sorted, so that their order in the config is no matter."""
    return sorted(zoo_of(wildcards).checkpoint_names)


def given(paths):
    """Those of a user's files that are there.

    Where one is missing, a run ends before its first job; a dry run plans without it.
    """
    there = [path for path in paths if Path(path).exists()]
    if len(there) < len(paths):
        report_missing_files()
    return there


@cache
def report_missing_files():
    """Name all of the users' files that are missing, once."""
    lines = [
        f"missing file: {path}, for zoos.{name}.{key}{home and f'; it is from {home}'}"
        for name, zoo in ZOOS.items()
        for key, path, home in zoo.user_files
        if not Path(path).exists()
    ]
    if not workflow.dryrun:
        sys.exit("\n".join(lines))
    print(*lines, sep="\n", file=sys.stderr)


def write_provenances():
    """Write where the results of each zoo come from, if any were made since it was written."""
    for name, zoo in ZOOS.items():
        folder = Path("results") / name
        if workflow.touch:
            keep_provenance(folder)
        elif made_since_provenance(folder):
            write_provenance(folder, ROOT, zoo.model_dump(mode="json"))


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


# Stage 1, images of one's own: folders of the probe and of tasks.
@cache
def images_of_corpus(zoo, corpus):
    """The files of a probe or of a task."""
    settings = ZOOS[zoo]
    try:
        if corpus == "probe":
            folder = given([settings.probe.folder])
            return [
                f"{one}/{name}"
                for one in folder
                for name in probe_images(
                    Path(one), settings.probe.max_images, settings.seed
                )
            ]
        task = settings.tasks[corpus]
        return [
            f"{folder}/{name}"
            for folder in given(list(task.folders.values()))
            for names in images_by_class(
                Path(folder), task.max_per_class, settings.seed
            ).values()
            for name in names
        ]
    except UserError as error:
        sys.exit(f"error: {error}")


def own_images(wildcards):
    """The images of a corpus."""
    return images_of_corpus(wildcards.zoo, wildcards.corpus)


def own_image_flags(wildcards):
    """What decides the images of a corpus, and nothing else."""
    zoo = zoo_of(wildcards)
    flags = ["--seed", str(zoo.seed), "--size", str(zoo.image_size)]
    if wildcards.corpus == "probe":
        flags += ["--images", zoo.probe.folder]
        return flags + to_flags(zoo.probe, exclude={"folder", "home"})
    task = zoo.tasks[wildcards.corpus]
    drawn = {
        f"{split}_fraction" for split in ("dev", "test") if split not in task.folders
    }
    unused = {"dev_fraction", "test_fraction"} - drawn
    return flags + to_flags(task, exclude={"home", *unused})


# Stage 1, text: probes, and the corpora of tasks.
STDLIB_FILES = sorted(
    {"probe.txt"}
    | {f"text/{domain}.txt" for domain in DOMAINS}
    | {
        file.format(split=split)
        for _, _, file in StdlibTask.FILES.values()
        for split in ("train", "dev", "test")
    }
)


def stdlib_flags(wildcards):
    """What decides the embedded text and its tasks, apart from the library itself."""
    zoo = zoo_of(wildcards)
    return ["--seed", str(zoo.seed), *to_flags(zoo.data)]


def image_probes(zoo):
    """The names of an image zoo's probes."""
    return zoo.probe_names if zoo.modality == "image" else []


def text_probes(zoo):
    """The names of a zoo's text probes."""
    return zoo.probe_names if zoo.modality == "text" else []


def task_corpora(zoo):
    """The names of the corpora of a text zoo's tasks."""
    if zoo.modality != "text":
        return []
    return sorted({zoo.corpus_of(task) for task in zoo.task_names})


def probe_text(wildcards):
    """The file that a probe's sentences are from."""
    probe = zoo_of(wildcards).probe_texts[wildcards.corpus]
    if probe.source == "text":
        return given([probe.file])
    if probe.source == "python-stdlib":
        return [f"results/{wildcards.zoo}/stdlib/probe.txt"]
    return [f"results/downloads/{probe.download}.txt"]


def probe_flags(wildcards):
    """Which sentences a probe takes, and how they are read."""
    probe = zoo_of(wildcards).probe_texts[wildcards.corpus]
    return to_flags(probe, exclude={"source", "file", "variant", "home"})


def task_files(wildcards, task, split):
    """The files of a split of a task; none where it is drawn from another."""
    settings = zoo_of(wildcards).tasks[task]
    files = settings.files(split, f"results/{wildcards.zoo}/stdlib")
    return given(files) if settings.source == "files" else files


def files_of_task(wildcards):
    """The files of every split of a task, by split."""
    return {
        split: task_files(wildcards, wildcards.task, split)
        for split in ("train", "dev", "test")
    }


def tasks_on(wildcards):
    """The tasks on a corpus, sorted, so that their order in the config is no matter."""
    zoo = zoo_of(wildcards)
    return sorted(
        task for task in zoo.task_names if zoo.corpus_of(task) == wildcards.corpus
    )


def files_of_corpus(wildcards):
    """The files of all tasks on a corpus, each once."""
    return sorted(
        {
            path
            for task in tasks_on(wildcards)
            for split in ("train", "dev", "test")
            for path in task_files(wildcards, task, split)
        }
    )


def corpus_flags(wildcards):
    """Each file of a corpus once, with how it is read."""
    files = {
        (zoo_of(wildcards).tasks[task].format, path)
        for task in tasks_on(wildcards)
        for split in ("train", "dev", "test")
        for path in task_files(wildcards, task, split)
    }
    return [part for form, path in sorted(files) for part in ("--read", form, path)]


def text_task_flags(wildcards):
    """How a task is read from its files, and what is drawn from them."""
    zoo = zoo_of(wildcards)
    task = zoo.tasks[wildcards.task]
    flags = [
        "--format",
        task.format,
        "--target",
        target_of(task),
        "--metric",
        metric_of(task),
    ]
    for split, files in files_of_task(wildcards).items():
        flags += [f"--{split}", *files] if files else []
    drawn = [split for split in ("dev", "test") if not task.files(split, "")]
    for split in drawn:
        flags += [f"--{split}-fraction", str(getattr(task, f"{split}_fraction"))]
    return flags + (["--seed", str(zoo.seed)] if drawn else [])


def task_corpus(wildcards):
    """The corpus that a text task is on."""
    corpus = zoo_of(wildcards).corpus_of(wildcards.task)
    return f"results/{wildcards.zoo}/corpora/{corpus}.txt"


# Stage 2: the checkpoints of the zoo.
def checkpoints_of_kind(kind):
    """A pattern for the zoos in which a checkpoint of that kind has a name."""
    return zoos_with(
        "checkpoints",
        lambda zoo: [
            file_name(name)
            for name in zoo.checkpoint_names
            if kind_of(zoo, name) == kind
        ],
    )


def kind_of(zoo, name):
    """Where a checkpoint comes from."""
    return "agent" if isinstance(zoo, ImageZoo) else zoo.checkpoints[name].kind


def settings_of_checkpoint(wildcards):
    """The settings of a checkpoint that the config names."""
    return zoo_of(wildcards).checkpoints[checkpoint_of(wildcards)]


def checkpoint_of(wildcards):
    """The name of a checkpoint whose files have the name in the wildcard."""
    return names_by_file(wildcards.zoo)[wildcards.checkpoint]


@cache
def names_by_file(zoo):
    """The names of a zoo's checkpoints, by the names of their files."""
    return {file_name(name): name for name in ZOOS[zoo].checkpoint_names}


def hub_flags(wildcards):
    """What is fetched from the hub."""
    one = settings_of_checkpoint(wildcards)
    flags = ["--id", one.id, "--revision", one.revision]
    return flags + loading_flags(wildcards)


def loading_flags(wildcards):
    """What a checkpoint reads, and whether code that comes with it may run."""
    flags = ["--modality", zoo_of(wildcards).modality]
    trusted = settings_of_checkpoint(wildcards).trust_remote_code
    return flags + (["--trust-remote-code"] if trusted else [])


def folder_files(wildcards):
    """The files of a user's own checkpoint."""
    one = settings_of_checkpoint(wildcards)
    given([f"{one.path}/config.json"])
    modality = zoo_of(wildcards).modality
    paths = needed_paths(Path(one.path), one.trust_remote_code, modality)
    return [path.as_posix() for path in paths]


def pretraining_text(wildcards):
    """What a miniature model is trained on."""
    return f"results/{wildcards.zoo}/stdlib/text/{settings_of_checkpoint(wildcards).domain}.txt"


def pretraining_flags(wildcards):
    """How a miniature model is made and trained."""
    zoo = zoo_of(wildcards)
    return [
        "--seed",
        str(zoo.seed),
        *to_flags(
            settings_of_checkpoint(wildcards),
            exclude={"kind", *ReadingSettings.model_fields},
        ),
    ]


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
    """How a checkpoint's features are made and stored."""
    return to_flags(zoo_of(wildcards).features_of(checkpoint_of(wildcards)))


# Stage 4: the covariance between the checkpoints.
def is_precomputed(zoo):
    """Whether a zoo's covariance was brought along."""
    return zoo.covariance.precomputed is not None


def covariance_flags(wildcards):
    """How the covariance is estimated."""
    return to_flags(zoo_of(wildcards).covariance, exclude={"precomputed", "names"})


def convergence_flags(wildcards):
    """How the covariance is estimated, and at which numbers of sentences beside all."""
    zoo = zoo_of(wildcards)
    folder = f"results/{wildcards.zoo}"
    flags = ["--convergence", f"{folder}/covariance/{wildcards.probe}.convergence.csv"]
    flags += ["--corpus", f"{folder}/corpora/{wildcards.probe}.txt"]
    flags += (
        ["--prefixes", *map(str, sorted(zoo.convergence))] if zoo.convergence else []
    )
    return covariance_flags(wildcards) + flags


def probe_groups(wildcards):
    """The file that says which units of the probe belong together."""
    suffix = "units.parquet" if zoo_of(wildcards).modality == "image" else "txt"
    return f"results/{wildcards.zoo}/corpora/probe.{suffix}"


def resampling_flags(wildcards):
    """How the probe is resampled."""
    zoo = zoo_of(wildcards)
    return ["--seed", str(zoo.seed), *to_flags(zoo.stability)]


def resampling_memory(wildcards, attempt):
    """Memory of a job that resamples the probe; a third of it is for features."""
    settings = zoo_of(wildcards).stability
    count = len(checkpoint_names(wildcards))
    # Replicates twice, and of every unit what its rows sum up to over each block.
    kept = 16 * settings.replicates * count**2
    kept += 4 * settings.units * (settings.blocks + 5) * count
    return (3000 + (kept * 3 // 2 >> 20)) * attempt


def precomputed_files(wildcards):
    """The files of a covariance that was brought along, under the names of their flags."""
    settings = zoo_of(wildcards).covariance
    files = {"covariance": given([settings.precomputed])}
    return files | ({"names": given([settings.names])} if settings.names else {})


def precomputed_flags(wildcards):
    """The same, as flags."""
    settings = zoo_of(wildcards).covariance
    flags = ["--covariance", settings.precomputed]
    return flags + (["--names", settings.names] if settings.names else [])


# Stage 5: selections of checkpoints, a file for each method.
def read_by_method(wildcards):
    """The files that a method picks from, under the names of their flags."""
    zoo = zoo_of(wildcards)
    method = zoo.selection.methods[wildcards.method]
    folder = f"results/{wildcards.zoo}"
    files = {}
    if method.reads == "covariance":
        files["covariance"] = f"{folder}/covariance/probe.npz"
    if method.reads in ("singles", "forward_selection", "transferability"):
        name = {"forward_selection": "forward"}.get(method.reads, method.reads)
        files[method.reads] = f"{folder}/scores/{method.task}/{name}.csv"
    if method.reads == "features":
        files["corpus"] = probe_groups(wildcards)
    if "quality" in method.reads_beside:
        files["quality_file"] = f"{folder}/covariance/probe.quality.csv"
    if "cards" in method.reads_beside:
        files["cards"] = sorted(card_files(wildcards))
    if "replicates" in method.reads_beside:
        files["replicates"] = f"{folder}/covariance/probe.replicates.npz"
    return files


def read_for_stability(wildcards):
    """The same, and replicates of the covariance."""
    replicates = f"results/{wildcards.zoo}/covariance/probe.replicates.npz"
    return read_by_method(wildcards) | {"replicates": replicates}


def features_of_method(wildcards):
    """The features that a method picks from, if it looks at any."""
    method = zoo_of(wildcards).selection.methods[wildcards.method]
    return feature_files(wildcards, "probe") if method.reads == "features" else []


def method_flags(wildcards):
    """What decides the picks of a method beside the files it reads."""
    zoo = zoo_of(wildcards)
    method = zoo.selection.methods[wildcards.method]
    flags = ["--label", wildcards.method, *to_flags(method), "--k"]
    flags += [str(size) for size in sizes_of(zoo, wildcards.method)]
    if method.reads == "covariance":
        flags += ["--jitter", str(zoo.selection.jitter)]
    if method.reads in ("names", "features"):
        flags += ["--checkpoints", *checkpoint_names(wildcards)]
    if method.reads == "features":
        flags += ["--features-folder", f"results/{wildcards.zoo}/features/probe"]
    return flags


def selection_flags(wildcards):
    """What decides the picks of a method, and nothing else."""
    return method_flags(wildcards) + file_flags(read_by_method(wildcards))


def stability_flags(wildcards):
    """What decides the picks of a method from replicates, and nothing else."""
    return method_flags(wildcards) + file_flags(read_for_stability(wildcards))


def file_flags(files):
    """Files under the names of their flags, as flags."""
    flags = []
    for name, paths in files.items():
        flags.append(f"--{name.replace('_', '-')}")
        flags += paths if isinstance(paths, list) else [paths]
    return flags


def selection_memory(wildcards, attempt):
    """Megabytes for a selection: those that look at features hold them all."""
    method = zoo_of(wildcards).selection.methods[wildcards.method]
    if method.reads != "features":
        return 1000 * attempt
    # Of a checkpoint with 1,600 dimensions twice, and a few kernels of the units.
    megabytes = method.units * 1600 * 16 * len(checkpoint_names(wildcards)) >> 20
    return max(1000, megabytes + (method.units**2 * 64 >> 20)) * attempt


def sizes_of(zoo, method):
    """The sizes that a method selects."""
    fixed = {"single": [1], "all": [len(zoo.checkpoint_names)]}
    return fixed.get(zoo.selection.methods[method].method, sorted(zoo.selection.sizes))


def scored_sizes(zoo):
    """The sizes that any method selects."""
    return sorted(
        {k for method in zoo.selection.methods for k in sizes_of(zoo, method)}
    )


# Stage 6: heads and their scores; one job for each task and size.
def selections_of_size(wildcards):
    """The selections of every method that has the size."""
    zoo = zoo_of(wildcards)
    return [
        f"results/{wildcards.zoo}/selections/{label}.csv"
        for label in sorted(zoo.selection.methods)
        if int(wildcards.k) in sizes_of(zoo, label)
    ]


def features_of_task(wildcards):
    """The features of every checkpoint on the corpus of a task."""
    return feature_files(wildcards, zoo_of(wildcards).corpus_of(wildcards.task))


def folder_of_task(wildcards):
    """Where those features are."""
    return f"results/{wildcards.zoo}/features/{zoo_of(wildcards).corpus_of(wildcards.task)}"


def head_flags(wildcards):
    """The zoo's seed and how heads are trained."""
    zoo = zoo_of(wildcards)
    return ["--seed", str(zoo.seed), *to_flags(zoo.head)]


def known_scores(wildcards):
    """The scores of every checkpoint alone, where they are needed anyway: of k = 1, none is new."""
    zoo = zoo_of(wildcards)
    looked_at = {
        method.task
        for method in zoo.selection.methods.values()
        if method.reads == "singles"
    }
    if wildcards.k != "1" or wildcards.task not in looked_at:
        return []
    return [f"results/{wildcards.zoo}/scores/{wildcards.task}/singles.csv"]


def known_flags(wildcards):
    """The same, as flags."""
    return [part for path in known_scores(wildcards) for part in ("--known", path)]


def score_files(wildcards):
    """The scores of every task and size."""
    zoo = zoo_of(wildcards)
    return [
        f"results/{wildcards.zoo}/scores/{task}/k{k}.csv"
        for task in zoo.task_names
        for k in scored_sizes(zoo)
    ]


# Stage 7: figures, tables and the report.
REPORT_TEXTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "workflow_scripts/report").rglob("*"))
    if path.suffix in (".j2", ".css", ".js", ".rst", ".yaml")
]


def card_files(wildcards):
    """What each checkpoint of a zoo says of itself."""
    return [
        f"results/{wildcards.zoo}/checkpoints/{file_name(name)}/checkpoint.json"
        for name in zoo_of(wildcards).checkpoint_names
    ]
