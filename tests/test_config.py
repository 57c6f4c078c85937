"""The configuration: what is accepted, and one readable line for whatever is not; and the way of
settings through command-line flags."""

import argparse
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml

from workflow_scripts.common.packages import deciding_packages
from workflow_scripts.common.script import UserError, parser
from workflow_scripts.common.settings import Settings, add_flags, from_flags, to_flags
from workflow_scripts.config import schema as schema_script
from workflow_scripts.config.config import Config, ConfigError, _members, read_config, repeated_keys
from workflow_scripts.covariance.settings import CovarianceSettings
from workflow_scripts.evaluation.metrics import METRICS
from workflow_scripts.evaluation.settings import (
    SOLVERS,
    AdamSettings,
    LbfgsSettings,
    RidgeSettings,
    SgdSettings,
)
from workflow_scripts.kinds.agents.settings import (
    AgentSplitSettings,
    Cifar100Source,
    DigitsSource,
    ProbeSettings,
    TaskSettings,
    TrainingSettings,
)
from workflow_scripts.kinds.agents.zoo import AgentsZoo
from workflow_scripts.kinds.image.zoo import ImageZoo
from workflow_scripts.kinds.registry import KINDS
from workflow_scripts.kinds.text.feature_settings import FeatureSettings
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.settings import Format, MetricName, metric_of, target_of
from workflow_scripts.kinds.text.zoo import TextZoo
from workflow_scripts.kinds.zoo import UserFile
from workflow_scripts.selection.settings import METHODS

ROOT = Path(__file__).parents[1]
CONFIGS = [ROOT / "config.yaml", *sorted(ROOT.glob("configs/*.yaml"))]
SCHEMA_TEXT = schema_script.SCHEMA.read_text(encoding="utf-8")
DELETE = object()
KIND_NAMES = ", ".join(kind.name for kind in KINDS)

Raw = dict[str, Any]
Key = tuple[str | int, ...]


def zoo() -> Raw:
    """A small zoo of agents in which everything is said."""
    return {
        "modality": "agents",
        "seed": 3,
        "data": {"source": "digits", "test_fraction": 0.25},
        "agents": {"count": 6, "classes": 4, "epochs": 2},
        "probe": {"samples_per_class": 10, "rotations": [-15, 15.5]},
        "features": {"dtype": "float16"},
        "tasks": {"count": 3, "classes": 5},
        "covariance": {"estimator": "biased"},
        "selection": {
            "sizes": [1, 2, 3],
            "methods": {
                "mmi": {
                    "start": "hub",
                    "stop": "noise",
                    "groups": {"even": ["agent-00", "agent-02"]},
                    "most_per_group": 1,
                    "budget": 9.5,
                    "costs": {f"agent-0{number}": number for number in range(6)},
                },
                "mmi_swap": {"start": "hub"},
                "mmi_exact": {"time_limit": 5.0},
                "entropy": None,
                "quality_entropy": {"quality": "stable_rank"},
                "facility_location": None,
                "k_medoids": None,
                "hub": None,
                "expected_risk": {"ridge": 1, "units": 500},
                "random": {"draws": 5},
                "peek": {"task": "task-02"},
                "greedy_dev": {"task": "task-01"},
                "logme": {"task": "task-01"},
                "h_score": {"task": "task-01"},
                "all": None,
                "single": {"picks": ["agent-00", "agent-05"]},
            },
        },
        "head": {"solver": "adam"},
    }


def text_zoo() -> Raw:
    """A text zoo with every kind of checkpoint, probe and task."""
    return {
        "modality": "text",
        "data": {"source": "python-stdlib"},
        "checkpoints": {
            "hub": {"kind": "hub", "id": "facebook/bart-base"},
            "folder": {"kind": "folder", "path": "models/mine"},
            "mini": {
                "kind": "pretrain",
                "family": "bert",
                "tokenizer": "wordpiece",
                "objective": "masked",
            },
        },
        "probe": {"source": "python-stdlib"},
        "other_probes": {
            "wiki": {"source": "wikitext-2"},
            "mine": {"source": "text", "file": "mine.txt"},
        },
        "tasks": {
            "pos": {"source": "python-stdlib", "task": "pos"},
            "chunking": {"source": "conll2000"},
            "upos": {"source": "ud-english-ewt"},
            "deprel": {"format": "conllu", "target": "deprel", "train": "mine.conllu"},
            "facts": {"source": "python-stdlib", "task": "ef"},
        },
        "selection": {
            "sizes": [1, 2],
            "methods": {"mmi": None, "peek": {"task": "upos"}, "single": {"picks": ["hub"]}},
        },
    }


def image_zoo() -> Raw:
    """A zoo of vision checkpoints."""
    return {
        "modality": "image",
        "checkpoints": {
            "hub": {"kind": "hub", "id": "microsoft/resnet-50"},
            "folder": {"kind": "folder", "path": "models/mine", "layer": -2},
        },
        "image_size": 96,
        "probe": {"folder": "photos", "max_images": 500, "rotations": [90]},
        "features": {"pooling": "mean"},
        "tasks": {"birds": {"train": "birds/train", "test": "birds/test"}},
        "selection": {"sizes": [1], "methods": {"mmi": {"budget": 9.0, "cost": "parameters"}}},
    }


def changed(raw: Raw, *changes: tuple[str, Any]) -> Raw:
    """A copy of a mapping in which dotted keys have other values, or are gone."""
    raw = copy.deepcopy(raw)
    for path, value in changes:
        *above, last = path.split(".")
        block = raw
        for key in above:
            block = block[key]
        if value is DELETE:
            del block[last]
        else:
            block[last] = value
    return raw


def mistakes(raw: Raw) -> list[str]:
    """The lines with which a configuration is refused."""
    with pytest.raises(ConfigError) as refusal:
        read_config(raw)
    assert str(refusal.value) == "\n".join(refusal.value.lines)
    assert all("\n" not in line for line in refusal.value.lines)
    return refusal.value.lines


