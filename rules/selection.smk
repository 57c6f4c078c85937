# Stage 5: selections of checkpoints, a file for each method.


rule select:
    """The picks of one method at every size."""
    input:
        unpack(read_by_method),
        features=features_of_method,
    output:
        "results/{zoo}/selections/{method}.csv",
    log:
        "results/{zoo}/logs/select/{method}.log",
    benchmark:
        "results/{zoo}/benchmarks/select/{method}.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=selection_memory,
    params:
        code=code("workflow_scripts.selection.select"),
        flags=selection_flags,
    message:
        "{wildcards.zoo}: selecting by {wildcards.method}"
    shell:
        "python -m workflow_scripts.selection.select {params.flags:q} --output {output:q}"
        " > {log:q} 2>&1"


rule measure_stability:
    """What one method picks from replicates of the covariance."""
    input:
        unpack(read_for_stability),
    output:
        "results/{zoo}/selections/{method}.stability.csv",
    log:
        "results/{zoo}/logs/measure_stability/{method}.log",
    benchmark:
        "results/{zoo}/benchmarks/measure_stability/{method}.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.selection.stability"),
        flags=stability_flags,
    message:
        "{wildcards.zoo}: measuring the stability of {wildcards.method}"
    shell:
        "python -m workflow_scripts.selection.stability {params.flags:q}"
        " --output {output:q} > {log:q} 2>&1"
