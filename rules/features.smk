# Stage 3: the features of each checkpoint on each corpus.


rule extract_image_features:
    """One checkpoint on one corpus of images."""
    input:
        corpus="results/{zoo}/corpora/{corpus}.npy",
        weights="results/{zoo}/checkpoints/{checkpoint}/model.safetensors",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    output:
        "results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
    log:
        "results/{zoo}/logs/extract_image_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/extract_image_features/{corpus}/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=AGENT_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.features.extract_images"),
        folder=subpath(input.card, parent=True),
        flags=feature_flags,
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.features.extract_images --corpus {input.corpus:q}"
        " --checkpoint {params.folder:q} {params.flags:q} --output {output:q} > {log:q} 2>&1"


rule extract_vision_features:
    """One vision checkpoint on one corpus of images."""
    input:
        corpus="results/{zoo}/corpora/{corpus}.npy",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    output:
        "results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
    log:
        "results/{zoo}/logs/extract_vision_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/extract_vision_features/{corpus}/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=OWN_IMAGE_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        code=code("workflow_scripts.features.extract_vision"),
        flags=feature_flags,
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.features.extract_vision --corpus {input.corpus:q}"
        " --card {input.card:q} {params.flags:q} --output {output:q} > {log:q} 2>&1"


rule extract_word_features:
    """One checkpoint on one corpus of text."""
    input:
        corpus="results/{zoo}/corpora/{corpus}.txt",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    output:
        "results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
    log:
        "results/{zoo}/logs/extract_word_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/extract_word_features/{corpus}/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=TEXT_ZOOS,
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        code=code("workflow_scripts.features.extract_words"),
        flags=feature_flags,
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.features.extract_words --corpus {input.corpus:q}"
        " --card {input.card:q} {params.flags:q} --output {output:q} > {log:q} 2>&1"
