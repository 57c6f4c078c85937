# Stage 7: figures, tables and the report.
CAPTIONS = "../workflow_scripts/report/captions"
REPORT_TEXTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "workflow_scripts/report").glob("*/*"))
    if path.suffix in (".j2", ".rst")
]


def labels_of(zoo, method):
    """The labels that a zoo gives to a method, sorted."""
    methods = zoo.selection.methods
    return sorted(label for label in methods if methods[label].method == method)


def headline_method(zoo):
    """The method whose picks are named in figures and findings: mmi where there is one."""
    return [*labels_of(zoo, "mmi"), *sorted(zoo.selection.methods)][0]


def random_flags(wildcards):
    """The random sets that other methods are compared to, where there are any."""
    return [f"--random={label}" for label in labels_of(zoo_of(wildcards), "random")[:1]]


def selection_files(wildcards):
    """The selections of every method of a zoo."""
    labels = sorted(zoo_of(wildcards).selection.methods)
    return [f"results/{wildcards.zoo}/selections/{label}.csv" for label in labels]


def card_files(wildcards):
    """What each checkpoint of a zoo says of itself."""
    return [
        f"results/{wildcards.zoo}/checkpoints/{name}/checkpoint.json"
        for name in zoo_of(wildcards).checkpoint_names
    ]


def report_figures(zoo):
    """The figures of a zoo."""
    figures = ["covariance", "mutual-information"]
    if ZOOS[zoo].tasks:
        figures += ["scores"]
        figures += ["gain"] if labels_of(ZOOS[zoo], "random") else []
    return [f"results/{zoo}/figures/{name}.svg" for name in figures]


def report_tables(zoo):
    """The tables of a zoo."""
    tables = ["checkpoints", "picks"] + (["scores"] if ZOOS[zoo].tasks else [])
    return [f"results/{zoo}/tables/{name}.csv" for name in tables]


rule plot_covariance:
    """The heat map of the covariance beside its dendrogram."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        code=sources("workflow_scripts/report/plot_covariance.py"),
    output:
        svg=report(
            "results/{zoo}/figures/covariance.svg",
            caption=f"{CAPTIONS}/covariance.rst",
            category="{zoo}",
            labels={"figure": "covariance"},
        ),
        png="results/{zoo}/figures/covariance.png",
    log:
        "results/{zoo}/logs/plot_covariance.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: drawing the covariance"
    shell:
        "python -m workflow_scripts.report.plot_covariance --covariance {input.covariance:q}"
        " --output {output.svg:q} > {log:q} 2>&1"


rule plot_mutual_information:
    """The mutual information between picks and the rest against the number of picks."""
    input:
        covariance="results/{zoo}/covariance/probe.npz",
        selections=selection_files,
        code=sources("workflow_scripts/report/plot_mutual_information.py"),
    output:
        svg=report(
            "results/{zoo}/figures/mutual-information.svg",
            caption=f"{CAPTIONS}/mutual-information.rst",
            category="{zoo}",
            labels={"figure": "mutual information"},
        ),
        png="results/{zoo}/figures/mutual-information.png",
    params:
        main=lambda wildcards: headline_method(zoo_of(wildcards)),
        random=random_flags,
        jitter=lambda wildcards: zoo_of(wildcards).selection.jitter,
    log:
        "results/{zoo}/logs/plot_mutual_information.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: drawing the mutual information"
    shell:
        "python -m workflow_scripts.report.plot_mutual_information"
        " --covariance {input.covariance:q} --selections {input.selections:q}"
        " --main {params.main:q} {params.random:q} --jitter {params.jitter}"
        " --output {output.svg:q} > {log:q} 2>&1"


rule plot_scores:
    """The mean test score against the number of picks."""
    input:
        scores="results/{zoo}/scores.csv",
        code=sources("workflow_scripts/report/plot_scores.py"),
    output:
        svg=report(
            "results/{zoo}/figures/scores.svg",
            caption=f"{CAPTIONS}/scores.rst",
            category="{zoo}",
            labels={"figure": "scores"},
        ),
        png="results/{zoo}/figures/scores.png",
    params:
        random=random_flags,
    log:
        "results/{zoo}/logs/plot_scores.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: drawing the scores"
    shell:
        "python -m workflow_scripts.report.plot_scores --scores {input.scores:q}"
        " {params.random:q} --output {output.svg:q} > {log:q} 2>&1"


rule plot_gain:
    """The gain over random sets against the number of picks."""
    input:
        scores="results/{zoo}/scores.csv",
        code=sources("workflow_scripts/report/plot_gain.py"),
    output:
        svg=report(
            "results/{zoo}/figures/gain.svg",
            caption=f"{CAPTIONS}/gain.rst",
            category="{zoo}",
            labels={"figure": "gain over random"},
        ),
        png="results/{zoo}/figures/gain.png",
    params:
        random=random_flags,
    log:
        "results/{zoo}/logs/plot_gain.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: drawing the gain over random sets"
    shell:
        "python -m workflow_scripts.report.plot_gain --scores {input.scores:q}"
        " {params.random:q} --output {output.svg:q} > {log:q} 2>&1"


rule tabulate:
    """The checkpoints of a zoo and the picks of every method."""
    input:
        cards=card_files,
        selections=selection_files,
        code=sources("workflow_scripts/report/tables.py"),
    output:
        checkpoints=report(
            "results/{zoo}/tables/checkpoints.csv",
            caption=f"{CAPTIONS}/checkpoints.rst",
            category="{zoo}",
            labels={"table": "checkpoints"},
        ),
        picks=report(
            "results/{zoo}/tables/picks.csv",
            caption=f"{CAPTIONS}/picks.rst",
            category="{zoo}",
            labels={"table": "picks"},
        ),
    params:
        random=random_flags,
    log:
        "results/{zoo}/logs/tabulate.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: tables of checkpoints and picks"
    shell:
        "python -m workflow_scripts.report.tables --cards {input.cards:q}"
        " --selections {input.selections:q} {params.random:q}"
        " --checkpoint-table {output.checkpoints:q} --pick-table {output.picks:q}"
        " > {log:q} 2>&1"


rule tabulate_scores:
    """The scores of every method and size."""
    input:
        scores="results/{zoo}/scores.csv",
        code=sources("workflow_scripts/report/score_table.py"),
    output:
        report(
            "results/{zoo}/tables/scores.csv",
            caption=f"{CAPTIONS}/score-table.rst",
            category="{zoo}",
            labels={"table": "scores"},
        ),
    params:
        random=random_flags,
    log:
        "results/{zoo}/logs/tabulate_scores.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: table of scores"
    shell:
        "python -m workflow_scripts.report.score_table --scores {input.scores:q}"
        " {params.random:q} --output {output:q} > {log:q} 2>&1"


rule write_report:
    """The report on all zoos in one file."""
    input:
        figures=[figure for zoo in ZOOS for figure in report_figures(zoo)],
        tables=[table for zoo in ZOOS for table in report_tables(zoo)],
        code=[*sources("workflow_scripts/report/page.py"), *REPORT_TEXTS],
    output:
        "results/report.html",
    params:
        headlines=[
            part
            for zoo in sorted(ZOOS)
            for part in ("--headline", zoo, headline_method(ZOOS[zoo]))
        ],
    log:
        "results/report.log",
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "writing results/report.html"
    shell:
        "python -m workflow_scripts.report.page --figures {input.figures:q}"
        " --tables {input.tables:q} {params.headlines:q} --output {output:q} > {log:q} 2>&1"
