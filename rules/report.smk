# Stage 7: figures, tables and the report.
CAPTIONS = "../workflow_scripts/report/captions"


# The outputs of a rule are fixed, but a zoo has the tables and figures that its results allow: so
# each zoo has rules of its own.
for ZOO in sorted(ZOOS):

    rule:
        name:
            f"tabulate_{ZOO}"
        input:
            **table_inputs(ZOO, ZOOS[ZOO]),
            code=sources("workflow_scripts/report/tabulate.py"),
        output:
            [
                (
                    report(
                        table,
                        caption=f"{CAPTIONS}/tables/{Path(table).stem}.rst",
                        category=ZOO,
                        labels={"table": TABLES[Path(table).stem]},
                    )
                    if Path(table).stem in TABLES
                    else table
                )
                for table in table_files(ZOO, ZOOS[ZOO])
            ],
        log:
            f"results/{ZOO}/logs/tabulate.log",
        conda:
            "../envs/taskspace.yaml"
        resources:
            mem_mb=growing(1000),
        params:
            flags=table_flags(ZOOS[ZOO]),
        message:
            f"{ZOO}: writing the tables"
        shell:
            "python -m workflow_scripts.report.tabulate --covariance {input.covariance:q}"
            " --selections {input.selections:q} --cards {input.cards:q}"
            " --quality {input.quality:q} --stability {input.stability:q}"
            " --scores {input.scores:q} {params.flags:q} --tables {output:q} > {log:q} 2>&1"

    rule:
        name:
            f"plot_figures_{ZOO}"
        input:
            **figure_inputs(ZOO, ZOOS[ZOO]),
            code=sources("workflow_scripts/report/plot_figures.py"),
        output:
            svg=[
                report(
                    figure,
                    caption=f"{CAPTIONS}/figures/{Path(figure).stem}.rst",
                    category=ZOO,
                    labels={"figure": FIGURES[Path(figure).stem]},
                )
                for figure in figure_files(ZOO, ZOOS[ZOO])
            ],
            pdf=figure_files(ZOO, ZOOS[ZOO], ".pdf"),
            png=figure_files(ZOO, ZOOS[ZOO], ".png"),
        log:
            f"results/{ZOO}/logs/plot_figures.log",
        conda:
            "../envs/taskspace.yaml"
        resources:
            mem_mb=growing(1000),
        params:
            flags=figure_flags(ZOOS[ZOO]),
        message:
            f"{ZOO}: drawing the figures"
        shell:
            "python -m workflow_scripts.report.plot_figures --covariance {input.covariance:q}"
            " --tables {input.tables:q} --scores {input.scores:q}"
            " --convergence {input.convergence:q} --stability {input.stability:q}"
            " {params.flags:q} --figures {output.svg:q} > {log:q} 2>&1"


rule write_report:
    """The report on all zoos in one file."""
    input:
        results=[path for zoo in ZOOS for path in report_inputs(zoo, ZOOS[zoo])],
        code=[*sources("workflow_scripts/report/write_report.py"), *REPORT_TEXTS],
    output:
        "results/report.html",
    log:
        "results/report.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        zoos=[
            part
            for zoo in sorted(ZOOS)
            for part in ("--zoo", zoo, report_contents(ZOOS[zoo]))
        ],
    message:
        "writing results/report.html"
    shell:
        "python -m workflow_scripts.report.write_report --results results {params.zoos:q}"
        " --output {output:q} > {log:q} 2>&1"
