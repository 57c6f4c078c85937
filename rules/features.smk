# Stages 1 to 3 of zoos of features brought along: files are checked and used in place.
from workflow_scripts.kinds.features import jobs as features


rule write_units:
    """The rows of a corpus, and which belong together."""
    input:
        source=planned(features.first_source),
        groups=planned(features.group_table),
    output:
        units="results/{zoo}/corpora/{corpus}.units.parquet",
        facts="results/{zoo}/corpora/{corpus}.units.parquet.facts.json",
    log:
        "results/{zoo}/logs/write_units/{corpus}.log",
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "features"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1500),
    params:
        code=code("workflow_scripts.kinds.features.write_units"),
        flags=planned(features.unit_flags),
    message:
        "{wildcards.zoo}: counting the units of {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.features.write_units --corpus {wildcards.corpus:q}"
        " --source {input.source:q} {params.flags:q} --output {output.units:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule read_table_task:
    """One task, from a table with a row for each unit."""
    input:
        table=planned(features.task_table),
        units=planned(features.task_units),
    output:
        task="results/{zoo}/tasks/{task}.parquet",
        facts="results/{zoo}/tasks/{task}.parquet.facts.json",
    log:
        "results/{zoo}/logs/read_table_task/{task}.log",
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "features"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1500),
    params:
        code=code("workflow_scripts.tables.read_table_task"),
        flags=planned(features.task_flags),
    message:
        "{wildcards.zoo}: reading {wildcards.task}"
    shell:
        "python -m workflow_scripts.tables.read_table_task --table {input.table:q}"
        " --units {input.units:q} {params.flags:q} --output {output.task:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule describe_features:
    """A checkpoint of which there are features alone."""
    input:
        source=planned(features.card_source),
    output:
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        facts="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json.facts.json",
    log:
        "results/{zoo}/logs/describe_features/{checkpoint}.log",
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "features"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1500),
    params:
        code=code("workflow_scripts.kinds.features.describe_features"),
        checkpoint=planned(name_of_checkpoint),
    message:
        "{wildcards.zoo}: looking at {params.checkpoint}"
    shell:
        "python -m workflow_scripts.kinds.features.describe_features"
        " --checkpoint {params.checkpoint:q} --source {input.source:q}"
        " --card {output.card:q} --facts {output.facts:q} > {log:q} 2>&1"


rule import_features:
    """The features of one checkpoint on one corpus, checked; the matrix stays where it is."""
    input:
        source=planned(features.source_file),
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
    output:
        features="results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
        facts="results/{zoo}/features/{corpus}/{checkpoint}.safetensors.facts.json",
    log:
        "results/{zoo}/logs/import_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/import_features/{corpus}/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "features"),
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.kinds.features.import_features"),
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.features.import_features --source {input.source:q}"
        " --card {input.card:q} --units {input.units:q} --output {output.features:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"
