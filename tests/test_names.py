"""No two rules ever claim one file, whatever names people choose."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from plans import plan
from snakemake.exceptions import AmbiguousRuleException

from workflow_scripts.config.config import ConfigError, read_config
from workflow_scripts.planning import patterns

Zoos = dict[str, Any]

# What file names of the workflow are made of, so that a name may continue like one of them.
BASES = ["a", "qwen2", "probe", "probe-a", "k1", "tasks", "agents", "code", "singles", "scores"]
ENDS = [
    *(".5", ".", "-", "_", ".txt", ".npy", ".csv", ".npz", ".log", ".tsv", ".html", ".svg"),
    *(".units", ".parquet", ".units.parquet", ".safetensors", ".json", ".facts.json"),
    *(".stability", ".sums", ".quality", ".quality.csv", ".replicates", ".convergence"),
]
# Checkpoints have names that files cannot have.
ODD_ENDS = [*ENDS, "/checkpoint.json", "/checkpoints/a", " b", "~0", "{b}", "é"]
# What lies in results/ beside zoos, or is close to it.
BESIDE = ["downloads", "report.html", "report.log", "report.html.facts.json", "logs", "benchmarks"]


def names(ends: list[str]) -> st.SearchStrategy[str]:
    """Names of which one continues another more often than not."""
    parts = st.lists(st.sampled_from(ends), max_size=2)
    return st.builds(lambda base, more: base + "".join(more), st.sampled_from(BASES), parts)


def named(
    values: st.SearchStrategy[Any], least: int, most: int, ends: list[str] = ENDS
) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the values, by name."""
    return st.dictionaries(names(ends), values, min_size=least, max_size=most)


HUB = st.just({"kind": "hub", "id": "some/model"})
FOLDER = st.just({"kind": "folder", "path": "models/mine"})
PRETRAINED = st.just(
    {
        "kind": "pretrain",
        "family": "gpt2",
        "tokenizer": "bpe",
        "objective": "causal",
    }
)
LINES = {"source": "text", "file": "lines.txt"}
TEXT_TASKS = st.sampled_from(
    [
        {"format": "conllu", "train": "train.conllu"},
        {"format": "conllu", "train": "train.conllu", "corpus": "a.units"},
        {"source": "conll2000"},
    ]
)
METHODS = st.sampled_from(
    [
        {"method": "mmi", "start": "greedy"},
        {"method": "random", "draws": 1},
        {"method": "facility_location"},
    ]
)


def selections() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda methods: {"sizes": [1], "methods": methods}, named(METHODS, 1, 3))


TEXT_ZOOS = st.fixed_dictionaries(
    {
        "modality": st.just("text"),
        "data": st.just({"source": "python-stdlib"}),
        "checkpoints": named(st.one_of(HUB, FOLDER, PRETRAINED), 2, 4, ODD_ENDS),
        "probe": st.just(LINES),
        "other_probes": named(st.just(LINES), 0, 2),
        "tasks": named(TEXT_TASKS, 0, 2),
        "selection": selections(),
    }
)
IMAGE_ZOOS = st.fixed_dictionaries(
    {
        "modality": st.just("image"),
        "checkpoints": named(st.one_of(HUB, FOLDER), 2, 3, ODD_ENDS),
        "probe": st.just({"folder": "photos"}),
        "tasks": named(st.just({"train": "birds"}), 0, 2),
        "selection": selections(),
    }
)
IMPORTED = st.fixed_dictionaries(
    {
        "modality": st.just("image"),
        "checkpoints": named(st.one_of(HUB, FOLDER), 2, 3, ODD_ENDS),
        "covariance": st.just({"precomputed": "kappa.npz"}),
        "tasks": named(st.just({"train": "birds"}), 0, 1),
        "selection": selections(),
    }
)
AGENT_ZOOS = st.fixed_dictionaries(
    {
        "modality": st.just("agents"),
        "data": st.just({"source": "digits"}),
        "agents": st.just({"count": 2, "classes": 3}),
        "tasks": st.just({"count": 1, "classes": 4}),
        "selection": selections(),
    }
)
ZOOS = st.dictionaries(
    st.one_of(names(ENDS), st.sampled_from(BESIDE)),
    st.one_of(TEXT_ZOOS, IMAGE_ZOOS, IMPORTED, AGENT_ZOOS),
    min_size=1,
    max_size=3,
)


@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(zoos=ZOOS)
def test_no_two_rules_claim_one_file(zoos: Zoos) -> None:
    try:
        read_config({"zoos": zoos})
    except ConfigError:  # it is refused in a sentence, which tests of the config read
        reject()
    assert plan(zoos).clashes() == []


def test_a_name_may_continue_another_with_a_dot() -> None:
    zoo = {
        "modality": "text",
        "checkpoints": {
            "qwen2": {"kind": "hub", "id": "Qwen/Qwen2-0.5B"},
            "qwen2.5": {"kind": "folder", "path": "models/qwen2.5"},
        },
        "probe": {"source": "text", "file": "probe.txt"},
        "selection": {"sizes": [1], "methods": {"mmi": {}}},
    }
    planned = plan({"z": zoo})
    assert planned.clashes() == []
    assert planned.counts["fetch_checkpoint"] == planned.counts["describe_folder"] == 1


def test_zoos_may_share_names_of_checkpoints_that_are_made_in_other_ways() -> None:
    def zoo(**checkpoints: dict[str, str]) -> dict[str, Any]:
        return {
            "modality": "text",
            "data": {"source": "python-stdlib"},
            "checkpoints": checkpoints,
            "probe": {"source": "python-stdlib"},
            "selection": {"sizes": [1], "methods": {"mmi": {}}},
        }

    hub, folder = {"kind": "hub", "id": "x/y"}, {"kind": "folder", "path": "models/y"}
    made = {"kind": "pretrain", "family": "gpt2", "tokenizer": "bpe", "objective": "causal"}
    planned = plan({"z": zoo(a=hub, b=made), "z.z": zoo(a=folder, b=hub), "zz": zoo(a=made, b=hub)})
    assert planned.clashes() == []
    counts = planned.counts
    assert [counts[rule] for rule in ("fetch_checkpoint", "describe_folder", "pretrain")] == [
        3,
        1,
        2,
    ]


def test_rules_that_claim_one_file_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the slash behind it, a name ends where another goes on."""
    whole = patterns.zoos_with_checkpoint
    monkeypatch.setattr(
        patterns, "zoos_with_checkpoint", lambda *given: whole(*given).replace(")/)", "))")
    )
    with pytest.raises(AmbiguousRuleException, match="describe_folder"):
        test_a_name_may_continue_another_with_a_dot()
