# Stage 4: the covariance between the checkpoints.


rule estimate_covariance:
    """Kernel alignment between all pairs of checkpoints."""
    input:
        features=lambda wildcards: feature_files(wildcards, "probe"),
        code=sources("workflow_scripts/covariance/estimate.py"),
    output:
        "results/{zoo}/covariance/probe.npz",
    log:
        "results/{zoo}/logs/estimate_covariance.log",
    benchmark:
        "results/{zoo}/benchmarks/estimate_covariance.tsv"
    conda:
        "../envs/taskspace.yaml"
    threads: 2
    resources:
        mem_mb=3000,
    params:
        folder="results/{zoo}/features/probe",
        checkpoints=checkpoint_names,
        flags=covariance_flags,
    message:
        "{wildcards.zoo}: estimating the covariance"
    shell:
        "python -m workflow_scripts.covariance.estimate --features-folder {params.folder:q}"
        " --checkpoints {params.checkpoints:q} {params.flags:q} --output {output:q}"
        " > {log:q} 2>&1"
