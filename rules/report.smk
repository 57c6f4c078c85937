# Stage 7: figures, tables and the report.
CAPTIONS = "../workflow_scripts/report/captions"


rule plot_task_space:
    """The heat map of the covariance beside its dendrogram, and a map of the task space."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        space="results/{zoo}/tables/space.csv",
    output:
        svg=report(
            "results/{zoo}/figures/figure-1-task-space.svg",
            caption=f"{CAPTIONS}/figure-1-task-space.rst",
            category="{zoo}",
            labels={"figure": "1, task space"},
        ),
        pdf="results/{zoo}/figures/figure-1-task-space.pdf",
        png="results/{zoo}/figures/figure-1-task-space.png",
    log:
        "results/{zoo}/logs/plot_task_space.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_task_space"),
    message:
        "{wildcards.zoo}: drawing the task space"
    shell:
        "python -m workflow_scripts.report.plot_task_space --covariance {input.covariance:q}"
        " --space {input.space:q}"
        " --output {output.svg:q} > {log:q} 2>&1"


rule plot_mutual_information:
    """The mutual information between picks and the rest against the number of picks."""
    input:
        information="results/{zoo}/tables/information.csv",
    output:
        svg=report(
            "results/{zoo}/figures/figure-4-mutual-information.svg",
            caption=f"{CAPTIONS}/figure-4-mutual-information.rst",
            category="{zoo}",
            labels={"figure": "4, mutual information"},
        ),
        pdf="results/{zoo}/figures/figure-4-mutual-information.pdf",
        png="results/{zoo}/figures/figure-4-mutual-information.png",
    log:
        "results/{zoo}/logs/plot_mutual_information.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_mutual_information"),
        main=lambda wildcards: headline_method(zoo_of(wildcards)),
        random=random_flags,
        singles=singles_flags,
    message:
        "{wildcards.zoo}: drawing the mutual information"
    shell:
        "python -m workflow_scripts.report.plot_mutual_information"
        " --information {input.information:q}"
        " --main {params.main:q} {params.random:q} {params.singles:q}"
        " --output {output.svg:q} > {log:q} 2>&1"


rule plot_stability:
    """How often each checkpoint is picked from other probes."""
    input:
        stability=headline_stability,
    output:
        svg=report(
            "results/{zoo}/figures/stability.svg",
            caption=f"{CAPTIONS}/stability.rst",
            category="{zoo}",
            labels={"figure": "stability"},
        ),
        pdf="results/{zoo}/figures/stability.pdf",
        png="results/{zoo}/figures/stability.png",
    log:
        "results/{zoo}/logs/plot_stability.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_stability"),
        methods=coloured_methods,
    message:
        "{wildcards.zoo}: drawing the stability of the picks"
    shell:
        "python -m workflow_scripts.report.plot_stability --stability {input.stability:q}"
        " --methods {params.methods:q} --output {output.svg:q} > {log:q} 2>&1"


rule plot_scores:
    """The mean test score against the number of picks."""
    input:
        scores="results/{zoo}/scores.csv",
    output:
        svg=report(
            "results/{zoo}/figures/figure-5-scores.svg",
            caption=f"{CAPTIONS}/figure-5-scores.rst",
            category="{zoo}",
            labels={"figure": "5, scores"},
        ),
        pdf="results/{zoo}/figures/figure-5-scores.pdf",
        png="results/{zoo}/figures/figure-5-scores.png",
    log:
        "results/{zoo}/logs/plot_scores.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_scores"),
        random=random_flags,
        singles=singles_flags,
    message:
        "{wildcards.zoo}: drawing the scores"
    shell:
        "python -m workflow_scripts.report.plot_scores --scores {input.scores:q}"
        " {params.random:q} {params.singles:q} --output {output.svg:q} > {log:q} 2>&1"


rule plot_tasks:
    """The scores of random sets, methods and single checkpoints, a panel for each task."""
    input:
        scores="results/{zoo}/scores.csv",
    output:
        svg=report(
            "results/{zoo}/figures/figure-3-tasks.svg",
            caption=f"{CAPTIONS}/figure-3-tasks.rst",
            category="{zoo}",
            labels={"figure": "3, tasks"},
        ),
        pdf="results/{zoo}/figures/figure-3-tasks.pdf",
        png="results/{zoo}/figures/figure-3-tasks.png",
    log:
        "results/{zoo}/logs/plot_tasks.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_tasks"),
        random=random_flags,
        singles=singles_flags,
    message:
        "{wildcards.zoo}: drawing the scores of each task"
    shell:
        "python -m workflow_scripts.report.plot_tasks --scores {input.scores:q}"
        " {params.random:q} {params.singles:q} --output {output.svg:q} > {log:q} 2>&1"


rule plot_convergence:
    """How the covariance comes close to its final value as the probe grows."""
    input:
        convergence=convergence_files,
    output:
        svg=report(
            "results/{zoo}/figures/figure-2-convergence.svg",
            caption=f"{CAPTIONS}/figure-2-convergence.rst",
            category="{zoo}",
            labels={"figure": "2, convergence"},
        ),
        pdf="results/{zoo}/figures/figure-2-convergence.pdf",
        png="results/{zoo}/figures/figure-2-convergence.png",
    log:
        "results/{zoo}/logs/plot_convergence.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_convergence"),
        convergence=convergence_labels,
    message:
        "{wildcards.zoo}: drawing the convergence of the covariance"
    shell:
        "python -m workflow_scripts.report.plot_convergence --convergence {params.convergence:q}"
        " --output {output.svg:q} > {log:q} 2>&1"


rule plot_gain:
    """The gain over random sets against the number of picks."""
    input:
        scores="results/{zoo}/scores.csv",
    output:
        svg=report(
            "results/{zoo}/figures/figure-6-gain.svg",
            caption=f"{CAPTIONS}/figure-6-gain.rst",
            category="{zoo}",
            labels={"figure": "6, gain over random"},
        ),
        pdf="results/{zoo}/figures/figure-6-gain.pdf",
        png="results/{zoo}/figures/figure-6-gain.png",
    log:
        "results/{zoo}/logs/plot_gain.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_gain"),
        random=random_flags,
        singles=singles_flags,
    message:
        "{wildcards.zoo}: drawing the gain over random sets"
    shell:
        "python -m workflow_scripts.report.plot_gain --scores {input.scores:q}"
        " {params.random:q} {params.singles:q} --output {output.svg:q} > {log:q} 2>&1"


rule plot_objective:
    """The scores of random sets against their mutual information."""
    input:
        scores="results/{zoo}/scores.csv",
        covariance="results/{zoo}/covariance/probe.npz",
    output:
        svg=report(
            "results/{zoo}/figures/objective.svg",
            caption=f"{CAPTIONS}/objective.rst",
            category="{zoo}",
            labels={"figure": "scores and mutual information"},
        ),
        pdf="results/{zoo}/figures/objective.pdf",
        png="results/{zoo}/figures/objective.png",
    log:
        "results/{zoo}/logs/plot_objective.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.plot_objective"),
        random=random_flags,
        singles=singles_flags,
        jitter=lambda wildcards: zoo_of(wildcards).selection.jitter,
    message:
        "{wildcards.zoo}: drawing the scores against the mutual information"
    shell:
        "python -m workflow_scripts.report.plot_objective --scores {input.scores:q}"
        " --covariance {input.covariance:q} {params.random:q} {params.singles:q}"
        " --jitter {params.jitter} --output {output.svg:q} > {log:q} 2>&1"


rule tabulate_checkpoints:
    """What is known of each checkpoint."""
    input:
        unpack(quality_of_checkpoints),
        cards=card_files,
    output:
        report(
            "results/{zoo}/tables/checkpoints.csv",
            caption=f"{CAPTIONS}/checkpoints.rst",
            category="{zoo}",
            labels={"table": "checkpoints"},
        ),
    log:
        "results/{zoo}/logs/tabulate_checkpoints.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.checkpoint_table"),
        quality=quality_flags,
    message:
        "{wildcards.zoo}: table of checkpoints"
    shell:
        "python -m workflow_scripts.report.checkpoint_table --cards {input.cards:q}"
        " {params.quality:q} --output {output:q} > {log:q} 2>&1"


rule tabulate_picks:
    """The picks of every method."""
    input:
        selections=selection_files,
    output:
        report(
            "results/{zoo}/tables/picks.csv",
            caption=f"{CAPTIONS}/picks.rst",
            category="{zoo}",
            labels={"table": "picks"},
        ),
    log:
        "results/{zoo}/logs/tabulate_picks.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.pick_table"),
        random=random_flags,
    message:
        "{wildcards.zoo}: table of picks"
    shell:
        "python -m workflow_scripts.report.pick_table --selections {input.selections:q}"
        " {params.random:q} --output {output:q} > {log:q} 2>&1"


rule tabulate_representatives:
    """What the picks of the headline's method tell of every other checkpoint."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        selection=headline_selection,
    output:
        report(
            "results/{zoo}/tables/representatives.csv",
            caption=f"{CAPTIONS}/representatives.rst",
            category="{zoo}",
            labels={"table": "who represents whom"},
        ),
    log:
        "results/{zoo}/logs/tabulate_representatives.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.representatives"),
        jitter=lambda wildcards: zoo_of(wildcards).selection.jitter,
    message:
        "{wildcards.zoo}: table of who represents whom"
    shell:
        "python -m workflow_scripts.report.representatives --covariance {input.covariance:q}"
        " --selection {input.selection:q} --jitter {params.jitter}"
        " --output {output:q} > {log:q} 2>&1"


