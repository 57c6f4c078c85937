# Stage 2: the checkpoints of the zoo.


rule train_agent:
    """One agent: a classifier of some of the classes."""
    input:
        images="results/{zoo}/corpora/agents.npy",
        units="results/{zoo}/corpora/agents.units.parquet",
    output:
        weights="results/{zoo}/checkpoints/{checkpoint}/model.safetensors",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    log:
        "results/{zoo}/logs/train_agent/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/train_agent/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=AGENT_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.checkpoints.train_agent"),
        classes=agent_classes,
        flags=training_flags,
    message:
        "{wildcards.zoo}: training {wildcards.checkpoint}"
    shell:
        "python -m workflow_scripts.checkpoints.train_agent --images {input.images:q}"
        " --units {input.units:q} --checkpoint {wildcards.checkpoint:q}"
        " --classes {params.classes} {params.flags:q}"
        " --weights {output.weights:q} --card {output.card:q} > {log:q} 2>&1"


rule fetch_checkpoint:
    """Compute nodes often have no network, so the download runs where Snakemake runs.

    The card is written last, and is the only file that Snakemake knows of: it would delete others
    before a second try, which goes on where the first ended.
    """
    output:
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    log:
        "results/{zoo}/logs/fetch_checkpoint/{checkpoint}.log",
    wildcard_constraints:
        zoo=checkpoints_of_kind("hub"),
    localrule: True
    conda:
        "../envs/taskspace.yaml"
    params:
        code=code("workflow_scripts.checkpoints.fetch_checkpoint"),
        checkpoint=checkpoint_of,
        folder="results/{zoo}/checkpoints/{checkpoint}",
        flags=hub_flags,
    message:
        "{wildcards.zoo}: fetching {params.checkpoint}"
    shell:
        "python -m workflow_scripts.checkpoints.fetch_checkpoint"
        " --checkpoint {params.checkpoint:q} {params.flags:q} --folder {params.folder:q}"
        " --card {output.card:q} > {log:q} 2>&1"


rule describe_folder:
    """A checkpoint in a user's folder, used in place."""
    input:
        files=folder_files,
    output:
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    log:
        "results/{zoo}/logs/describe_folder/{checkpoint}.log",
    wildcard_constraints:
        zoo=checkpoints_of_kind("folder"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.checkpoints.describe_folder"),
        checkpoint=checkpoint_of,
        path=lambda wildcards: settings_of_checkpoint(wildcards).path,
        flags=loading_flags,
    message:
        "{wildcards.zoo}: looking at {params.checkpoint}"
    shell:
        "python -m workflow_scripts.checkpoints.describe_folder"
        " --checkpoint {params.checkpoint:q} --path {params.path:q} {params.flags:q}"
        " --card {output.card:q} > {log:q} 2>&1"


rule pretrain:
    """A miniature language model."""
    input:
        text=pretraining_text,
    output:
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        model=multiext(
            "results/{zoo}/checkpoints/{checkpoint}/",
            "config.json",
            "model.safetensors",
        ),
        tokenizer=multiext(
            "results/{zoo}/checkpoints/{checkpoint}/",
            "tokenizer.json",
            "tokenizer_config.json",
        ),
    log:
        "results/{zoo}/logs/pretrain/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/pretrain/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=checkpoints_of_kind("pretrain"),
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.checkpoints.pretrain"),
        checkpoint=checkpoint_of,
        folder="results/{zoo}/checkpoints/{checkpoint}",
        flags=pretraining_flags,
    message:
        "{wildcards.zoo}: pre-training {params.checkpoint}"
    shell:
        "python -m workflow_scripts.checkpoints.pretrain --checkpoint {params.checkpoint:q}"
        " --text {input.text:q} {params.flags:q} --folder {params.folder:q}"
        " --card {output.card:q} > {log:q} 2>&1"
