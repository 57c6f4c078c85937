# Stage 3: the features of each checkpoint on each corpus.


rule extract_features:
    """One checkpoint on one corpus."""
    input:
        corpus="results/{zoo}/corpora/{corpus}.npy",
        weights="results/{zoo}/checkpoints/{checkpoint}/model.safetensors",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        code=sources("workflow_scripts/features/extract.py"),
    output:
        "results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
    log:
        "results/{zoo}/logs/extract_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/extract_features/{corpus}/{checkpoint}.tsv"
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        folder=subpath(input.card, parent=True),
        flags=feature_flags,
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.features.extract --corpus {input.corpus:q}"
        " --checkpoint {params.folder:q} {params.flags:q} --output {output:q} > {log:q} 2>&1"
