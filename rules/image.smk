# Stages 1 to 3 of image zoos: vision checkpoints that exist, on folders of images.
from workflow_scripts.kinds.image import jobs as image


rule gather_images:
    """The images of a probe or of a task, from a user's folders."""
    input:
        images=planned(image.corpus_images),
    output:
        images="results/{zoo}/corpora/{corpus}.npy",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
        facts="results/{zoo}/corpora/{corpus}.units.parquet.facts.json",
    log:
        "results/{zoo}/logs/gather_images/{corpus}.log",
    benchmark:
        "results/{zoo}/benchmarks/gather_images/{corpus}.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "image"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1500),
    params:
        code=code("workflow_scripts.kinds.image.gather_images"),
        flags=planned(image.corpus_flags),
    message:
        "{wildcards.zoo}: gathering the images of {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.image.gather_images {params.flags:q}"
        " --output {output.images:q} --units {output.units:q} --facts {output.facts:q} > {log:q} 2>&1"


rule read_image_task:
    """One task on images in folders of their classes."""
    input:
        units="results/{zoo}/corpora/{task}.units.parquet",
    output:
        task="results/{zoo}/tasks/{task}.parquet",
        facts="results/{zoo}/tasks/{task}.parquet.facts.json",
    log:
        "results/{zoo}/logs/read_image_task/{task}.log",
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "image"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.images.draw_task"),
    message:
        "{wildcards.zoo}: reading {wildcards.task}"
    shell:
        "python -m workflow_scripts.images.draw_task --units {input.units:q}"
        " --corpus {wildcards.task:q} --output {output.task:q} --facts {output.facts:q} > {log:q} 2>&1"


rule extract_image_features:
    """One vision checkpoint on one corpus of images."""
    input:
        corpus="results/{zoo}/corpora/{corpus}.npy",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    output:
        features="results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
        facts="results/{zoo}/features/{corpus}/{checkpoint}.safetensors.facts.json",
    log:
        "results/{zoo}/logs/extract_image_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/extract_image_features/{corpus}/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "image"),
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        code=code("workflow_scripts.kinds.image.extract_images"),
        flags=planned(image.feature_flags),
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.image.extract_images --corpus {input.corpus:q}"
        " --card {input.card:q} {params.flags:q} --output {output.features:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"
