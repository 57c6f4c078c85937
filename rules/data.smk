# Stage 1: the corpora of probe, tasks and agents; the tasks.


rule fetch_cifar100:
    """Compute nodes often have no network, so the download runs where Snakemake runs."""
    output:
        expand("results/downloads/cifar100/{file}", file=CIFAR100_FILES),
    log:
        "results/downloads/logs/fetch_cifar100.log",
    retries: 2
    localrule: True
    conda:
        "../envs/taskspace.yaml"
    params:
        code=code("workflow_scripts.data.fetch_cifar100"),
    message:
        "downloading CIFAR-100"
    shell:
        "python -m workflow_scripts.data.fetch_cifar100"
        " --folder results/downloads/cifar100 > {log:q} 2>&1"


rule draw_images:
    """The images of one corpus, drawn from the source by the zoo's seed."""
    input:
        source=source_data,
    output:
        images="results/{zoo}/corpora/{corpus}.npy",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
    log:
        "results/{zoo}/logs/draw_images/{corpus}.log",
    benchmark:
        "results/{zoo}/benchmarks/draw_images/{corpus}.tsv"
    wildcard_constraints:
        zoo=AGENT_ZOOS,
        corpus="probe|tasks|agents",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1500),
    params:
        code=code("workflow_scripts.data.draw_images"),
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
    output:
        "results/{zoo}/tasks/{task}.parquet",
    log:
        "results/{zoo}/logs/draw_task/{task}.log",
    wildcard_constraints:
        zoo=AGENT_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.data.draw_task"),
        classes=task_classes,
    message:
        "{wildcards.zoo}: drawing {wildcards.task}"
    shell:
        "python -m workflow_scripts.data.draw_task --units {input.units:q}"
        " --classes {params.classes} --output {output:q} > {log:q} 2>&1"


rule gather_images:
    """A probe or a task of an image zoo of one's own."""
    input:
        images=own_images,
    output:
        images="results/{zoo}/corpora/{corpus}.npy",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
    log:
        "results/{zoo}/logs/gather_images/{corpus}.log",
    benchmark:
        "results/{zoo}/benchmarks/gather_images/{corpus}.tsv"
    wildcard_constraints:
        zoo=OWN_IMAGE_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1500),
    params:
        code=code("workflow_scripts.data.gather_images"),
        flags=own_image_flags,
    message:
        "{wildcards.zoo}: gathering the images of {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.data.gather_images {params.flags:q}"
        " --output {output.images:q} --units {output.units:q} > {log:q} 2>&1"


rule read_image_task:
    """One task on images in folders of their classes."""
    input:
        units="results/{zoo}/corpora/{task}.units.parquet",
    output:
        "results/{zoo}/tasks/{task}.parquet",
    log:
        "results/{zoo}/logs/read_image_task/{task}.log",
    wildcard_constraints:
        zoo=OWN_IMAGE_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.data.draw_task"),
    message:
        "{wildcards.zoo}: reading {wildcards.task}"
    shell:
        "python -m workflow_scripts.data.draw_task --units {input.units:q}"
        " --corpus {wildcards.task:q} --output {output:q} > {log:q} 2>&1"


rule fetch_file:
    """Public text and tasks, verified."""
    output:
        "results/downloads/{file}",
    log:
        "results/downloads/logs/{file}.log",
    wildcard_constraints:
        file=one_of(PUBLIC_FILES),
    localrule: True
    conda:
        "../envs/taskspace.yaml"
    params:
        code=code("workflow_scripts.data.fetch_file"),
    message:
        "downloading {wildcards.file}"
    shell:
        "python -m workflow_scripts.data.fetch_file --name {wildcards.file:q}"
        " --output {output:q} > {log:q} 2>&1"


rule write_stdlib:
    """Text and labelled sentences of the running Python's standard library."""
    output:
        expand("results/{{zoo}}/stdlib/{file}", file=STDLIB_FILES),
    log:
        "results/{zoo}/logs/write_stdlib.log",
    benchmark:
        "results/{zoo}/benchmarks/write_stdlib.tsv"
    wildcard_constraints:
        zoo=TEXT_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.data.write_stdlib"),
        folder="results/{zoo}/stdlib",
        flags=stdlib_flags,
        python=platform.python_version(),
    message:
        "{wildcards.zoo}: labelling the standard library of Python {params.python}"
    shell:
        "python -m workflow_scripts.data.write_stdlib --folder {params.folder:q}"
        " {params.flags:q} > {log:q} 2>&1"


rule write_probe:
    """The sentences of a text probe."""
    input:
        text=probe_text,
    output:
        "results/{zoo}/corpora/{corpus}.txt",
    log:
        "results/{zoo}/logs/write_probe/{corpus}.log",
    wildcard_constraints:
        zoo=zoos_with("corpora", text_probes),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.data.write_probe"),
        flags=probe_flags,
    message:
        "{wildcards.zoo}: writing {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.data.write_probe --text {input.text:q} {params.flags:q}"
        " --output {output:q} > {log:q} 2>&1"


rule gather_sentences:
    """The corpus of the tasks that are on the same sentences."""
    input:
        files=files_of_corpus,
    output:
        "results/{zoo}/corpora/{corpus}.txt",
    log:
        "results/{zoo}/logs/gather_sentences/{corpus}.log",
    wildcard_constraints:
        zoo=zoos_with("corpora", task_corpora),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.data.gather_sentences"),
        flags=corpus_flags,
    message:
        "{wildcards.zoo}: gathering the sentences of {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.data.gather_sentences {params.flags:q}"
        " --output {output:q} > {log:q} 2>&1"


rule read_task:
    """One task on words, from its labelled files."""
    input:
        unpack(files_of_task),
        corpus=task_corpus,
    output:
        "results/{zoo}/tasks/{task}.parquet",
    log:
        "results/{zoo}/logs/read_task/{task}.log",
    wildcard_constraints:
        zoo=TEXT_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.data.read_task"),
        flags=text_task_flags,
    message:
        "{wildcards.zoo}: reading {wildcards.task}"
    shell:
        "python -m workflow_scripts.data.read_task {params.flags:q} --corpus {input.corpus:q}"
        " --output {output:q} > {log:q} 2>&1"