def mistakes_of(*changes: tuple[str, Any]) -> list[str]:
    """The lines with which the small zoo is refused after some changes."""
    return mistakes({"zoos": {"mine": changed(zoo(), *changes)}})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_configs_of_the_project_are_valid(path: Path) -> None:
    config = read_config(yaml.safe_load(path.read_text(encoding="utf-8")))
    for one in config.zoos.values():
        if not isinstance(one, AgentsZoo):
            continue
        sets = one.class_sets
        assert len(sets.agents) == len(one.checkpoint_names) == one.agents.count
        assert len(sets.tasks) == len(one.task_names)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_editors_accept_the_configs_of_the_project(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), json.loads(SCHEMA_TEXT))


def test_editors_refuse_what_the_workflow_refuses() -> None:
    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA_TEXT))
    mine = changed(zoo(), ("selection.methods.entropy", {}))
    assert schema.is_valid({"zoos": {"mine": mine}})
    followed_by_nothing = changed(zoo(), ("selection.methods.entropy", None))
    assert schema.is_valid({"zoos": {"mine": followed_by_nothing}})
    for change in (
        ("agents.epoks", 3),
        ("agents.epochs", "ten"),
        ("agents.learning_rate", "1e-3"),
        ("data", DELETE),
        ("head.solver", "newton"),
        ("selection.sizes", []),
    ):
        assert not schema.is_valid({"zoos": {"mine": changed(mine, change)}}), change
    assert schema.is_valid({"zoos": {"mine": mine}, "keep_results_of": {"torch": "2.14.1+cpu"}})
    for versions in ({"torch": 2.14}, {"torch": "latest"}, {"tqdm": "4.70.1"}, ["torch"]):
        assert not schema.is_valid({"zoos": {"mine": mine}, "keep_results_of": versions}), versions


def test_the_schema_in_the_repository_is_that_of_the_models(tmp_path: Path) -> None:
    schema_script.main(["--output", str(tmp_path / "schema.json")])
    written = (tmp_path / "schema.json").read_text(encoding="utf-8")
    assert written == SCHEMA_TEXT, "run python -m workflow_scripts.config.schema"


def test_what_is_said_is_what_is_read() -> None:
    mine = read_config({"zoos": {"mine": zoo()}}).zoos["mine"]
    assert (mine.seed, mine.agents.epochs, mine.agents.count) == (3, 2, 6)
    assert mine.probe.rotations == [-15.0, 15.5]
    assert mine.features.dtype == "float16"
    assert mine.covariance.estimator == "biased"
    assert isinstance(mine.head, AdamSettings)
    assert mine.checkpoint_names == [f"agent-0{number}" for number in range(6)]
    assert mine.task_names == ["task-00", "task-01", "task-02"]
    assert [len(classes) for classes in mine.class_sets.agents] == [4] * 6
    assert [len(classes) for classes in mine.class_sets.tasks] == [5] * 3


def test_what_may_be_left_out_has_a_default() -> None:
    short = changed(
        zoo(),
        *((key, DELETE) for key in ("seed", "probe", "features", "covariance", "head", "tasks")),
        ("selection.methods", {"mmi": {}}),
    )
    mine = read_config({"zoos": {"mine": short}}).zoos["mine"]
    assert mine.head == LbfgsSettings()
    assert mine.probe == ProbeSettings()
    assert mine.task_names == []
    assert mine.class_sets.tasks == []


def test_reading_leaves_the_mapping_as_it_was() -> None:
    raw = {"zoos": {"mine": zoo()}}
    read_config(raw)
    assert raw == {"zoos": {"mine": zoo()}}


def test_methods_may_be_renamed() -> None:
    methods = {
        "few": {"method": "random", "draws": 2},
        "many": {"method": "random", "draws": 6},
        "mmi": {"start": "greedy"},
        "entropy": {"method": "mmi", "start": "hub"},
    }
    raw = {"zoos": {"mine": changed(zoo(), ("selection.methods", methods))}}
    assert read_config(raw).zoos["mine"].selection.methods == {
        "few": METHODS["random"](draws=2, seed=0),
        "many": METHODS["random"](draws=6, seed=0),
        "mmi": METHODS["mmi"](start="greedy"),
        "entropy": METHODS["mmi"](start="hub"),
    }