rule tabulate_stability:
    """How stable the picks of every method are."""
    input:
        stability=stability_files,
    output:
        report(
            "results/{zoo}/tables/stability.csv",
            caption=f"{CAPTIONS}/stability-table.rst",
            category="{zoo}",
            labels={"table": "stability"},
        ),
    log:
        "results/{zoo}/logs/tabulate_stability.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.stability_table"),
    message:
        "{wildcards.zoo}: table of stability"
    shell:
        "python -m workflow_scripts.report.stability_table --stability {input.stability:q}"
        " --output {output:q} > {log:q} 2>&1"


rule tabulate_scores:
    """The scores of every method and size."""
    input:
        scores="results/{zoo}/scores.csv",
    output:
        scores=report(
            "results/{zoo}/tables/scores.csv",
            caption=f"{CAPTIONS}/score-table.rst",
            category="{zoo}",
            labels={"table": "scores"},
        ),
        tasks=report(
            "results/{zoo}/tables/tasks.csv",
            caption=f"{CAPTIONS}/task-table.rst",
            category="{zoo}",
            labels={"table": "scores on each task"},
        ),
    log:
        "results/{zoo}/logs/tabulate_scores.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.score_table"),
        random=random_flags,
        singles=singles_flags,
    message:
        "{wildcards.zoo}: table of scores"
    shell:
        "python -m workflow_scripts.report.score_table --scores {input.scores:q}"
        " {params.random:q} {params.singles:q} --output {output.scores:q}"
        " --tasks {output.tasks:q} > {log:q} 2>&1"


