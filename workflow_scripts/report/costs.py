"""What a run took, by the files in which Snakemake keeps time and memory of each job, and how fast
each checkpoint was, by what the jobs that ran it say.

The report reads them as they are when it is written; they are no inputs of its rule, since a cost
changes no result: a deleted file, or a job that took longer, must rerun nothing.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.common.facts import SUFFIX, read_speeds

SPEED_COLUMNS = ["checkpoint", "seconds_per_thousand"]

COLUMNS = ["stage", "rule", "jobs", "seconds", "longest", "megabytes"]

OTHER = "other"
ALL_STAGES = ("data", "checkpoints", "features", "covariance", "selection", "evaluation", OTHER)
# Jobs of these stages are of one checkpoint each, whose name their benchmark has.
_OF_CHECKPOINTS = ("checkpoints", "features")


def cost_table(
    folder: Path, checkpoints: Collection[str], stages: Mapping[str, str]
) -> pd.DataFrame:
    """Time and memory of each rule, of the last run of each of its jobs.

    Args:
        folder: of the benchmarks of a zoo; it need not be there.
        checkpoints: of the zoo; files of others are left from before.
        stages: the stage of each rule, in the order of the stages.

    Returns:
        ``COLUMNS``: the rule's stage, how many jobs it has, seconds of all and of the longest, and
        the largest resident memory of any, in MB (not known of jobs that were too short for
        Snakemake to look at); rules in the order of the stages.
    """
    names = {file_name(checkpoint) for checkpoint in checkpoints}
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        if stages.get(rule) in _OF_CHECKPOINTS and path.stem not in names:
            continue
        table = pd.read_csv(path, sep="\t", na_values="-")
        if {"s", "max_rss"} <= set(table):
            rows.append((rule, table["s"].sum(), table["max_rss"].max()))
    jobs = pd.DataFrame(rows, columns=["rule", "seconds", "megabytes"])
    costs = jobs.groupby("rule", as_index=False).agg(
        jobs=("rule", "size"),
        total=("seconds", "sum"),
        longest=("seconds", "max"),
        megabytes=("megabytes", "max"),
    )
    costs = costs.rename(columns={"total": "seconds"})
    costs["stage"] = costs["rule"].map(dict(stages)).fillna(OTHER)
    order = list(stages)
    places = costs["rule"].map({rule: place for place, rule in enumerate(order)})
    costs = costs.assign(place=places.fillna(len(order)))
    return costs.sort_values(["place", "rule"], ignore_index=True)[COLUMNS]


def speed_table(folder: Path, checkpoints: Collection[str]) -> pd.DataFrame:
    """How long each checkpoint took for a thousand units of a corpus when it last ran.

    Without what it takes to start the job and to load the checkpoint.

    Args:
        folder: of the features on the corpus; it need not be there.
        checkpoints: of the zoo.

    Returns:
        ``SPEED_COLUMNS``, a row for each checkpoint whose facts are there, the slowest first.
    """
    speeds = read_speeds(folder.glob(f"*{SUFFIX}"))
    # Facts of checkpoints that a zoo had before are left.
    rows = [(name, speeds[name]) for name in checkpoints if name in speeds]
    table = pd.DataFrame(rows, columns=SPEED_COLUMNS)
    order = ["seconds_per_thousand", "checkpoint"]
    return table.sort_values(order, ascending=[False, True], ignore_index=True)