@pytest.mark.parametrize(
    ("key", "value", "where", "told"),
    [
        # Keys and types.
        ("agents.epoks", 3, "zoos.mine.agents: unknown key 'epoks'", "did you mean 'epochs'?"),
        ("agents.epoks", 3, "zoos.mine.agents:", "allowed: network, epochs, batch_size,"),
        ("colour", 3, "zoos.mine: unknown key 'colour'", "allowed: modality, seed, covariance,"),
        ("data.folder", "x", "zoos.mine.data: unknown key 'folder'", "allowed: source, test_f"),
        (
            "selection.methods.mmi.strat",
            "hub",
            "zoos.mine.selection.methods.mmi: unknown key 'strat'",
            "did you mean 'start'?",
        ),
        ("data", DELETE, "zoos.mine.data:", "is missing"),
        ("agents.count", DELETE, "zoos.mine.agents.count:", "is missing"),
        (
            "selection.methods.peek.task",
            DELETE,
            "zoos.mine.selection.methods.peek.task:",
            "is missing",
        ),
        ("agents.epochs", "ten", "zoos.mine.agents.epochs:", "integer; given: 'ten'"),
        ("agents.epochs", "10", "zoos.mine.agents.epochs:", "integer; given: '10'"),
        ("agents.epochs", 2.0, "zoos.mine.agents.epochs:", "integer; given: 2.0"),
        ("agents.epochs", True, "zoos.mine.agents.epochs:", "integer; given: True"),
        ("agents.epochs", None, "zoos.mine.agents.epochs:", "integer; given: None"),
        ("agents.epochs", 0, "zoos.mine.agents.epochs:", "greater than 0; given: 0"),
        ("agents.momentum", 1.0, "zoos.mine.agents.momentum:", "less than 1; given: 1.0"),
        ("agents.horizontal_flip", "yes", "zoos.mine.agents.horizontal_flip:", "boolean"),
        ("agents.learning_rate", "1e-3", "zoos.mine.agents.learning_rate:", "write 1.0e-3"),
        ("agents.milestones", 5, "zoos.mine.agents.milestones:", "list; given: 5"),
        ("agents.milestones", [5, 0], "zoos.mine.agents.milestones.1:", "greater than 0"),
        ("probe", [1], "zoos.mine.probe:", "dictionary"),
        ("selection.methods", ["mmi"], "zoos.mine.selection.methods:", "dictionary"),
        ("selection.methods.mmi", 3, "zoos.mine.selection.methods.mmi:", "dictionary"),
        ("selection.sizes", [], "zoos.mine.selection.sizes:", "at least 1 item"),
        ("selection.methods", {}, "zoos.mine.selection.methods:", "at least 1 item"),
        ("modality", "sound", "zoos.mine:", f"needs a key 'modality' that is one of {KIND_NAMES}"),
        ("modality", DELETE, "zoos.mine:", f"needs a key 'modality' that is one of {KIND_NAMES}"),
        ("features.dtype", "float8", "zoos.mine.features.dtype:", "'float32' or 'float16'"),
        ("covariance.estimator", "b", "zoos.mine.covariance.estimator:", "'biased' or 'debiased'"),
        # One of several kinds of block.
        (
            "data",
            {"source": "mnist"},
            "zoos.mine.data:",
            "'source' that is one of digits, cifar100",
        ),
        ("data", {}, "zoos.mine.data:", "'source' that is one of digits, cifar100; given: {}"),
        ("data", "digits", "zoos.mine.data:", "dictionary"),
        ("head.solver", "newton", "zoos.mine.head:", "'solver' that is one of adam, sgd, lbfgs"),
        (
            "head.l2",
            [0.1],
            "zoos.mine.head: unknown key 'l2'",
            "allowed: project, learning_rate, epochs,",
        ),
        (
            "selection.methods.best",
            {},
            "zoos.mine.selection.methods.best:",
            "'method' that is one of mmi, mmi_swap, mmi_exact, entropy, quality_entropy, "
            "facility_location, k_medoids, hub, expected_risk, random, peek, greedy_dev, logme, "
            "h_score, all, single; given: {}",
        ),
        (
            "selection.methods.best",
            {"method": "magic"},
            "zoos.mine.selection.methods.best:",
            "'method' that is one of mmi, mmi_swap, mmi_exact, entropy, quality_entropy, "
            "facility_location, k_medoids, hub, expected_risk, random, peek, greedy_dev, logme, "
            "h_score, all, single",
        ),
        (
            "selection.methods",
            {"the best": {"method": "mmi"}},
            "zoos.mine.selection.methods:",
            "'the best' cannot be a name here; use letters, digits, '_', '-' and '.'",
        ),
        # What concerns several blocks.
        (
            "selection.sizes",
            [1, 7],
            "zoos.mine:",
            "selection.sizes asks for 7 checkpoints, the zoo has 6",
        ),
        ("selection.sizes", [1, 2, 2], "zoos.mine.selection.sizes:", "names 2 more than once"),
        (
            "selection.methods.random.draws",
            7,
            "zoos.mine:",
            "selection.methods.random: 7 draws are asked for, there are 6 different sets of 1 out "
            "of 6 checkpoints",
        ),
        (
            "selection.methods.peek.task",
            "task-03",
            "zoos.mine:",
            "selection.methods.peek.task: there is no task 'task-03'; the zoo's tasks: task-00, "
            "task-01, task-02",
        ),
        ("tasks", None, "zoos.mine:", "there is no task 'task-02'; the zoo's tasks: none"),
        (
            "selection.methods.single.picks",
            ["agent-00", "agent-06"],
            "zoos.mine:",
            "selection.methods.single.picks: there is no checkpoint 'agent-06' in the zoo",
        ),
        # Constraints.
        (
            "selection.methods.mmi",
            {"must_include": ["agent-00"], "exclude": ["agent-00"]},
            "zoos.mine.selection.methods.mmi:",
            "'agent-00' is in both must_include and exclude",
        ),
        (
            "selection.methods.mmi",
            {"groups": {"a": ["agent-00"]}},
            "zoos.mine.selection.methods.mmi:",
            "groups and most_per_group go together",
        ),
        (
            "selection.methods.mmi",
            {"groups": {"a": ["agent-00"], "b": ["agent-00"]}, "most_per_group": 1},
            "zoos.mine.selection.methods.mmi:",
            "'agent-00' is in several groups",
        ),
        (
            "selection.methods.mmi",
            {"budget": 3},
            "zoos.mine.selection.methods.mmi:",
            "budget goes with costs, or with cost: parameters",
        ),
        (
            "selection.methods.mmi",
            {"budget": 3, "costs": {"agent-00": 1}, "cost": "parameters"},
            "zoos.mine.selection.methods.mmi:",
            "leave out one of them",
        ),
        (
            "selection.methods.mmi",
            {"budget": 3, "cost": "parameters"},
            "zoos.mine:",
            "selection.methods.mmi: cost: the checkpoints of this zoo all have the same size; give",
        ),
        (
            "selection.methods.mmi",
            {"exclude": ["agent-06"]},
            "zoos.mine:",
            "selection.methods.mmi: exclude: there is no checkpoint 'agent-06'",
        ),
        (
            "selection.methods.mmi.costs",
            {"agent-00": 1},
            "zoos.mine:",
            "selection.methods.mmi: costs: there is none of 'agent-01'",
        ),
        (
            "selection.methods.mmi",
            {"must_include": ["agent-00", "agent-01"]},
            "zoos.mine:",
            "selection.methods.mmi: must_include names 2 checkpoints, more than k = 1",
        ),
        (
            "selection.methods.mmi",
            {"exclude": [f"agent-0{number}" for number in range(4)]},
            "zoos.mine:",
            "selection.methods.mmi: exclude leaves 2 checkpoints for k = 3",
        ),
        (
            "selection.methods.mmi.groups",
            {"all": [f"agent-0{number}" for number in range(6)]},
            "zoos.mine:",
            "no 3 of the checkpoints that are allowed have at most 1 of each group",
        ),
        (
            "selection.methods.mmi.budget",
            3.5,
            "zoos.mine:",
            # agent-00 and agent-02 are of one group.
            "the cheapest 3 checkpoints that are allowed cost 4, more than the budget of 3.5",
        ),
        (
            "selection.methods",
            {"mmi": {"stop": "gain"}, "single": {"picks": ["agent-00"]}},
            "zoos.mine:",
            "with stop: gain or noise no method is sure to select 3 checkpoints",
        ),
        (
            "selection.methods",
            {"all": {"method": "mmi"}},
            "zoos.mine.selection.methods:",
            "'all': the method all has that label, and no other has it",
        ),
        (
            "selection.methods",
            {"mmi": None, "everything": {"method": "all"}},
            "zoos.mine.selection.methods:",
            "'everything': the method all has that label, and no other has it",
        ),
        (
            "selection.methods",
            {"all": None},
            "zoos.mine.selection.methods:",
            "add a method that selects some, such as mmi",
        ),
        (
            "selection.methods.single.picks",
            ["*", "agent-00"],
            "zoos.mine.selection.methods.single.picks:",
            "'*' stands for every checkpoint: leave out the other names",
        ),
        *(
            (
                f"selection.methods.{method}.task",
                "task-09",
                "zoos.mine:",
                f"selection.methods.{method}.task: there is no task 'task-09'; the zoo's tasks: "
                "task-00, task-01, task-02",
            )
            for method in ("greedy_dev", "logme", "h_score")
        ),
        (
            "stability",
            {"replicates": 0},
            "zoos.mine:",
            "selection.methods.mmi: stop: noise looks at replicates of the covariance",
        ),
        (
            "selection.sizes",
            [2, 3],
            "zoos.mine:",
            "selection.methods.single: its selections have size 1, which is not among the sizes",
        ),
        ("agents.pool", 11, "zoos.mine:", "agents.pool asks for 11 classes, the source has 10"),
        (
            "agents.pool",
            3,
            "zoos.mine:",
            "agents.classes asks for 4 classes of 3 that agents draw from",
        ),
        (
            "agents.classes",
            11,
            "zoos.mine:",
            "agents.classes asks for 11 classes of 10 that agents draw from",
        ),
        (
            "tasks.classes",
            11,
            "zoos.mine:",
            "tasks.classes asks for 11 classes of 10 that tasks draw from",
        ),
        (
            "agents.pool",
            6,
            "zoos.mine:",
            "tasks.classes asks for 5 classes of 4 that tasks draw from",
        ),
        (
            "agents.count",
            211,
            "zoos.mine:",
            "211 agents need 211 different sets of 4 out of 10 classes, there are 210",
        ),
        (
            "tasks.count",
            253,
            "zoos.mine:",
            "253 tasks need 253 different sets of 5 out of 10 classes, there are 252",
        ),
        (
            "probe.samples_per_class",
            119,
            "zoos.mine:",
            "a class has 130 training images: 119 for the probe and 10 for the tasks leave 1 for "
            "the agents, who need at least 2",
        ),
        (
            "tasks.test_per_class",
            45,
            "zoos.mine:",
            "tasks.test_per_class asks for 45 test images, a class has 44",
        ),
    ],
)
def test_a_mistake_gives_one_line_with_the_key_and_what_is_allowed(
    key: str, value: object, where: str, told: str
) -> None:
    [line] = mistakes_of((key, value))
    assert line.startswith(where)
    assert told in line


