# Stage 2: the checkpoints of the zoo.


def agent_classes(wildcards):
    """The classes that an agent is trained on."""
    zoo = zoo_of(wildcards)
    return [*zoo.class_sets().agents[zoo.checkpoint_names.index(wildcards.checkpoint)]]


def training_flags(wildcards):
    """The settings of an agent's training."""
    zoo = zoo_of(wildcards)
    return ["--seed", str(zoo.seed), *to_flags(zoo.agents, exclude=AGENT_SPLIT_FIELDS)]


# These decide which agents there are and what they see, and reach a job by its classes and images.
AGENT_SPLIT_FIELDS = {"count", "classes", "pool", "dev_fraction"}


rule train_agent:
    """One agent: a classifier of some of the classes."""
    input:
        images="results/{zoo}/corpora/agents.npy",
        units="results/{zoo}/corpora/agents.units.parquet",
        code=sources("workflow_scripts/checkpoints/train_agent.py"),
    output:
        weights="results/{zoo}/checkpoints/{checkpoint}/model.safetensors",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    params:
        classes=agent_classes,
        flags=training_flags,
    log:
        "results/{zoo}/logs/train_agent/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/train_agent/{checkpoint}.tsv"
    resources:
        mem_mb=2000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: training {wildcards.checkpoint}"
    shell:
        "python -m workflow_scripts.checkpoints.train_agent --images {input.images:q}"
        " --units {input.units:q} --checkpoint {wildcards.checkpoint:q}"
        " --classes {params.classes} {params.flags:q}"
        " --weights {output.weights:q} --card {output.card:q} > {log:q} 2>&1"
