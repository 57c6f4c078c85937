# Stage 4: the covariance between the checkpoints.
from workflow_scripts.planning import covariance


rule estimate_covariance:
    """Kernel alignment between all pairs of checkpoints.

    What was added up for each pair is kept, so that one more checkpoint costs one more row. It is no
    output: without it everything is computed anew, and Snakemake would delete it before it could be
    used.
    """
    input:
        features=planned(covariance.probe_features),
        units="results/{zoo}/corpora/{probe}.units.parquet",
    output:
        covariance="results/{zoo}/covariance/{probe}.npz",
        convergence="results/{zoo}/covariance/{probe}.convergence.csv",
        facts="results/{zoo}/covariance/{probe}.npz.facts.json",
    log:
        "results/{zoo}/logs/estimate_covariance/{probe}.log",
    benchmark:
        "results/{zoo}/benchmarks/estimate_covariance/{probe}.tsv"
    wildcard_constraints:
        zoo=zoos_with_probe(ZOOS),
    conda:
        "../envs/taskspace.yaml"
    threads: 2
    resources:
        mem_mb=growing(3000),
    params:
        code=code("workflow_scripts.covariance.estimate"),
        sums_code=code("workflow_scripts.covariance.gram_sums"),
        folder="results/{zoo}/features/{probe}",
        checkpoints=planned(names_of_checkpoints),
        sums="results/{zoo}/kept/sums/{probe}.npz",
        flags=planned(covariance.covariance_flags),
    message:
        "{wildcards.zoo}: estimating the covariance on {wildcards.probe}"
    shell:
        "python -m workflow_scripts.covariance.estimate --features-folder {params.folder:q}"
        " --checkpoints {params.checkpoints:q} {params.flags:q} --probe {input.units:q}"
        " --convergence {output.convergence:q} --output {output.covariance:q}"
        " --sums {params.sums:q} --code {params.sums_code} --memory-mb $(({resources.mem_mb} / 2))"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule resample_covariance:
    """Covariances from random halves of the probe, to see how sure the estimate is."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        features=planned(covariance.probe_features),
        units="results/{zoo}/corpora/probe.units.parquet",
    output:
        table="results/{zoo}/covariance/probe.replicates.npz",
        facts="results/{zoo}/covariance/probe.replicates.npz.facts.json",
    log:
        "results/{zoo}/logs/resample_covariance.log",
    benchmark:
        "results/{zoo}/benchmarks/resample_covariance.tsv"
    conda:
        "../envs/taskspace.yaml"
    threads: 2
    resources:
        mem_mb=growing(covariance.resampling_memory),
    params:
        code=code("workflow_scripts.covariance.resample"),
        folder="results/{zoo}/features/probe",
        flags=planned(covariance.resampling_flags),
    message:
        "{wildcards.zoo}: resampling the covariance"
    shell:
        "python -m workflow_scripts.covariance.resample --covariance {input.covariance:q}"
        " --features-folder {params.folder:q} --probe {input.units:q} {params.flags:q}"
        " --memory-mb $(({resources.mem_mb} / 3)) --output {output.table:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule score_quality:
    """Scores of each checkpoint's features by their spectrum, without labels."""
    input:
        features=planned(covariance.probe_features),
    output:
        table="results/{zoo}/covariance/{probe}.quality.csv",
        facts="results/{zoo}/covariance/{probe}.quality.csv.facts.json",
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
        checkpoints=planned(names_of_checkpoints),
    message:
        "{wildcards.zoo}: scoring the features on {wildcards.probe}"
    shell:
        "python -m workflow_scripts.covariance.score_quality --features-folder {params.folder:q}"
        " --checkpoints {params.checkpoints:q} --output {output.table:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule import_covariance:
    """A covariance that was brought along, for the checkpoints of the zoo."""
    input:
        unpack(planned(covariance.precomputed_files)),
    output:
        table="results/{zoo}/covariance/probe.npz",
        facts="results/{zoo}/covariance/probe.npz.facts.json",
    log:
        "results/{zoo}/logs/import_covariance.log",
    wildcard_constraints:
        zoo=zoos_with_covariance(ZOOS),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.covariance.import_covariance"),
        flags=planned(covariance.precomputed_flags),
        checkpoints=planned(names_of_checkpoints),
    message:
        "{wildcards.zoo}: importing the covariance"
    shell:
        "python -m workflow_scripts.covariance.import_covariance {params.flags:q}"
        " --checkpoints {params.checkpoints:q} --output {output.table:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"
