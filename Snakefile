# Which few checkpoints of a zoo cover the space of tasks? Seven stages, in rules/.
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


# Stages 1 to 3: what zoos of each kind are made of, and what several kinds share.
for kind in KINDS:

    include: f"rules/{kind.name}.smk"


include: "rules/pretrained.smk"
# Stages 4 to 7: the same for every kind.
include: "rules/covariance.smk"
include: "rules/selection.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        "results/report.html",
        [figure for zoo in ZOOS.values() for figure in reporting.figure_files(zoo)],


onstart:
    show_progress(workflow)


# Not an output of a rule: it says when a zoo was last worked on, and by which code.
onsuccess:
    write_provenances()
    show_success(
        {name: reporting.headline_method(zoo) for name, zoo in ZOOS.items()},
        {name: reporting.stopping_limit(zoo) for name, zoo in ZOOS.items()},
    )


onerror:
    show_failure(log)
