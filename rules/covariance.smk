# Stage 4: the covariance between the checkpoints.


def covariance_flags(wildcards):
    """How the covariance is estimated."""
    return to_flags(zoo_of(wildcards).covariance)


rule estimate_covariance:
    """Kernel alignment between all pairs of checkpoints."""
    input:
        features=lambda wildcards: feature_files(wildcards, "probe"),
        code=sources("workflow_scripts/covariance/estimate.py"),
    output:
        "results/{zoo}/covariance/probe.npz",
    params:
        folder="results/{zoo}/features/probe",
        checkpoints=checkpoint_names,
        flags=covariance_flags,
    log:
        "results/{zoo}/logs/estimate_covariance.log",
    benchmark:
        "results/{zoo}/benchmarks/estimate_covariance.tsv"
    resources:
        mem_mb=2000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: estimating the covariance"
    shell:
        "python -m workflow_scripts.covariance.estimate --features-folder {params.folder:q}"
        " --checkpoints {params.checkpoints:q} {params.flags:q} --output {output:q}"
        " > {log:q} 2>&1"