@pytest.mark.parametrize("method", ["expected_risk", "quality_entropy"])
def test_a_given_covariance_refuses_methods_that_look_at_features(method: str) -> None:
    changes = [("covariance", {"precomputed": "k.npz"}), ("selection.methods", {method: {}})]
    [line] = mistakes_of(*changes)
    assert line.startswith(f"zoos.mine: selection.methods.{method}: it looks at features on the")
    without = changed(zoo(), *changes[:1], ("selection.methods", {"mmi": {}}))
    assert read_config({"zoos": {"mine": without}})
    unweighted = changed(without, ("selection.methods", {"quality_entropy": {"quality": "none"}}))
    assert read_config({"zoos": {"mine": unweighted}})


def test_a_method_that_stops_may_be_alone_where_no_task_is_scored() -> None:
    methods = {"mmi": {"stop": "gain"}}
    alone = changed(zoo(), ("selection.methods", methods), ("tasks", DELETE))
    assert read_config({"zoos": {"mine": alone}})
    beside = changed(zoo(), ("selection.methods", methods | {"random": {"draws": 2}}))
    assert read_config({"zoos": {"mine": beside}})


def test_agents_and_tasks_of_one_size_share_the_possible_class_sets() -> None:
    """252 sets of 5 classes: 247 tasks leave 5 for the 6 agents; 246 leave just enough."""
    [line] = mistakes_of(("agents.classes", 5), ("tasks.count", 247))
    assert line.startswith("zoos.mine: 247 tasks need 247 different sets of 5 out of 10 classes")
    assert "beside the 6 of the agents, there are 252 in all" in line
    full = changed(zoo(), ("agents.classes", 5), ("tasks.count", 246))
    sets = read_config({"zoos": {"mine": full}}).zoos["mine"].class_sets
    assert len({*sets.agents, *sets.tasks}) == 252


def test_as_many_images_as_there_are_may_be_used() -> None:
    full = changed(zoo(), ("probe.samples_per_class", 118), ("tasks.test_per_class", 44))
    assert read_config({"zoos": {"mine": full}}).zoos["mine"].probe.samples_per_class == 118


def test_a_folder_without_cifar100_is_refused(tmp_path: Path) -> None:
    data = {"source": "cifar100", "folder": str(tmp_path)}
    [line] = mistakes_of(("data", data))
    assert line.startswith(f"zoos.mine.data: {tmp_path}/cifar-100-python/train is missing")
    for file in ("train", "test", "meta"):
        path = tmp_path / "cifar-100-python" / file
        path.parent.mkdir(exist_ok=True)
        path.touch()
    complete = changed(zoo(), ("data", data))
    assert read_config({"zoos": {"mine": complete}}).zoos["mine"].data == Cifar100Source(**data)


