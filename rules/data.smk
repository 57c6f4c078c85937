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
    if tasks and wildcards.corpus != "probe":
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
    return [*zoo.class_sets().tasks[zoo.task_names.index(wildcards.task)]]


rule fetch_cifar100:
    """Compute nodes often have no network, so the download runs where Snakemake runs."""
    localrule: True
    input:
        code=sources("workflow_scripts/data/fetch_cifar100.py"),
    output:
        expand("results/downloads/cifar100/{file}", file=CIFAR100_FILES),
    log:
        "results/downloads/logs/fetch_cifar100.log",
    retries: 2
    conda:
        "../envs/taskspace.yaml"
    message:
        "downloading CIFAR-100"
    shell:
        "python -m workflow_scripts.data.fetch_cifar100"
        " --folder results/downloads/cifar100 > {log:q} 2>&1"


rule draw_images:
    """The images of one corpus, drawn from the source by the zoo's seed."""
    wildcard_constraints:
        corpus="probe|tasks|agents",
    input:
        source=source_data,
        code=sources("workflow_scripts/data/draw_images.py"),
    output:
        images="results/{zoo}/corpora/{corpus}.npy",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
    params:
        flags=image_flags,
    log:
        "results/{zoo}/logs/draw_images/{corpus}.log",
    benchmark:
        "results/{zoo}/benchmarks/draw_images/{corpus}.tsv"
    resources:
        mem_mb=1500,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: drawing the images of {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.data.draw_images --corpus {wildcards.corpus}"
        " {params.flags:q} --output {output.images:q} --units {output.units:q} > {log:q} 2>&1"


rule draw_task:
    """One task: the task images of some classes."""
    input:
        units="results/{zoo}/corpora/tasks.units.parquet",
        code=sources("workflow_scripts/data/draw_task.py"),
    output:
        "results/{zoo}/tasks/{task}.parquet",
    params:
        classes=task_classes,
    log:
        "results/{zoo}/logs/draw_task/{task}.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: drawing {wildcards.task}"
    shell:
        "python -m workflow_scripts.data.draw_task --units {input.units:q}"
        " --classes {params.classes} --output {output:q} > {log:q} 2>&1"
