# Stages 1 to 3 of text zoos: language models, on words of sentences.
from workflow_scripts.kinds.text import jobs as text
from workflow_scripts.kinds.text.public_data import FILES as PUBLIC_FILES


rule fetch_file:
    """Public text and tasks, verified."""
    output:
        file="results/downloads/{file}",
        facts="results/downloads/{file}.facts.json",
    log:
        "results/downloads/logs/{file}.log",
    wildcard_constraints:
        file=one_of(PUBLIC_FILES),
    localrule: True
    conda:
        "../envs/taskspace.yaml"
    params:
        code=code("workflow_scripts.kinds.text.fetch_file"),
    message:
        "downloading {wildcards.file}"
    shell:
        "python -m workflow_scripts.kinds.text.fetch_file --name {wildcards.file:q}"
        " --output {output.file:q} --facts {output.facts:q} > {log:q} 2>&1"


rule write_stdlib:
    """Text and labelled sentences of the running Python's standard library."""
    output:
        files=expand("results/{{zoo}}/stdlib/{file}", file=text.STDLIB_FILES),
        facts="results/{zoo}/stdlib/stdlib.facts.json",
    log:
        "results/{zoo}/logs/write_stdlib.log",
    benchmark:
        "results/{zoo}/benchmarks/write_stdlib.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "text"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(1000),
    params:
        code=code("workflow_scripts.kinds.text.stdlib.write_stdlib"),
        folder="results/{zoo}/stdlib",
        flags=planned(text.stdlib_flags),
        python=platform.python_version(),
    message:
        "{wildcards.zoo}: labelling the standard library of Python {params.python}"
    shell:
        "python -m workflow_scripts.kinds.text.stdlib.write_stdlib --folder {params.folder:q}"
        " {params.flags:q} --facts {output.facts:q} > {log:q} 2>&1"


rule write_corpus:
    """The sentences of a probe, or of the tasks that are on the same sentences."""
    input:
        planned(text.corpus_files),
    output:
        corpus="results/{zoo}/corpora/{corpus}.txt",
        units="results/{zoo}/corpora/{corpus}.units.parquet",
        facts="results/{zoo}/corpora/{corpus}.units.parquet.facts.json",
    log:
        "results/{zoo}/logs/write_corpus/{corpus}.log",
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "text"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.kinds.text.write_corpus"),
        flags=planned(text.corpus_flags),
    message:
        "{wildcards.zoo}: writing the sentences of {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.text.write_corpus {params.flags:q}"
        " --output {output.corpus:q} --units {output.units:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"


rule read_task:
    """One task on words, from its labelled files."""
    input:
        unpack(planned(text.task_files)),
        corpus=planned(text.task_corpus),
    output:
        task="results/{zoo}/tasks/{task}.parquet",
        facts="results/{zoo}/tasks/{task}.parquet.facts.json",
    log:
        "results/{zoo}/logs/read_task/{task}.log",
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "text"),
    conda:
        "../envs/taskspace.yaml"
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.kinds.text.read_task"),
        flags=planned(text.task_flags),
    message:
        "{wildcards.zoo}: reading {wildcards.task}"
    shell:
        "python -m workflow_scripts.kinds.text.read_task {params.flags:q} --corpus {input.corpus:q}"
        " --output {output.task:q} --facts {output.facts:q} > {log:q} 2>&1"


rule pretrain:
    """A miniature language model."""
    input:
        text=planned(text.pretraining_text),
    output:
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
        model=multiext(
            "results/{zoo}/checkpoints/{checkpoint}/",
            "config.json",
            "model.safetensors",
        ),
        tokenizer=multiext(
            "results/{zoo}/checkpoints/{checkpoint}/",
            "tokenizer.json",
            "tokenizer_config.json",
        ),
        facts="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json.facts.json",
    log:
        "results/{zoo}/logs/pretrain/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/pretrain/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=zoos_with_checkpoint(ZOOS, text.is_pretrained_here),
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
    params:
        code=code("workflow_scripts.kinds.text.miniatures.pretrain"),
        checkpoint=planned(name_of_checkpoint),
        folder="results/{zoo}/checkpoints/{checkpoint}",
        flags=planned(text.pretraining_flags),
    message:
        "{wildcards.zoo}: pre-training {params.checkpoint}"
    shell:
        "python -m workflow_scripts.kinds.text.miniatures.pretrain --checkpoint {params.checkpoint:q}"
        " --text {input.text:q} {params.flags:q} --folder {params.folder:q}"
        " --card {output.card:q} --facts {output.facts:q} > {log:q} 2>&1"


rule extract_word_features:
    """One checkpoint on one corpus of text."""
    input:
        corpus="results/{zoo}/corpora/{corpus}.txt",
        card="results/{zoo}/checkpoints/{checkpoint}/checkpoint.json",
    output:
        features="results/{zoo}/features/{corpus}/{checkpoint}.safetensors",
        facts="results/{zoo}/features/{corpus}/{checkpoint}.safetensors.facts.json",
    log:
        "results/{zoo}/logs/extract_word_features/{corpus}/{checkpoint}.log",
    benchmark:
        "results/{zoo}/benchmarks/extract_word_features/{corpus}/{checkpoint}.tsv"
    wildcard_constraints:
        zoo=zoos_of_kind(ZOOS, "text"),
    conda:
        "../envs/taskspace.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        code=code("workflow_scripts.kinds.text.extract_words"),
        flags=planned(text.feature_flags),
    message:
        "{wildcards.zoo}: features of {wildcards.checkpoint} on {wildcards.corpus}"
    shell:
        "python -m workflow_scripts.kinds.text.extract_words --corpus {input.corpus:q}"
        " --card {input.card:q} {params.flags:q} --output {output.features:q}"
        " --facts {output.facts:q} > {log:q} 2>&1"
