# Stage 6: heads and their scores; one job for each task and size.
from workflow_scripts.planning import evaluation


rule evaluate:
    """The heads of all selections of one size on one task."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        selections=planned(evaluation.selections_of_size),
        features=planned(evaluation.task_features),
        known=planned(evaluation.known_scores),
    output:
        table="results/{zoo}/scores/{task}/k{k}.csv",
        facts="results/{zoo}/scores/{task}/k{k}.csv.facts.json",
    log:
        "results/{zoo}/logs/evaluate/{task}/k{k}.log",
    benchmark:
        "results/{zoo}/benchmarks/evaluate/{task}/k{k}.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(3000),
    params:
        code=code("workflow_scripts.evaluation.evaluate"),
        fits_code=code("workflow_scripts.evaluation.training"),
        folder=planned(evaluation.task_features_folder),
        checkpoints=planned(names_of_checkpoints),
        flags=planned(evaluation.head_flags),
        known=planned(evaluation.known_flags),
        # Not an output: Snakemake would delete it before the job that reads it.
        fits="results/{zoo}/kept/fits/{task}/k{k}.csv",
    message:
        "{wildcards.zoo}: scoring selections of {wildcards.k} on {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.evaluate --zoo {wildcards.zoo:q}"
        " --task {input.task:q} --selections {input.selections:q} --k {wildcards.k}"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " {params.flags:q} {params.known:q} --fits {params.fits:q} --code {params.fits_code}"
        " --output {output.table:q} --facts {output.facts:q} > {log:q} 2>&1"


rule evaluate_singles:
    """Every checkpoint alone on one task: what the method peek looks at."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        features=planned(evaluation.task_features),
    output:
        table="results/{zoo}/scores/{task}/singles.csv",
        facts="results/{zoo}/scores/{task}/singles.csv.facts.json",
    log:
        "results/{zoo}/logs/evaluate/{task}/singles.log",
    benchmark:
        "results/{zoo}/benchmarks/evaluate/{task}/singles.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(3000),
    params:
        code=code("workflow_scripts.evaluation.evaluate"),
        fits_code=code("workflow_scripts.evaluation.training"),
        folder=planned(evaluation.task_features_folder),
        checkpoints=planned(names_of_checkpoints),
        flags=planned(evaluation.head_flags),
        # Not an output: Snakemake would delete it before the job that reads it.
        fits="results/{zoo}/kept/fits/{task}/singles.csv",
    message:
        "{wildcards.zoo}: scoring every checkpoint alone on {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.evaluate --zoo {wildcards.zoo:q}"
        " --task {input.task:q} --singles"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " {params.flags:q} --fits {params.fits:q} --code {params.fits_code}"
        " --output {output.table:q} --facts {output.facts:q} > {log:q} 2>&1"


rule select_forward:
    """The checkpoints that help dev of one task most, one after another, for greedy_dev."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        features=planned(evaluation.task_features),
    output:
        table="results/{zoo}/scores/{task}/forward.csv",
        facts="results/{zoo}/scores/{task}/forward.csv.facts.json",
    log:
        "results/{zoo}/logs/select_forward/{task}.log",
    benchmark:
        "results/{zoo}/benchmarks/select_forward/{task}.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(3000),
    params:
        code=code("workflow_scripts.evaluation.select_forward"),
        fits_code=code("workflow_scripts.evaluation.training"),
        folder=planned(evaluation.task_features_folder),
        checkpoints=planned(names_of_checkpoints),
        flags=planned(evaluation.head_flags),
        picks=planned(evaluation.largest_size),
        # Not an output: Snakemake would delete it before the job that reads it.
        fits="results/{zoo}/kept/fits/{task}/forward.csv",
    message:
        "{wildcards.zoo}: forward selection on {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.select_forward --task {input.task:q}"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " --picks {params.picks} {params.flags:q} --fits {params.fits:q} --code {params.fits_code}"
        " --output {output.table:q} --facts {output.facts:q} > {log:q} 2>&1"


rule score_transferability:
    """How well features fit the labels of one task, for logme and h_score."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        features=planned(evaluation.task_features),
    output:
        table="results/{zoo}/scores/{task}/transferability.csv",
        facts="results/{zoo}/scores/{task}/transferability.csv.facts.json",
    log:
        "results/{zoo}/logs/score_transferability/{task}.log",
    benchmark:
        "results/{zoo}/benchmarks/score_transferability/{task}.tsv"
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(3000),
    params:
        code=code("workflow_scripts.evaluation.score_transferability"),
        folder=planned(evaluation.task_features_folder),
        checkpoints=planned(names_of_checkpoints),
    message:
        "{wildcards.zoo}: scoring how features fit the labels of {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.score_transferability --task {input.task:q}"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " --output {output.table:q} --facts {output.facts:q} > {log:q} 2>&1"


rule gather_scores:
    """The scores of all tasks and sizes in one table."""
    input:
        scores=planned(evaluation.score_files),
    output:
        table="results/{zoo}/scores.csv",
        facts="results/{zoo}/scores.csv.facts.json",
    log:
        "results/{zoo}/logs/gather_scores.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.evaluation.gather_scores"),
        folder="results/{zoo}/scores",
        tasks=planned(evaluation.task_names),
        sizes=planned(evaluation.scored_sizes),
    message:
        "{wildcards.zoo}: gathering the scores"
    shell:
        "python -m workflow_scripts.evaluation.gather_scores --folder {params.folder:q}"
        " --tasks {params.tasks:q} --k {params.sizes} --output {output.table:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"