@pytest.mark.parametrize("name", ["the zoo", "", ".hidden", "a/b", "zoo\n", "größe"])
def test_a_zoo_name_that_cannot_be_a_folder_is_refused(name: object) -> None:
    [line] = mistakes({"zoos": {name: zoo()}})
    assert line.startswith(f"zoos: {name!r} cannot be a name here; use letters, digits")


def test_a_zoo_name_that_yaml_reads_as_a_number_wants_quotes() -> None:
    [line] = mistakes({"zoos": {2024: zoo()}})
    assert line == "zoos: 2024 is read as a number, not a name: put it in quotes"


def paths_in_results() -> set[str]:
    """What the rules write into results/ itself, beside the folders of the zoos."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("rules/*.smk"))
    parts = [part.split('"')[0].split("/")[0] for part in text.split('"results/')[1:]]
    return {part for part in parts if "{" not in part}


def test_a_zoo_may_not_have_the_name_of_another_result() -> None:
    reserved = paths_in_results() | {"downloads"}
    assert "report.html" in reserved
    for name in reserved:
        [line] = mistakes({"zoos": {name: zoo()}})
        assert line == f"zoos: the name {name!r} is taken by the workflow; choose another"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, "zoos: is missing"),
        ({"zoos": None}, "zoos: should be a valid dictionary; given: None"),
        ({"zoos": {}}, "zoos: Dictionary should have at least 1 item"),
        ({"zoos": {"mine": None}}, "zoos.mine: should be a valid dictionary"),
        ({"zoos": {"mine": zoo()}, "zoo": 3}, "the top level: unknown key 'zoo' (did you mean"),
    ],
)
def test_mistakes_at_the_top_are_told(raw: Raw, expected: str) -> None:
    [line] = mistakes(raw)
    assert line.startswith(expected)


def test_versions_whose_results_stand_are_read() -> None:
    raw = {"zoos": {"mine": zoo()}}
    assert read_config(raw).keep_results_of == {}
    versions = {"torch": "2.14.1+cu129", "scikit-learn": "1.9rc1"}
    assert read_config(raw | {"keep_results_of": versions}).keep_results_of == versions


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (
            {"torch": 2.14},
            "keep_results_of.torch: should be a valid string (YAML reads this as a number: put it "
            "in quotes); given: 2.14",
        ),
        ({"torch": None}, "keep_results_of.torch: should be a valid string; given: None"),
        (
            {"torch": "latest"},
            "keep_results_of: 'latest' is no version of torch; provenance.json names the version "
            "that the results were made with",
        ),
        (
            {"numpy": "2.4.6", "torhc": "2.14.1"},
            "keep_results_of: 'torhc' is no package whose version decides results (did you mean "
            f"'torch'?); allowed: {', '.join(deciding_packages())}",
        ),
        ({"tqdm": "4.70.1"}, "keep_results_of: 'tqdm' is no package whose version decides results"),
        (["torch"], "keep_results_of: should be a valid dictionary"),
    ],
)
def test_a_version_whose_results_cannot_stand_is_told(versions: object, expected: str) -> None:
    [line] = mistakes({"zoos": {"mine": zoo()}, "keep_results_of": versions})
    assert line.startswith(expected)


def test_every_mistake_has_a_line_of_its_own() -> None:
    raw = {
        "zoos": {
            "one": changed(zoo(), ("agents.epochs", "x"), ("heads", {}), ("data", DELETE)),
            "two": changed(zoo(), ("selection.sizes", [99])),
            "three": zoo(),
        }
    }
    lines = mistakes(raw)
    assert sorted(line.split(":")[0] for line in lines) == [
        "zoos.one",
        "zoos.one.agents.epochs",
        "zoos.one.data",
        "zoos.two",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
@pytest.mark.parametrize(
    "key",
    [
        "agents.learning_rate",
        "agents.weight_decay",
        "agents.gamma",
        "agents.rotation",
        "probe.rotations.0",
        "selection.jitter",
        "head.learning_rate",
    ],
)
def test_numbers_that_are_not_finite_are_refused(key: str, value: float) -> None:
    """YAML reads ``.nan`` and ``.inf`` as numbers."""
    if key == "probe.rotations.0":
        [line] = mistakes_of(("probe.rotations", [value]))
    else:
        [line] = mistakes_of((key, value))
    assert line.startswith(f"zoos.mine.{key}:")


def test_a_long_value_is_not_shown_in_full() -> None:
    [line] = mistakes_of(("agents.epochs", "x" * 1000))
    assert len(line) < 200


# Text zoos.


def text_mistakes(*changes: tuple[str, Any]) -> list[str]:
    """The lines with which the text zoo is refused after some changes."""
    return mistakes({"zoos": {"mine": changed(text_zoo(), *changes)}})


def read_text_zoo(*changes: tuple[str, Any]) -> TextZoo:
    mine = read_config({"zoos": {"mine": changed(text_zoo(), *changes)}}).zoos["mine"]
    assert isinstance(mine, TextZoo)
    return mine


def test_tasks_of_the_embedded_source_may_be_named_alone() -> None:
    listed = read_text_zoo(("tasks", ["pos", "syn-ggp"]), ("selection.methods", {"mmi": None}))
    assert listed.task_names == ["pos", "syn-ggp"]
    assert {listed.corpus_of(name) for name in listed.task_names} == {"code"}


def test_what_a_text_zoo_reads_and_is_called() -> None:
    mine = read_text_zoo()
    assert mine.checkpoint_names == ["hub", "folder", "mini"]
    assert mine.probe_names == ["probe", "probe-wiki", "probe-mine"]
    assert mine.corpus_of("upos") == "upos"
    assert mine.user_files == [
        UserFile("checkpoints.folder.path", "models/mine/config.json"),
        UserFile("other_probes.mine.file", "mine.txt"),
        UserFile("tasks.deprel.train", "mine.conllu"),
    ]
    assert [(target_of(task), metric_of(task)) for task in mine.tasks.values()] == [
        ("pos", "accuracy"),
        ("chunk", "span_f1"),
        ("upos", "accuracy"),
        ("deprel", "accuracy"),
        ("factuality", "pearson"),
    ]


def test_a_covariance_that_is_there_needs_no_probe() -> None:
    changes = [("probe", DELETE), ("other_probes", DELETE)]
    npz = {"precomputed": "k.npz"}
    mine = read_text_zoo(*changes, ("covariance", npz))
    assert mine.probe_names == []
    assert UserFile("covariance.precomputed", "k.npz") in mine.user_files
    npy = {"precomputed": "k.npy", "names": "n.txt"}
    assert read_text_zoo(*changes, ("covariance", npy)).covariance.names == "n.txt"


@pytest.mark.parametrize(
    ("key", "value", "where", "told"),
    [
        ("checkpoints.hub.id", "a/b/c", "checkpoints.hub.id:", "pattern"),
        ("checkpoints.hub.kind", "web", "checkpoints.hub:", "one of hub, folder, pretrain"),
        ("checkpoints.folder.path", DELETE, "checkpoints.folder.path:", "is missing"),
        ("checkpoints.mini.objective", "causal", "checkpoints.mini:", "objective: masked"),
        ("checkpoints.mini.width", 30, "checkpoints.mini:", "must divide width"),
        ("checkpoints.mini.domain", "cooking", ":", "no domain 'cooking'; choose all"),
        ("checkpoints", {}, "checkpoints:", "at least 2"),
        ("data", DELETE, ":", "checkpoints.mini needs data: {source: python-stdlib}"),
        ("probe", DELETE, ":", "probe is missing"),
        ("probe.source", "books", "probe:", "one of text, wikitext-2, python-stdlib"),
        ("covariance", {"precomputed": "k.npz"}, ":", "leave out one of the two"),
        ("covariance", {"names": "n.txt"}, "covariance:", "names is for precomputed"),
        ("covariance", {"precomputed": "k.npy"}, "covariance:", "goes with a precomputed .npy"),
        ("covariance", {"precomputed": "k.xls"}, "covariance:", "must be a .npz, .npy or .csv"),
        (
            "covariance",
            {"precomputed": "k.npz", "estimator": "biased"},
            "covariance:",
            "leave out estimator",
        ),
        ("tasks.deprel.format", "conll1999", "tasks.deprel.format:", "'conllu'"),
        ("tasks.deprel.target", "lemma", "tasks.deprel.target:", "upos, xpos, deprel"),
        ("tasks.deprel.train", DELETE, "tasks.deprel.train:", "is missing"),
        ("tasks.deprel.corpus", "probe-x", ":", "cannot be named 'probe-x'"),
        ("tasks.upos.source", "web", "tasks.upos:", "one of files, conll2000, ud-english-ewt"),
        ("tasks", ["pos", "verse"], "tasks.verse.task:", "'pos', 'chunking'"),
        ("features", {"layer": "top"}, "features.layer", "should be"),
        ("selection.methods.peek.task", "xpos", ":", "there is no task 'xpos'"),
        ("selection.methods.single.picks", ["gpt"], ":", "there is no checkpoint 'gpt'"),
        (
            "selection.methods.ranker",
            {"method": "h_score", "task": "facts"},
            ":",
            "selection.methods.ranker.task: the targets of 'facts' are values",
        ),
        ("selection.sizes", [4], ":", "asks for 4 checkpoints, the zoo has 3"),
    ],
)
def test_a_mistake_in_a_text_zoo_gives_a_line_with_the_key(
    key: str, value: object, where: str, told: str
) -> None:
    lines = text_mistakes((key, value))
    assert any(told in line for line in lines), lines
    assert lines[0].startswith(f"zoos.mine{where if where == ':' else '.' + where}"), lines


def test_the_formats_of_the_schema_are_those_that_can_be_read() -> None:
    assert set(get_args(Format)) == set(FORMATS)
    metrics = {metric for form in FORMATS.values() for metric in form.metric.values()}
    assert metrics <= set(get_args(MetricName)) == set(METRICS)


# Every field of every model.


def features_zoo() -> Raw:
    """A zoo of features brought along."""
    task = {"corpus": "slides", "table": "grades.csv", "target": "grade"}
    return {
        "modality": "features",
        "features": "embeddings/{checkpoint}/{corpus}.npy",
        "checkpoints": ["a", "b", "c"],
        "probe": {"corpus": "unlabelled", "groups": "patients.csv"},
        "tasks": {"grade": task},
        "selection": {"sizes": [1], "methods": {"mmi": {}}},
    }


def everything() -> Config:
    """A configuration in which every settings model occurs."""
    heads = {
        solver: changed(zoo(), ("head", {"solver": solver}), ("selection.jitter", 0.5))
        for solver in SOLVERS
    }
    cifar = changed(zoo(), ("data", {"source": "cifar100"}))
    others = {"cifar": cifar, "text": text_zoo(), "image": image_zoo(), "mine": features_zoo()}
    return read_config({"zoos": heads | others})


def models_in(value: object) -> Iterator[tuple[Key, Settings]]:
    """Every settings model in a value, with the keys that lead to it."""
    if isinstance(value, Settings):
        yield (), value
        children = {name: getattr(value, name) for name in type(value).model_fields}
    elif isinstance(value, dict):
        children = value
    else:
        return
    for key, child in children.items():
        for path, model in models_in(child):
            yield (key, *path), model


def models_reachable(annotation: Any) -> set[type[Settings]]:
    """Every settings model that a type mentions."""
    found: set[type[Settings]] = set()
    for member in _members(annotation):
        if isinstance(member, type) and issubclass(member, Settings):
            found.add(member)
            for field in member.model_fields.values():
                found |= models_reachable(field.annotation)
        else:
            for argument in getattr(member, "__args__", ()):
                found |= models_reachable(argument)
    return found


def test_the_example_has_every_model() -> None:
    reachable = models_reachable(Config)
    assert {Config, Cifar100Source, SgdSettings, *METHODS.values()} <= reachable
    assert {type(model) for _, model in models_in(everything())} == reachable


FIELDS = [
    ((*path, name), field.annotation)
    for path, model in models_in(everything())
    for name, field in type(model).model_fields.items()
]


def with_value(path: Key, value: object) -> Raw:
    """The example with another value at one place."""
    raw = everything().model_dump()
    block = raw
    for key in path[:-1]:
        block = block[key]
    assert path[-1] in block
    block[path[-1]] = value
    return raw


@pytest.mark.parametrize(
    ("path", "annotation"), FIELDS, ids=[".".join(map(str, path)) for path, _ in FIELDS]
)
def test_an_absurd_value_of_any_field_is_told_with_its_key(path: Key, annotation: object) -> None:
    # A single path stands for a list of one.
    text_is_fine = str in _members(annotation) or path[-1] in ("train", "dev", "test")
    absurd = [{"nonsense": [1]}, [{}], ["nonsense", None], object()]
    for value in absurd if text_is_fine else [*absurd, "nonsense", "3"]:
        lines = mistakes(with_value(path, value))
        assert lines
        place = ".".join(map(str, path[:-1]))
        for line in lines:
            assert line.startswith(place or str(path[-1]))
            assert str(path[-1]) in line


@pytest.mark.parametrize(
    "path", [path for path, _ in models_in(everything())], ids=lambda path: ".".join(path) or "top"
)
def test_an_unknown_key_of_any_block_is_told_with_its_place(path: Key) -> None:
    raw = everything().model_dump()
    block = raw
    for key in path:
        block = block[key]
    block["nonsense"] = 1
    [line] = mistakes(raw)
    assert line.startswith(f"{'.'.join(map(str, path)) or 'the top level'}: unknown key 'nonsense'")


@pytest.mark.parametrize(
    "path",
    [
        (*path, name)
        for path, model in models_in(everything())
        for name, field in type(model).model_fields.items()
        if field.is_required()
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_a_missing_key_is_told_with_its_place(path: Key) -> None:
    raw = everything().model_dump()
    block = raw
    for key in path[:-1]:
        block = block[key]
    del block[path[-1]]
    assert mistakes(raw) == [f"{'.'.join(map(str, path))}: is missing"]


# Settings as flags.

EXAMPLES: list[Settings] = [
    TrainingSettings(),
    TrainingSettings(
        network="resnet18",
        epochs=3,
        batch_size=7,
        learning_rate=1e-7,
        momentum=0.123456789012345,
        weight_decay=0.0,
        milestones=[60, 120, 160],
        gamma=3.0,
        warmup_epochs=1,
        crop_padding=4,
        horizontal_flip=True,
        rotation=15.5,
    ),
    AdamSettings(),
    AdamSettings(learning_rate=1e-5, epochs=1, batch_size=1, milestones=[2], gamma=0.5),
    SgdSettings(),
    SgdSettings(
        learning_rate=1e30,
        epochs=9,
        batch_size=2,
        milestones=[3, 4],
        gamma=0.3,
        momentum=0.9,
        weight_decay=1e-9,
    ),
    LbfgsSettings(),
    LbfgsSettings(l2=[1e-12], max_iterations=1, project=3, screen="ridge"),
    RidgeSettings(l2=[1e-12], project=3),
    AdamSettings(project=9, patience=0, standardise=True, seeds=3),
    SgdSettings(project=9, patience=0, standardise=True, seeds=3),
    METHODS["mmi"](start="hub"),
    METHODS["mmi"](
        must_include=["a b"],
        exclude=["c"],
        groups={"one": ["a b", "d"], "two": ["e=f,g"]},
        most_per_group=1,
        budget=1e-3,
        costs={"a b": 0.1, "c": 1e300, "größe": 0.0},
        stop="gain",
    ),
    METHODS["mmi"](budget=1e9, cost="parameters"),
    METHODS["facility_location"](),
    METHODS["k_medoids"](),
    METHODS["hub"](),
    METHODS["quality_entropy"](quality="none"),
    METHODS["expected_risk"](ridge=1e-9, units=7, seed=4),
    METHODS["mmi_swap"](start="hub"),
    METHODS["mmi_exact"](time_limit=5),
    METHODS["entropy"](),
    METHODS["random"](draws=3, seed=2**62),
    METHODS["peek"](task="task-07"),
    METHODS["greedy_dev"](task="task-07"),
    METHODS["logme"](task="task-07"),
    METHODS["h_score"](task="task-07"),
    METHODS["all"](),
    METHODS["single"](picks=["*"]),
    METHODS["single"](picks=["agent-00", "a.b_c-d"]),
    CovarianceSettings(estimator="biased"),
    FeatureSettings(dtype="float16"),
    DigitsSource(test_fraction=0.1),
    Cifar100Source(),
    Cifar100Source(folder="/a folder/of mine"),
    ProbeSettings(samples_per_class=3, rotations=[-15.0, 0.5]),
    ProbeSettings(rotations=[]),
    TaskSettings(count=3, classes=2, test_per_class=5, dev_fraction=0.1),
    TaskSettings(count=3, classes=2),
    AgentSplitSettings(count=3, classes=2, pool=9),
]


def through_flags(settings: Settings) -> Settings:
    """The settings after having been flags of a command."""
    flags = parser(None)
    add_flags(flags, type(settings))
    return from_flags(type(settings), flags.parse_args(to_flags(settings)))


@pytest.mark.parametrize("settings", EXAMPLES, ids=repr)
def test_settings_survive_as_flags(settings: Settings) -> None:
    assert through_flags(settings) == settings


def test_the_examples_have_a_value_other_than_the_default_for_every_field() -> None:
    for model in {TrainingSettings, *SOLVERS.values(), *METHODS.values()}:
        examples = [settings for settings in EXAMPLES if type(settings) is model]
        for name, field in model.model_fields.items():
            if name not in ("solver", "method"):
                assert any(getattr(one, name) != field.default for one in examples), name


def test_flags_that_are_left_out_leave_the_defaults() -> None:
    flags = parser(None)
    add_flags(flags, TrainingSettings)
    assert from_flags(TrainingSettings, flags.parse_args([])) == TrainingSettings()


def test_fields_may_be_kept_out_of_the_flags() -> None:
    settings = LbfgsSettings(l2=[0.5], max_iterations=3)
    flags = to_flags(settings, exclude={"l2", "project"})
    assert flags == ["--solver", "lbfgs", "--max-iterations", "3"]
    flags = parser(None)
    add_flags(flags, LbfgsSettings, skip={"l2"})
    with pytest.raises(SystemExit):
        flags.parse_args(["--l2", "3"])


@pytest.mark.parametrize("settings", EXAMPLES, ids=repr)
def test_models_may_share_one_command(settings: Settings) -> None:
    """As in the scripts of selection and evaluation, whose flags are those of every method and of
    every solver."""
    for family in (SOLVERS, METHODS):
        if type(settings) in family.values():
            flags = parser(None)
            add_flags(flags, *family.values())
            arguments = flags.parse_args(to_flags(settings))
            assert from_flags(type(settings), arguments) == settings
            return
    assert not isinstance(settings, (*SOLVERS.values(), *METHODS.values()))


@pytest.mark.parametrize(
    ("model", "given", "flag"),
    [
        (TrainingSettings, ["--epochs", "ten"], "--epochs"),
        (TrainingSettings, ["--batch-size", "1"], "--batch-size"),
        (TrainingSettings, ["--milestones", "3", "x"], "--milestones"),
        (TrainingSettings, ["--horizontal-flip", "perhaps"], "--horizontal-flip"),
        (TrainingSettings, ["--learning-rate", "0"], "--learning-rate"),
        (SgdSettings, ["--momentum", "1"], "--momentum"),
        (LbfgsSettings, ["--l2"], "--l2"),
        (METHODS["mmi"], ["--start", "cold"], "--start"),
        (METHODS["peek"], [], "--task"),
        (METHODS["mmi"], ["--costs", "a: 1"], "--costs"),
        (METHODS["mmi"], ["--costs", "[1]"], "--costs"),
        (METHODS["mmi"], ["--groups", '{"a": 1}'], "--groups"),
    ],
)
def test_a_bad_flag_is_named(model: type[Settings], given: list[str], flag: str) -> None:
    flags = parser(None)
    add_flags(flags, model)
    arguments = flags.parse_args(given)
    with pytest.raises(UserError) as refusal:
        from_flags(model, arguments)
    assert str(refusal.value).startswith(f"{flag}: ")
    assert "\n" not in str(refusal.value)


def test_help_tells_meaning_and_default_of_every_flag() -> None:
    flags = argparse.ArgumentParser()
    add_flags(flags, TrainingSettings, *SOLVERS.values(), *METHODS.values())
    text = " ".join(flags.format_help().split())
    for model in (TrainingSettings, *SOLVERS.values(), *METHODS.values()):
        for name, field in model.model_fields.items():
            assert f"--{name.replace('_', '-')} " in text
            assert " ".join((field.description or "").split()) in text


def test_keys_that_stand_twice_are_told_with_their_line() -> None:
    text = "zoos:\n  a: {x: 1, y: [{z: 1, z: 2}]}\n  b: {x: 1}\n  a: {x: 2}\n"
    assert sorted(repeated_keys(text)) == [
        "line 2: 'z' stands there twice",
        "line 4: 'a' stands there twice",
    ]
    for path in CONFIGS:
        assert repeated_keys(path.read_text(encoding="utf-8")) == []


def test_the_zoos_of_the_readme_are_complete_and_short() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(zoos:.*?)```", readme, re.MULTILINE | re.DOTALL)
    zoos = [zoo for block in blocks for zoo in read_config(yaml.safe_load(block)).zoos.values()]
    assert {zoo.modality for zoo in zoos} == {"text", "image", "agents", "features"}
    assert all(len(block.splitlines()) <= 15 for block in blocks)


# Image zoos.


def image_mistakes(*changes: tuple[str, Any]) -> list[str]:
    return mistakes({"zoos": {"mine": changed(image_zoo(), *changes)}})


def test_what_an_image_zoo_reads_and_is_called() -> None:
    mine = read_config({"zoos": {"mine": image_zoo()}}).zoos["mine"]
    assert isinstance(mine, ImageZoo)
    assert (mine.checkpoint_names, mine.task_names) == (["hub", "folder"], ["birds"])
    assert (mine.probe_names, mine.corpus_of("birds")) == (["probe"], "birds")
    assert [mine.features_of(name).layer for name in mine.checkpoint_names] == [-1, -2]
    assert mine.user_files == [
        UserFile("checkpoints.folder.path", "models/mine/config.json"),
        UserFile("probe.folder", "photos"),
        UserFile("tasks.birds.train", "birds/train"),
        UserFile("tasks.birds.test", "birds/test"),
    ]
    jsonschema.validate({"zoos": {"mine": image_zoo()}}, json.loads(SCHEMA_TEXT))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("probe", DELETE), "zoos.mine: probe is missing: the covariance is estimated from it (or"),
        (("checkpoints.hub.layer", "mean"), "zoos.mine: checkpoints.hub.layer: mean is for text"),
        (("tasks.probe", {"train": "a"}), "zoos.mine: tasks: a task cannot be named 'probe'"),
        (("probe.rotations", [0]), "zoos.mine.probe.rotations: 0 is no rotation"),
        (("agents", {}), "zoos.mine: unknown key 'agents'"),
        (("image_size", 3), "zoos.mine.image_size: should be greater than or equal to 8"),
        (("modality", "sound"), f"zoos.mine: needs a key 'modality' that is one of {KIND_NAMES};"),
    ],
)
def test_a_mistake_in_an_image_zoo_gives_a_line_with_the_key(
    change: tuple[str, Any], line: str
) -> None:
    assert image_mistakes(change)[0].startswith(line)
