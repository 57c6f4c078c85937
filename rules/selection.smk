# Stage 5: selections of checkpoints, a file for each method.
from workflow_scripts.planning import selection


rule select:
    """The picks of one method at every size."""
    input:
        unpack(planned(selection.files_of_method)),
        features=planned(selection.features_of_method),
    output:
        table="results/{zoo}/selections/{method}.csv",
        facts="results/{zoo}/selections/{method}.csv.facts.json",
    log:
        "results/{zoo}/logs/select/{method}.log",
    benchmark:
        "results/{zoo}/benchmarks/select/{method}.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(selection.selection_memory),
    params:
        code=code("workflow_scripts.selection.select"),
        flags=planned(selection.selection_flags),
    message:
        "{wildcards.zoo}: selecting by {wildcards.method}"
    shell:
        "python -m workflow_scripts.selection.select {params.flags:q} --output {output.table:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule measure_stability:
    """What one method picks from replicates of the covariance."""
    input:
        unpack(planned(selection.files_of_stability)),
    output:
        table="results/{zoo}/stability/{method}.csv",
        facts="results/{zoo}/stability/{method}.csv.facts.json",
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
        flags=planned(selection.stability_flags),
    message:
        "{wildcards.zoo}: measuring the stability of {wildcards.method}"
    shell:
        "python -m workflow_scripts.selection.stability {params.flags:q}"
        " --output {output.table:q} --facts {output.facts:q} > {log:q} 2>&1"
