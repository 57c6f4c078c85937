# Stage 1: images of the probe, the tasks and the agents; the tasks.


rule fetch_cifar100:
    """Compute nodes often have no network, so the download runs where Snakemake runs."""
    input:
        code=sources("workflow_scripts/data/fetch_cifar100.py"),
    output:
        expand("results/downloads/cifar100/{file}", file=CIFAR100_FILES),
    log:
        "results/downloads/logs/fetch_cifar100.log",
    retries: 2
    localrule: True
    conda:
        "../envs/taskspace.yaml"
    message:
        "downloading CIFAR-100"
    shell:
        "python -m workflow_scripts.data.fetch_cifar100"
        " --folder results/downloads/cifar100 > {log:q} 2>&1"


rule draw_images:
    """The images of one corpus, drawn from the source by the zoo's seed."""
    input:
        source=source_data,
        code=sources("workflow_scripts/data/draw_images.py"),
    output:
        images="results/{zoo}/corpora/{corpus}.npy",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
    log:
        "results/{zoo}/logs/draw_images/{corpus}.log",
    benchmark:
        "results/{zoo}/benchmarks/draw_images/{corpus}.tsv"
    wildcard_constraints:
        corpus="probe|tasks|agents",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=1500,
    params:
        flags=image_flags,
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
    log:
        "results/{zoo}/logs/draw_task/{task}.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=1000,
    params:
        classes=task_classes,
    message:
        "{wildcards.zoo}: drawing {wildcards.task}"
    shell:
        "python -m workflow_scripts.data.draw_task --units {input.units:q}"
        " --classes {params.classes} --output {output:q} > {log:q} 2>&1"
