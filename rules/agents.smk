# Stages 1 to 3 of zoos of agents: classifiers trained here on subsets of classes.
from workflow_scripts.kinds.agents import jobs as agents


rule fetch_cifar100:
    """Compute nodes often have no network, so the download runs where Snakemake runs."""
    output:
        files=expand("results/downloads/cifar100/{file}", file=agents.CIFAR100_FILES),
        facts="results/downloads/cifar100/cifar100.facts.json",
    log:
        "results/downloads/logs/fetch_cifar100.log",
    retries: 2
    localrule: True
    conda:
        "../envs/taskspace.yaml"
    params:
        code=code("workflow_scripts.kinds.agents.fetch_cifar100"),
    message:
        "downloading CIFAR-100"
    shell:
        "python -m workflow_scripts.kinds.agents.fetch_cifar100"
        " --folder results/downloads/cifar100 --facts {output.facts:q}"
        " > {log:q} 2>&1"


rule draw_images:
    """The images of one corpus, drawn from the source by the zoo's seed."""
    input:
        source=planned(agents.source_files),
    output:
        images="results/{zoo}/corpora/{corpus}.npy",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
        facts="results/{zoo}/corpora/{corpus}.units.parquet.facts.json",
    log:
        "results/{zoo}/logs/draw_images/{corpus}.log",
    benchmark:
        "results/{zoo}/benchmarks/draw_images/{corpus}.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "agents"),
        corpus="probe|tasks|agents",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1500),
    params:
        code=code("workflow_scripts.kinds.agents.draw_images"),
        flags=planned(agents.corpus_flags),
    message:
        "{wildcards.zoo}: drawing the images of {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.agents.draw_images --corpus {wildcards.corpus}"
        " {params.flags:q} --output {output.images:q} --units {output.units:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule draw_task:
    """One task: the task images of some classes."""
    input:
        units="results/{zoo}/corpora/tasks.units.parquet",
    output:
        task="results/{zoo}/tasks/{task}.parquet",
        facts="results/{zoo}/tasks/{task}.parquet.facts.json",
    log:
        "results/{zoo}/logs/draw_task/{task}.log",
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "agents"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.images.draw_task"),
        classes=planned(agents.task_classes),
    message:
        "{wildcards.zoo}: drawing {wildcards.task}"
    shell:
        "python -m workflow_scripts.images.draw_task --units {input.units:q}"
        " --classes {params.classes} --output {output.task:q} --facts {output.facts:q} > {log:q} 2>&1"


rule train_agent:
    """One agent: a classifier of some of the classes."""
    input:
        images="results/{zoo}/corpora/agents.npy",
        units="results/{zoo}/corpora/agents.units.parquet",
    output:
        weights="results/{zoo}/checkpoints/{checkpoint}/model.safetensors",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        facts="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json.facts.json",
    log:
        "results/{zoo}/logs/train_agent/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/train_agent/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "agents"),
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.kinds.agents.train_agent"),
        classes=planned(agents.agent_classes),
        flags=planned(agents.training_flags),
    message:
        "{wildcards.zoo}: training {wildcards.checkpoint}"
    shell:
        "python -m workflow_scripts.kinds.agents.train_agent --images {input.images:q}"
        " --units {input.units:q} --checkpoint {wildcards.checkpoint:q}"
        " --classes {params.classes} {params.flags:q}"
        " --weights {output.weights:q} --card {output.card:q} --facts {output.facts:q} > {log:q} 2>&1"


rule extract_agent_features:
    """One agent on one corpus of images."""
    input:
        corpus="results/{zoo}/corpora/{corpus}.npy",
        weights="results/{zoo}/checkpoints/{checkpoint}/model.safetensors",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    output:
        features="results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
        facts="results/{zoo}/features/{corpus}/{checkpoint}.safetensors.facts.json",
    log:
        "results/{zoo}/logs/extract_agent_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/extract_agent_features/{corpus}/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "agents"),
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.kinds.agents.extract_agent"),
        folder=subpath(input.card, parent=True),
        flags=planned(agents.feature_flags),
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.agents.extract_agent --corpus {input.corpus:q}"
        " --checkpoint {params.folder:q} {params.flags:q} --output {output.features:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"
