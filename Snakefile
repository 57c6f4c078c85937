# Which few checkpoints of a zoo cover the space of tasks? Seven stages, a file each in rules/.
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

if not Path.cwd().samefile(workflow.basedir):
    sys.exit(f"run snakemake in {workflow.basedir}: paths are relative to it")


# A file given with --configfile replaces the embedded zoos; Snakemake alone would merge the two.
if "zoos" not in config:

    configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/checkpoints.smk"
include: "rules/features.smk"
include: "rules/covariance.smk"
include: "rules/selection.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        "results/report.html",
        [path for zoo in ZOOS for path in figure_files(zoo, ZOOS[zoo])],


onstart:
    show_progress(workflow)


# Not an output of a rule: it says when a zoo was last worked on, and by which code.
onsuccess:
    write_provenances()
    show_success(
        {zoo: headline_method(ZOOS[zoo]) for zoo in ZOOS},
        {zoo: stopping_limit(ZOOS[zoo]) for zoo in ZOOS},
    )


onerror:
    show_failure(log)
