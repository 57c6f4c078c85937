# Stage 5: selections of checkpoints, a file for each method.


def read_by_method(wildcards):
    """The file that a method picks from, under the name of its flag."""
    zoo = zoo_of(wildcards)
    method = zoo.selection.methods[wildcards.method]
    if method.reads == "covariance":
        return {"covariance": f"results/{wildcards.zoo}/covariance/probe.npz"}
    if method.reads == "singles":
        return {"singles": f"results/{wildcards.zoo}/scores/{method.task}/singles.csv"}
    return {}


def selection_flags(wildcards):
    """What decides the picks of a method, and nothing else."""
    zoo = zoo_of(wildcards)
    method = zoo.selection.methods[wildcards.method]
    flags = ["--label", wildcards.method, *to_flags(method), "--k"]
    flags += [str(size) for size in sizes_of(zoo, wildcards.method)]
    if method.reads == "covariance":
        flags += ["--jitter", str(zoo.selection.jitter)]
    if method.reads == "names":
        flags += ["--checkpoints", *checkpoint_names(wildcards)]
    for flag, path in read_by_method(wildcards).items():
        flags += [f"--{flag}", path]
    return flags


def sizes_of(zoo, method):
    """The sizes that a method selects."""
    sizes = sorted(zoo.selection.sizes)
    return [1] if zoo.selection.methods[method].method == "single" else sizes


rule select:
    """The picks of one method at every size."""
    input:
        unpack(read_by_method),
        code=sources("workflow_scripts/selection/select.py"),
    output:
        "results/{zoo}/selections/{method}.csv",
    params:
        flags=selection_flags,
    log:
        "results/{zoo}/logs/select/{method}.log",
    benchmark:
        "results/{zoo}/benchmarks/select/{method}.tsv"
    resources:
        mem_mb=1000,
    conda:
        "../envs/taskspace.yaml"
    message:
        "{wildcards.zoo}: selecting by {wildcards.method}"
    shell:
        "python -m workflow_scripts.selection.select {params.flags:q} --output {output:q}"
        " > {log:q} 2>&1"