rule tabulate_objective:
    """How mutual information goes with scores over random sets."""
    input:
        scores="results/{zoo}/scores.csv",
        covariance="results/{zoo}/covariance/probe.npz",
    output:
        correlations=report(
            "results/{zoo}/tables/objective.csv",
            caption=f"{CAPTIONS}/objective-table.rst",
            category="{zoo}",
            labels={"table": "scores and mutual information"},
        ),
        sets="results/{zoo}/tables/sets.csv",
    log:
        "results/{zoo}/logs/tabulate_objective.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.objective_table"),
        random=random_flags,
        singles=singles_flags,
        jitter=lambda wildcards: zoo_of(wildcards).selection.jitter,
    message:
        "{wildcards.zoo}: table of scores and mutual information"
    shell:
        "python -m workflow_scripts.report.objective_table --scores {input.scores:q}"
        " --covariance {input.covariance:q} {params.random:q} {params.singles:q}"
        " --jitter {params.jitter} --output {output.correlations:q}"
        " --sets {output.sets:q} > {log:q} 2>&1"


rule tabulate_space:
    """Where each checkpoint is in the task space."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        selection=recommended_selection,
        cards=cards_if_run,
    output:
        report(
            "results/{zoo}/tables/space.csv",
            caption=f"{CAPTIONS}/space-table.rst",
            category="{zoo}",
            labels={"table": "task space"},
        ),
    log:
        "results/{zoo}/logs/tabulate_space.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.space_table"),
        selection=lambda wildcards, input: (
            ["--selection", *input.selection] if input.selection else []
        ),
        cards=lambda wildcards, input: ["--cards", *input.cards] if input.cards else [],
        jitter=lambda wildcards: zoo_of(wildcards).selection.jitter,
    message:
        "{wildcards.zoo}: table of the task space"
    shell:
        "python -m workflow_scripts.report.space_table --covariance {input.covariance:q}"
        " {params.selection:q} {params.cards:q} --jitter {params.jitter}"
        " --output {output:q} > {log:q} 2>&1"


rule tabulate_information:
    """How much the picks of every method tell of the rest."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        selections=selection_files,
    output:
        report(
            "results/{zoo}/tables/information.csv",
            caption=f"{CAPTIONS}/information-table.rst",
            category="{zoo}",
            labels={"table": "mutual information"},
        ),
    log:
        "results/{zoo}/logs/tabulate_information.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.information_table"),
        jitter=lambda wildcards: zoo_of(wildcards).selection.jitter,
    message:
        "{wildcards.zoo}: table of mutual information"
    shell:
        "python -m workflow_scripts.report.information_table"
        " --covariance {input.covariance:q} --selections {input.selections:q}"
        " --jitter {params.jitter} --output {output:q} > {log:q} 2>&1"


# What jobs took, and what they warned of, the report reads from benchmarks/ and logs/. These are no
# inputs: they change no result, and a deleted one must not run a training again.
rule write_report:
    """The report on all zoos in one file."""
    input:
        tables=[table for zoo in ZOOS for table in report_tables(zoo)],
        covariances=[f"results/{zoo}/covariance/probe.npz" for zoo in ZOOS],
        others=[path for zoo in ZOOS for path in beside_tables(zoo)],
        texts=REPORT_TEXTS,
    output:
        "results/report.html",
    log:
        "results/report.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.page"),
        zoos=[
            part
            for zoo in sorted(ZOOS)
            for part in ("--zoo", zoo, report_contents(zoo))
        ],
    message:
        "writing results/report.html"
    shell:
        "python -m workflow_scripts.report.page --results results {params.zoos:q}"
        " --output {output:q} > {log:q} 2>&1"
