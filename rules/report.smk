# Stage 7: figures, tables and the report.
from workflow_scripts.planning import report as reporting

CAPTIONS = "../workflow_scripts/report/captions"
REPORT_TEXTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "workflow_scripts/report").rglob("*"))
    if path.suffix in (".j2", ".css", ".js", ".rst", ".yaml")
]


# The outputs of a rule are fixed, but a zoo has the tables and figures that its results allow: so
# each zoo has rules of its own.
for ZOO in sorted(ZOOS):

    rule:
        name:
            f"tabulate_{ZOO}"
        input:
            **reporting.table_inputs(ZOOS[ZOO]),
        output:
            [
                (
                    report(
                        table,
                        caption=f"{CAPTIONS}/tables/{Path(table).stem}.rst",
                        category=ZOO,
                        labels={"table": reporting.TABLES[Path(table).stem]},
                    )
                    if Path(table).stem in reporting.TABLES
                    else table
                )
                for table in reporting.table_files(ZOOS[ZOO])
            ],
        log:
            f"results/{ZOO}/logs/tabulate.log",
        conda:
            "../envs/taskspace.yaml"
        resources:
            mem_mb=growing(1000),
        params:
            code=code("workflow_scripts.report.tabulate"),
            flags=reporting.table_flags(ZOOS[ZOO]),
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
            **reporting.figure_inputs(ZOOS[ZOO]),
        output:
            svg=[
                report(
                    figure,
                    caption=f"{CAPTIONS}/figures/{Path(figure).stem}.rst",
                    category=ZOO,
                    labels={"figure": reporting.FIGURES[Path(figure).stem]},
                )
                for figure in reporting.figure_files(ZOOS[ZOO])
            ],
            pdf=reporting.figure_files(ZOOS[ZOO], ".pdf"),
            png=reporting.figure_files(ZOOS[ZOO], ".png"),
        log:
            f"results/{ZOO}/logs/plot_figures.log",
        conda:
            "../envs/taskspace.yaml"
        resources:
            mem_mb=growing(1000),
        params:
            code=code("workflow_scripts.report.plot_figures"),
            flags=reporting.figure_flags(ZOOS[ZOO]),
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
        results=[path for zoo in ZOOS.values() for path in reporting.report_inputs(zoo)],
        texts=REPORT_TEXTS,
    output:
        page="results/report.html",
        facts="results/report.html.facts.json",
    log:
        "results/report.log",
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.report.write_report"),
        # A function, so that braces in settings are no wildcards.
        zoos=lambda wildcards: [
            part
            for zoo in sorted(ZOOS)
            for part in ("--zoo", zoo, reporting.report_contents(ZOOS[zoo]))
        ],
    message:
        "writing results/report.html"
    shell:
        "python -m workflow_scripts.report.write_report --results results {params.zoos:q}"
        " --output {output.page:q} --facts {output.facts:q} > {log:q} 2>&1"
