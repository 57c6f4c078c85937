# Stage 2 of zoos whose checkpoints exist already, on the hub or in folders; several kinds share it.
from workflow_scripts.planning import pretrained


rule fetch_checkpoint:
    """Compute nodes often have no network, so the download runs where Snakemake runs.

    The card is written last, and is the only file that Snakemake knows of: it would delete others
    before a second try, which goes on where the first ended.
    """
    output:
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        facts="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json.facts.json",
    log:
        "results/{zoo}/logs/fetch_checkpoint/{checkpoint}.log",
    wildcard_constraints:
        zoo=zoos_with_checkpoint(ZOOS, pretrained.is_on_hub),
    localrule: True
    conda:
        "../envs/taskspace.yaml"
    params:
        code=code("workflow_scripts.pretrained.fetch_checkpoint"),
        checkpoint=planned(name_of_checkpoint),
        folder="results/{zoo}/checkpoints/{checkpoint}",
        flags=planned(pretrained.hub_flags),
    message:
        "{wildcards.zoo}: fetching {params.checkpoint}"
    shell:
        "python -m workflow_scripts.pretrained.fetch_checkpoint"
        " --checkpoint {params.checkpoint:q} {params.flags:q} --folder {params.folder:q}"
        " --card {output.card:q} --facts {output.facts:q} > {log:q} 2>&1"


rule describe_folder:
    """A checkpoint in a user's folder, used in place."""
    input:
        files=planned(pretrained.folder_files),
    output:
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        facts="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json.facts.json",
    log:
        "results/{zoo}/logs/describe_folder/{checkpoint}.log",
    wildcard_constraints:
        zoo=zoos_with_checkpoint(ZOOS, pretrained.is_in_folder),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.pretrained.describe_folder"),
        checkpoint=planned(name_of_checkpoint),
        flags=planned(pretrained.folder_flags),
    message:
        "{wildcards.zoo}: looking at {params.checkpoint}"
    shell:
        "python -m workflow_scripts.pretrained.describe_folder"
        " --checkpoint {params.checkpoint:q} {params.flags:q}"
        " --card {output.card:q} --facts {output.facts:q} > {log:q} 2>&1"
