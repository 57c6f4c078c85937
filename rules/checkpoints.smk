# Stage 2: the checkpoints of the zoo.


rule train_agent:
    """One agent: a classifier of some of the classes."""
    input:
        images="results/{zoo}/corpora/agents.npy",
        units="results/{zoo}/corpora/agents.units.parquet",
        code=sources("workflow_scripts/checkpoints/train_agent.py"),
    output:
        weights="results/{zoo}/checkpoints/{checkpoint}/model.safetensors",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    log:
        "results/{zoo}/logs/train_agent/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/train_agent/{checkpoint}.tsv"
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        classes=agent_classes,
        flags=training_flags,
    message:
        "{wildcards.zoo}: training {wildcards.checkpoint}"
    shell:
        "python -m workflow_scripts.checkpoints.train_agent --images {input.images:q}"
        " --units {input.units:q} --checkpoint {wildcards.checkpoint:q}"
        " --classes {params.classes} {params.flags:q}"
        " --weights {output.weights:q} --card {output.card:q} > {log:q} 2>&1"
