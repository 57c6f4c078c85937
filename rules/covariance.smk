# Stage 4: the covariance between the checkpoints.


rule estimate_covariance:
    """Kernel alignment between all pairs of checkpoints.

    What was added up for each pair stays in {probe}.sums.npz beside the covariance, so that one more
    checkpoint costs one more row. It is no output: without it everything is computed anew, and
    Snakemake would delete it before it could be used.
    """
    input:
        features=lambda wildcards: feature_files(wildcards, wildcards.probe),
    output:
        covariance="results/{zoo}/covariance/{probe}.npz",
    log:
        "results/{zoo}/logs/estimate_covariance/{probe}.log",
    benchmark:
        "results/{zoo}/benchmarks/estimate_covariance/{probe}.tsv"
    wildcard_constraints:
        zoo=zoos_with("covariance", image_probes),
    conda:
        "../envs/taskspace.yaml"
    threads: 2
    resources:
        mem_mb=growing(3000),
    params:
        code=code("workflow_scripts.covariance.estimate"),
        folder="results/{zoo}/features/{probe}",
        checkpoints=checkpoint_names,
        sums="results/{zoo}/covariance/{probe}.sums.npz",
        sums_code=code("workflow_scripts.covariance.gram_sums"),
        flags=covariance_flags,
    message:
        "{wildcards.zoo}: estimating the covariance on {wildcards.probe}"
    shell:
        "python -m workflow_scripts.covariance.estimate --features-folder {params.folder:q}"
        " --checkpoints {params.checkpoints:q} {params.flags:q} --output {output.covariance:q}"
        " --sums {params.sums:q} --code {params.sums_code}"
        " --memory-mb $(({resources.mem_mb} / 2)) > {log:q} 2>&1"


use rule estimate_covariance as estimate_word_covariance with:
    """The same on words, and how it converges as the probe grows."""
    input:
        features=lambda wildcards: feature_files(wildcards, wildcards.probe),
        corpus="results/{zoo}/corpora/{probe}.txt",
    output:
        covariance="results/{zoo}/covariance/{probe}.npz",
        convergence="results/{zoo}/covariance/{probe}.convergence.csv",
    wildcard_constraints:
        zoo=zoos_with("covariance", text_probes),
    params:
        code=code("workflow_scripts.covariance.estimate"),
        folder="results/{zoo}/features/{probe}",
        checkpoints=checkpoint_names,
        sums="results/{zoo}/covariance/{probe}.sums.npz",
        sums_code=code("workflow_scripts.covariance.gram_sums"),
        flags=convergence_flags,


rule resample_covariance:
    """Covariances from random halves of the probe, to see how sure the estimate is."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        features=lambda wildcards: feature_files(wildcards, "probe"),
        corpus=probe_groups,
    output:
        "results/{zoo}/covariance/probe.replicates.npz",
    log:
        "results/{zoo}/logs/resample_covariance.log",
    benchmark:
        "results/{zoo}/benchmarks/resample_covariance.tsv"
    conda:
        "../envs/taskspace.yaml"
    threads: 2
    resources:
        mem_mb=resampling_memory,
    params:
        code=code("workflow_scripts.covariance.resample"),
        folder="results/{zoo}/features/probe",
        flags=resampling_flags,
    message:
        "{wildcards.zoo}: resampling the covariance"
    shell:
        "python -m workflow_scripts.covariance.resample --covariance {input.covariance:q}"
        " --features-folder {params.folder:q} --corpus {input.corpus:q} {params.flags:q}"
        " --memory-mb $(({resources.mem_mb} / 3)) --output {output:q} > {log:q} 2>&1"


rule score_quality:
    """Scores of each checkpoint's features by their spectrum, without labels."""
    input:
        features=lambda wildcards: feature_files(wildcards, wildcards.probe),
    output:
        "results/{zoo}/covariance/{probe}.quality.csv",
    log:
        "results/{zoo}/logs/score_quality/{probe}.log",
    benchmark:
        "results/{zoo}/benchmarks/score_quality/{probe}.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.covariance.score_quality"),
        folder="results/{zoo}/features/{probe}",
        checkpoints=checkpoint_names,
    message:
        "{wildcards.zoo}: scoring the features on {wildcards.probe}"
    shell:
        "python -m workflow_scripts.covariance.score_quality --features-folder {params.folder:q}"
        " --checkpoints {params.checkpoints:q} --output {output:q} > {log:q} 2>&1"


rule import_covariance:
    """A covariance that was brought along, for the checkpoints of the zoo."""
    input:
        unpack(precomputed_files),
    output:
        "results/{zoo}/covariance/probe.npz",
    log:
        "results/{zoo}/logs/import_covariance.log",
    wildcard_constraints:
        zoo=one_of(zoo for zoo in ZOOS if is_precomputed(ZOOS[zoo])),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.covariance.import_covariance"),
        flags=precomputed_flags,
        checkpoints=checkpoint_names,
    message:
        "{wildcards.zoo}: importing the covariance"
    shell:
        "python -m workflow_scripts.covariance.import_covariance {params.flags:q}"
        " --checkpoints {params.checkpoints:q} --output {output:q} > {log:q} 2>&1"
