# Stage 6: heads and their scores; one job for each task and size.


rule evaluate:
    """The heads of all selections of one size on one task."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        selections=selections_of_size,
        features=features_of_task,
        known=known_scores,
    output:
        "results/{zoo}/scores/{task}/k{k}.csv",
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
        folder=folder_of_task,
        checkpoints=checkpoint_names,
        flags=head_flags,
        known=known_flags,
        # Not an output: Snakemake would delete it before the job that reads it.
        fits="results/{zoo}/scores/{task}/k{k}.fits.csv",
        fits_code=code("workflow_scripts.evaluation.task_problem"),
    message:
        "{wildcards.zoo}: scoring selections of {wildcards.k} on {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.evaluate --zoo {wildcards.zoo:q}"
        " --task {input.task:q} --selections {input.selections:q} --k {wildcards.k}"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " {params.flags:q} {params.known:q} --fits {params.fits:q}"
        " --code {params.fits_code} --output {output:q} > {log:q} 2>&1"


rule evaluate_singles:
    """Every checkpoint alone on one task: what the method peek looks at."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        features=features_of_task,
    output:
        "results/{zoo}/scores/{task}/singles.csv",
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
        folder=folder_of_task,
        checkpoints=checkpoint_names,
        flags=head_flags,
        # Not an output: Snakemake would delete it before the job that reads it.
        fits="results/{zoo}/scores/{task}/singles.fits.csv",
        fits_code=code("workflow_scripts.evaluation.task_problem"),
    message:
        "{wildcards.zoo}: scoring every checkpoint alone on {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.evaluate --zoo {wildcards.zoo:q}"
        " --task {input.task:q} --singles"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " {params.flags:q} --fits {params.fits:q}"
        " --code {params.fits_code} --output {output:q} > {log:q} 2>&1"


rule select_forward:
    """The checkpoints that help dev of one task most, one after another, for greedy_dev."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        features=features_of_task,
    output:
        "results/{zoo}/scores/{task}/forward.csv",
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
        folder=folder_of_task,
        checkpoints=checkpoint_names,
        flags=head_flags,
        picks=lambda wildcards: max(zoo_of(wildcards).selection.sizes),
        # Not an output: Snakemake would delete it before the job that reads it.
        fits="results/{zoo}/scores/{task}/forward.fits.csv",
        fits_code=code("workflow_scripts.evaluation.task_problem"),
    message:
        "{wildcards.zoo}: forward selection on {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.select_forward --task {input.task:q}"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " --picks {params.picks} {params.flags:q} --fits {params.fits:q}"
        " --code {params.fits_code} --output {output:q} > {log:q} 2>&1"


rule score_transferability:
    """How well features fit the labels of one task, for logme and h_score."""
    input:
        task="results/{zoo}/tasks/{task}.parquet",
        features=features_of_task,
    output:
        "results/{zoo}/scores/{task}/transferability.csv",
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
        folder=folder_of_task,
        checkpoints=checkpoint_names,
    message:
        "{wildcards.zoo}: scoring how features fit the labels of {wildcards.task}"
    shell:
        "python -m workflow_scripts.evaluation.score_transferability --task {input.task:q}"
        " --features-folder {params.folder:q} --checkpoints {params.checkpoints:q}"
        " --output {output:q} > {log:q} 2>&1"


rule gather_scores:
    """The scores of all tasks and sizes in one table."""
    input:
        scores=score_files,
    output:
        "results/{zoo}/scores.csv",
    log:
        "results/{zoo}/logs/gather_scores.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.evaluation.gather_scores"),
        folder="results/{zoo}/scores",
        tasks=lambda wildcards: zoo_of(wildcards).task_names,
        sizes=lambda wildcards: scored_sizes(zoo_of(wildcards)),
    message:
        "{wildcards.zoo}: gathering the scores"
    shell:
        "python -m workflow_scripts.evaluation.gather_scores --folder {params.folder:q}"
        " --tasks {params.tasks:q} --k {params.sizes} --output {output:q} > {log:q} 2>&1"
