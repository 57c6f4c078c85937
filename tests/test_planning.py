"""What the planner tells the rules: paths, flags and memory, without starting Snakemake."""

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.common.paths import ZooPaths
from workflow_scripts.common.script import UserError
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.config.config import read_config
from workflow_scripts.evaluation.settings import SOLVERS
from workflow_scripts.kinds.agents import jobs as agents
from workflow_scripts.kinds.image import jobs as image
from workflow_scripts.kinds.kind import OWN_STAGES
from workflow_scripts.kinds.registry import KINDS
from workflow_scripts.kinds.text import jobs as text
from workflow_scripts.kinds.zoo import Zoo
from workflow_scripts.planning import covariance, evaluation, patterns, pretrained, selection
from workflow_scripts.planning import report as reporting
from workflow_scripts.planning.planner import Planner, name_of_checkpoint, names_of_checkpoints
from workflow_scripts.planning.stages import REPORT, STAGES, stage_of_rule
from workflow_scripts.planning.user_files import missing_files
from workflow_scripts.selection.settings import METHODS

ROOT = Path(__file__).parents[1]
ODD = "google/bert (n° 1)"

TEXT: dict[str, Any] = {
    "modality": "text",
    "data": {"source": "python-stdlib"},
    "checkpoints": {
        ODD: {"kind": "hub", "id": "google/bert", "revision": "v2", "layer": -2},
        "ours": {"kind": "folder", "path": "models/ours", "trust_remote_code": True},
        "made": {
            "kind": "pretrain",
            "family": "gpt2",
            "tokenizer": "bpe",
            "objective": "causal",
            "domain": "network",
        },
    },
    "probe": {"source": "text", "file": "lines.txt", "home": "a friend"},
    "other_probes": {"wiki": {"source": "wikitext-2"}, "code": {"source": "python-stdlib"}},
    "tasks": {
        "upos": {"format": "conllu", "train": "a.conllu", "test": ["b.conllu", "c.conllu"]},
        "xpos": {"format": "conllu", "target": "xpos", "train": "a.conllu", "corpus": "upos"},
        "chunks": {"source": "conll2000"},
        "pos": {"source": "python-stdlib", "task": "pos"},
    },
    "selection": {"sizes": [2, 1], "methods": {"mmi": None}},
}
IMAGES: dict[str, Any] = {
    "modality": "image",
    "seed": 3,
    "checkpoints": {
        "vit": {"kind": "folder", "path": "models/vit", "layer": 1},
        "resnet": {"kind": "hub", "id": "microsoft/resnet-50"},
    },
    "image_size": 32,
    "probe": {"folder": "photos", "max_images": 2, "rotations": [90]},
    "tasks": {"birds": {"train": "birds", "max_per_class": 1, "dev_fraction": 0.3}},
    "selection": {"sizes": [1], "methods": {"mmi": None}},
}
AGENTS: dict[str, Any] = {
    "modality": "agents",
    "data": {"source": "digits"},
    "agents": {"count": 4, "classes": 3, "epochs": 2, "dev_fraction": 0.25},
    "probe": {"samples_per_class": 5, "rotations": [-10.0, 10.0]},
    "tasks": {"count": 2, "classes": 4, "samples_per_class": 10, "test_per_class": 7},
    "selection": {"sizes": [1, 3], "methods": {"mmi": None, "random": {"draws": 2}}},
}


def zoo_of(settings: dict[str, Any], name: str = "mine", **changes: Any) -> Zoo[Any]:
    raw = {key: value for key, value in (settings | changes).items() if value is not None}
    return Zoo(name, read_config({"zoos": {name: raw}}).zoos[name])


def with_methods(**methods: Any) -> Zoo[Any]:
    return zoo_of(AGENTS, selection={"sizes": [3, 1], "methods": methods})


def parsed(flags: Sequence[str]) -> dict[str, list[str]]:
    """What stands behind each flag; one that is repeated has all."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for word in flags:
        if word.startswith("--"):
            current = found.setdefault(word, [])
        else:
            current.append(word)
    return found


def read_back(flags: list[str], model: type) -> Any:
    """The settings that a script reads from flags, of which others are for others."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_flags(parser, model)
    return from_flags(model, parser.parse_known_args(flags)[0])


@dataclass
class Reported:
    """Counts how often missing files are reported."""

    times: int = 0

    def __call__(self) -> None:
        self.times += 1


# Paths.


def test_every_path_of_a_zoo_is_its_own() -> None:
    paths = ZooPaths("mine")
    of_checkpoint = [paths.card("c"), paths.features("c", "c"), paths.checkpoint("c")]
    of_corpus = [paths.units("c"), paths.features_folder("c"), paths.task("c")]
    of_covariance = [paths.covariance("c"), paths.convergence("c"), paths.quality("c")]
    of_results = [paths.replicates, paths.selection("c"), paths.stability("c"), paths.all_scores]
    shown = [paths.scores("c", "k1"), paths.table("c"), paths.figure("c")]
    found = of_checkpoint + of_corpus + of_covariance + of_results + shown
    assert len(set(found)) == len(found)
    assert all(path.startswith("results/mine/") for path in found)
    assert paths.features("c", ODD) == f"results/mine/features/c/{file_name(ODD)}.safetensors"
    assert paths.card(ODD).split("/")[3] == file_name(ODD) != ODD


# The planner.


def test_functions_get_the_wildcards_that_they_name() -> None:
    planner = Planner({"mine": zoo_of(TEXT), "other": zoo_of(IMAGES, "other")})

    def seen(zoo: Zoo[Any], task: str, checkpoint: str = "none") -> tuple[str, str, str]:
        return zoo.name, task, checkpoint

    of_job = planner.planned(seen)
    wildcards = argparse.Namespace(zoo="mine", task="upos", checkpoint=file_name(ODD), k="3")
    # The name of the checkpoint, not that of its files.
    assert of_job(wildcards) == ("mine", "upos", ODD)
    assert of_job(argparse.Namespace(zoo="other", task="birds")) == ("other", "birds", "none")
    assert planner.planned(name_of_checkpoint)(wildcards) == ODD
    assert planner.planned(names_of_checkpoints)(wildcards) == sorted([ODD, "made", "ours"])
    with pytest.raises(KeyError):
        of_job(argparse.Namespace(zoo="none", task="upos"))


def test_what_users_can_fix_ends_the_planning_in_a_sentence() -> None:
    def wrong(zoo: Zoo[Any]) -> None:
        raise UserError(f"{zoo.name}: the path holds braces; rename it")

    of_job = Planner({"mine": zoo_of(TEXT)}).planned(wrong)
    with pytest.raises(SystemExit, match=r"^error: mine: the path holds braces; rename it$"):
        of_job(argparse.Namespace(zoo="mine"))


def test_memory_grows_with_every_attempt() -> None:
    planner = Planner({"mine": zoo_of(AGENTS)})
    wildcards = argparse.Namespace(zoo="mine")
    fixed = planner.growing(1000)
    assert [fixed(wildcards, attempt) for attempt in (1, 2, 3)] == [1000, 2000, 3000]
    of_zoo = planner.growing(lambda zoo: 7 * len(zoo.checkpoints))
    assert [of_zoo(wildcards, attempt) for attempt in (1, 3)] == [28, 84]


# Users' files.


def test_files_that_are_not_there_are_reported_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.txt").touch()
    report = Reported()
    zoo = Zoo("mine", zoo_of(TEXT).settings, report)
    assert zoo.given(["there.txt"]) == ["there.txt"]
    assert report.times == 0
    assert zoo.given(["there.txt", "gone.txt"]) == ["there.txt"]
    assert report.times == 1
    # What kinds look for goes through it.
    assert text.corpus_files(zoo, "probe") == []
    assert text.task_files(zoo, "upos") == {"train": [], "dev": [], "test": []}
    assert report.times > 1
    # What rules make is no user's.
    report.times = 0
    assert text.task_files(zoo, "chunks")["train"] == ["results/downloads/conll2000/train.txt"]
    assert report.times == 0


def test_a_line_for_each_missing_file_names_its_key_and_its_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for there in ("a.conllu", "b.conllu"):
        (tmp_path / there).touch()
    brought = zoo_of(
        IMAGES, "brought", probe=None, covariance={"precomputed": "k.npy", "names": "names.txt"}
    )
    home = zoo_of(IMAGES, "photos", tasks={"birds": {"train": "birds", "home": "the web"}})
    assert missing_files([zoo_of(TEXT), brought, home]) == [
        "missing file: models/ours/config.json, for zoos.mine.checkpoints.ours.path",
        "missing file: lines.txt, for zoos.mine.probe.file; it is from a friend",
        "missing file: c.conllu, for zoos.mine.tasks.upos.test",
        "missing file: k.npy, for zoos.brought.covariance.precomputed",
        "missing file: names.txt, for zoos.brought.covariance.names",
        "missing file: models/vit/config.json, for zoos.brought.checkpoints.vit.path",
        "missing file: birds, for zoos.brought.tasks.birds.train",
        "missing file: models/vit/config.json, for zoos.photos.checkpoints.vit.path",
        "missing file: photos, for zoos.photos.probe.folder",
        "missing file: birds, for zoos.photos.tasks.birds.train; it is from the web",
    ]
    assert missing_files([zoo_of(AGENTS)]) == []


# Patterns.

NAMES = st.text("ab.+*(-", min_size=1, max_size=4)


@given(names=st.sets(NAMES, max_size=4), other=NAMES)
def test_a_pattern_fits_its_names_and_nothing_else(names: set[str], other: str) -> None:
    pattern = patterns.one_of(names)
    assert all(re.fullmatch(pattern, name) for name in names)
    assert bool(re.fullmatch(pattern, other)) == (other in names)


def test_patterns_tell_zoos_apart() -> None:
    brought = zoo_of(IMAGES, "brought", probe=None, covariance={"precomputed": "k.npz"})
    zoos = {"mine": zoo_of(TEXT), "a.b": zoo_of(IMAGES, "a.b"), "brought": brought}
    assert patterns.zoos_of_kind(zoos, "text") == "mine"
    assert patterns.zoos_of_kind(zoos, "image") == r"a\.b|brought"
    assert re.fullmatch(patterns.zoos_of_kind(zoos, "agents"), "") is None
    assert patterns.zoos_with_probe(zoos) == r"a\.b|mine"
    assert patterns.zoos_with_covariance(zoos) == "brought"


def test_the_folder_of_a_checkpoint_tells_who_makes_it() -> None:
    zoos = {"mine": zoo_of(TEXT), "other": zoo_of(IMAGES, "other"), "agents": zoo_of(AGENTS)}
    made = {"hub": pretrained.is_on_hub, "folder": pretrained.is_in_folder}
    made |= {"here": text.is_pretrained_here}

    def makers(path: str) -> list[str]:
        return [
            how
            for how, is_meant in made.items()
            if re.match(f"results/(?:{patterns.zoos_with_checkpoint(zoos, is_meant)})", path)
        ]

    assert makers(f"results/mine/checkpoints/{file_name(ODD)}/checkpoint.json") == ["hub"]
    assert makers("results/mine/checkpoints/ours/checkpoint.json") == ["folder"]
    assert makers("results/mine/checkpoints/made/checkpoint.json") == ["here"]
    assert makers("results/other/checkpoints/vit/checkpoint.json") == ["folder"]
    # The name goes on, is another zoo's, or is an agent's.
    assert makers("results/mine/checkpoints/ours.5/checkpoint.json") == []
    assert makers("results/other/checkpoints/ours/checkpoint.json") == []
    assert makers("results/agents/checkpoints/agent-00/checkpoint.json") == []
    assert patterns.zoos_with_checkpoint(zoos, lambda *_: False) == patterns.NOTHING


# Stages.


def test_every_rule_has_a_stage_and_every_stage_its_rules() -> None:
    names: dict[str, set[str]] = {
        path.stem: set(re.findall(r"^rule (\w+):", path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in (ROOT / "rules").glob("*.smk")
    }
    stages = stage_of_rule()
    # All but the report's, whose zoos have the tables and figures that they have.
    drawn = names.pop("report")
    assert stages.keys() == set().union(*names.values())
    assert not stages.keys() & drawn
    assert set(stages.values()) == {*STAGES} - {REPORT}
    for shared in ("covariance", "selection", "evaluation"):
        assert {rule for rule, stage in stages.items() if stage == shared} == names[shared]
    for kind in KINDS:
        own = {rule for stage in OWN_STAGES for rule in kind.stages[stage]}
        assert names[kind.name] <= own <= names[kind.name] | names["pretrained"]
        assert kind.stages.keys() == {*OWN_STAGES}
    # In their order, which the terminal and the costs keep.
    order = [STAGES.index(stage) for stage in stages.values()]
    assert order == sorted(order)


# The covariance.


def test_the_covariance_is_estimated_by_flags() -> None:
    zoo = zoo_of(AGENTS, convergence=[100, 8], covariance={"estimator": "biased"})
    flags = parsed(covariance.covariance_flags(zoo))
    assert flags == {"--estimator": ["biased"], "--prefixes": ["8", "100"]}
    assert "--prefixes" not in covariance.covariance_flags(zoo_of(AGENTS, convergence=[]))
    resampled = zoo_of(AGENTS, seed=4, stability={"replicates": 9, "blocks": 5})
    flags = parsed(covariance.resampling_flags(resampled))
    assert (flags["--seed"], flags["--replicates"], flags["--blocks"]) == (["4"], ["9"], ["5"])
    assert covariance.probe_features(zoo_of(TEXT), "probe-wiki") == [
        f"results/mine/features/probe-wiki/{file_name(name)}.safetensors"
        for name in (ODD, "ours", "made")
    ]


def test_resampling_asks_for_the_memory_of_its_replicates() -> None:
    def megabytes(**stability: int) -> int:
        return covariance.resampling_memory(zoo_of(AGENTS, stability=stability))

    # Replicates of κ twice, in float64; of each unit its sums with every block, in float32; half as
    # much again; and what libraries and features take.
    replicates, units, blocks, count = 5000, 400_000, 40, 4
    kept = 2 * 8 * replicates * count**2 + 4 * units * (blocks + 5) * count
    expected = 3000 + 1.5 * kept / 2**20
    found = megabytes(replicates=replicates, units=units, blocks=blocks)
    assert found == pytest.approx(expected, abs=1)
    assert megabytes(replicates=10) < megabytes(replicates=10_000)


def test_a_covariance_that_is_brought_along_is_named_by_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k.npy").touch()
    given = {"precomputed": "k.npy", "names": "names.txt"}
    report = Reported()
    zoo = Zoo("mine", zoo_of(IMAGES, probe=None, covariance=given).settings, report)
    assert covariance.precomputed_files(zoo) == {"covariance": ["k.npy"], "names": []}
    assert report.times == 1
    flags = {"--covariance": ["k.npy"], "--names": ["names.txt"]}
    assert parsed(covariance.precomputed_flags(zoo)) == flags
    alone = zoo_of(IMAGES, probe=None, covariance={"precomputed": "k.npz"})
    assert covariance.precomputed_flags(alone) == ["--covariance", "k.npz"]


# Selections.

EVERY_METHOD: dict[str, dict[str, Any]] = {
    "mmi": {"stop": "gain", "most_per_group": 1, "groups": {"even": ["agent-00", "agent-02"]}},
    "mmi_swap": {"start": "hub"},
    "mmi_exact": {"time_limit": 3.5},
    "entropy": {},
    "quality_entropy": {"quality": "alpha_req"},
    "facility_location": {},
    "k_medoids": {},
    "hub": {},
    "expected_risk": {"units": 300},
    "random": {"draws": 3, "seed": 5},
    "peek": {"task": "task-01"},
    "greedy_dev": {"task": "task-00"},
    "logme": {"task": "task-00"},
    "h_score": {"task": "task-01"},
    "all": {},
    "single": {"picks": ["agent-03", "agent-01"]},
}


def test_every_method_is_here() -> None:
    assert EVERY_METHOD.keys() == METHODS.keys()


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_flags_say_a_method_and_its_files(method: str) -> None:
    label = "all" if method == "all" else f"my.{method}"
    zoo = with_methods(**{"hub": None, label: {"method": method} | EVERY_METHOD[method]})
    settings = selection.method_of(zoo, label)
    planned = selection.selection_flags(zoo, label)
    assert read_back(planned, METHODS[method]) == settings
    flags = parsed(planned)
    assert flags["--label"] == [label]
    assert flags["--k"] == {"single": ["1"], "all": ["4"]}.get(method, ["1", "3"])
    assert ("--jitter" in flags) == (settings.reads == "covariance")
    assert ("--checkpoints" in flags) == (settings.reads in ("names", "features"))
    # Each file that it reads stands behind a flag, and each is a file of the zoo.
    for name, files in selection.files_of_method(zoo, label).items():
        listed = files if isinstance(files, list) else [files]
        assert flags[f"--{name.replace('_', '-')}"] == listed
        assert all(file.startswith("results/mine/") for file in listed)
    if method == "expected_risk":
        assert selection.features_of_method(zoo, label) == covariance.probe_features(zoo)
        assert flags["--features-folder"] == ["results/mine/features/probe"]
    else:
        assert selection.features_of_method(zoo, label) == []


def test_methods_read_what_they_look_at() -> None:
    zoo = zoo_of(
        IMAGES,
        selection={
            "sizes": [1],
            "methods": {
                "mmi": {"stop": "noise", "budget": 9.0, "cost": "parameters"},
                "peek": {"task": "birds"},
                "greedy_dev": {"task": "birds"},
                "logme": {"task": "birds"},
                "quality_entropy": {},
                "expected_risk": {},
                "random": {"draws": 1},
            },
        },
    )
    folder = "results/mine"
    assert selection.files_of_method(zoo, "mmi") == {
        "covariance": f"{folder}/covariance/probe.npz",
        "cards": [f"{folder}/checkpoints/{name}/checkpoint.json" for name in ("resnet", "vit")],
        "replicates": f"{folder}/covariance/probe.replicates.npz",
    }
    scores = f"{folder}/scores/birds"
    assert selection.files_of_method(zoo, "peek") == {"singles": f"{scores}/singles.csv"}
    forward = {"forward_selection": f"{scores}/forward.csv"}
    assert selection.files_of_method(zoo, "greedy_dev") == forward
    transferability = {"transferability": f"{scores}/transferability.csv"}
    assert selection.files_of_method(zoo, "logme") == transferability
    assert selection.files_of_method(zoo, "quality_entropy") == {
        "covariance": f"{folder}/covariance/probe.npz",
        "quality_file": f"{folder}/covariance/probe.quality.csv",
    }
    units = {"probe": f"{folder}/corpora/probe.units.parquet"}
    assert selection.files_of_method(zoo, "expected_risk") == units
    assert selection.files_of_method(zoo, "random") == {}
    stability = selection.files_of_stability(zoo, "quality_entropy")
    assert stability["replicates"] == f"{folder}/covariance/probe.replicates.npz"
    assert "--replicates" in selection.stability_flags(zoo, "quality_entropy")


def test_methods_are_applied_to_replicates_where_there_are_any() -> None:
    zoo = with_methods(mmi=None, mmi_exact=None, random={"draws": 2})
    labels = ["mmi", "mmi_exact", "random"]
    assert [selection.is_resampled(zoo, label) for label in labels] == [True, False, False]
    none = zoo_of(AGENTS, stability={"replicates": 0})
    assert not selection.is_resampled(none, "mmi")
    brought = zoo_of(IMAGES, probe=None, covariance={"precomputed": "k.npz"})
    assert not selection.is_resampled(brought, "mmi")


def test_methods_that_hold_features_ask_for_their_memory() -> None:
    zoo = with_methods(mmi=None, small={"method": "expected_risk", "units": 2})
    assert selection.selection_memory(zoo, "mmi") == 1000
    assert selection.selection_memory(zoo, "small") == 1000
    large = with_methods(large={"method": "expected_risk", "units": 20_000})
    # Of four checkpoints 1,600 float64 dimensions twice, and eight kernels of the units.
    expected = (4 * 20_000 * 1600 * 8 * 2 + 8 * 8 * 20_000**2) / 2**20
    assert selection.selection_memory(large, "large") == pytest.approx(expected, rel=0.001)


# Scores.


def test_every_size_of_any_method_is_scored() -> None:
    zoo = with_methods(mmi=None, single={"picks": ["*"]}, all=None)
    assert evaluation.scored_sizes(zoo) == [1, 3, 4]
    assert evaluation.selections_of_size(zoo, "3") == ["results/mine/selections/mmi.csv"]
    assert evaluation.selections_of_size(zoo, "1") == [
        "results/mine/selections/mmi.csv",
        "results/mine/selections/single.csv",
    ]
    assert evaluation.score_files(zoo) == [
        f"results/mine/scores/{task}/k{k}.csv" for task in ("task-00", "task-01") for k in (1, 3, 4)
    ]
    assert evaluation.largest_size(zoo) == 3
    assert evaluation.task_names(zoo) == ["task-00", "task-01"]
    assert evaluation.score_files(zoo_of(AGENTS, tasks=None)) == []


def test_a_task_is_scored_on_the_features_of_its_corpus() -> None:
    zoo = zoo_of(TEXT)
    assert evaluation.task_features_folder(zoo, "xpos") == "results/mine/features/upos"
    assert evaluation.task_features(zoo, "pos") == [
        f"results/mine/features/code/{file_name(name)}.safetensors"
        for name in (ODD, "ours", "made")
    ]


@pytest.mark.parametrize("solver", SOLVERS)
def test_flags_say_how_heads_are_trained(solver: str) -> None:
    zoo = zoo_of(AGENTS, seed=6, head={"solver": solver, "project": 5})
    flags = evaluation.head_flags(zoo)
    assert parsed(flags)["--seed"] == ["6"]
    assert read_back(flags, SOLVERS[solver]) == zoo.settings.head


def test_scores_of_single_checkpoints_are_used_again_where_they_are_needed_anyway() -> None:
    zoo = with_methods(mmi=None, peek={"task": "task-01"}, logme={"task": "task-00"})
    singles = "results/mine/scores/task-01/singles.csv"
    assert evaluation.known_scores(zoo, "task-01", "1") == [singles]
    assert evaluation.known_flags(zoo, "task-01", "1") == ["--known", singles]
    assert evaluation.known_scores(zoo, "task-01", "3") == []
    assert evaluation.known_flags(zoo, "task-00", "1") == []


# Checkpoints that exist.


def test_flags_say_where_a_checkpoint_is() -> None:
    zoo = zoo_of(TEXT)
    assert parsed(pretrained.hub_flags(zoo, ODD)) == {
        "--id": ["google/bert"],
        "--revision": ["v2"],
        "--preprocessor": ["tokenizer"],
    }
    assert parsed(pretrained.folder_flags(zoo, "ours")) == {
        "--path": ["models/ours"],
        "--preprocessor": ["tokenizer"],
        "--trust-remote-code": [],
    }
    flags = parsed(pretrained.hub_flags(zoo_of(IMAGES), "resnet"))
    assert flags["--preprocessor"] == ["image processor"]
    where = [(pretrained.is_on_hub, ODD), (pretrained.is_in_folder, "ours")]
    where += [(text.is_pretrained_here, "made")]
    for is_there, name in where:
        for other in (ODD, "ours", "made"):
            assert is_there(zoo.settings, other) == (name == other)
        assert not is_there(zoo_of(AGENTS).settings, "agent-00")


def test_a_folder_is_read_as_far_as_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models/vit"
    report = Reported()
    zoo = Zoo("mine", zoo_of(IMAGES).settings, report)
    assert pretrained.folder_files(zoo, "vit") == []
    assert report.times == 1
    folder.mkdir(parents=True)
    names = ["config.json", "model.safetensors", "preprocessor_config.json", "vocab.txt", "notes"]
    for name in names:
        (folder / name).touch()
    assert pretrained.folder_files(zoo, "vit") == [f"models/vit/{name}" for name in names[:3]]
    assert report.times == 1


# Text.


@pytest.fixture
def treebanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The users' files of the text zoo."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.conllu", "b.conllu", "c.conllu", "lines.txt"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.usefixtures("treebanks")
def test_a_corpus_of_tasks_has_the_files_of_all_of_them() -> None:
    zoo = zoo_of(TEXT)
    files = ["a.conllu", "b.conllu", "c.conllu"]
    assert text.corpus_files(zoo, "upos") == files
    # Each file once, though two tasks read one.
    flags = text.corpus_flags(zoo, "upos")
    assert parsed(flags) == {
        "--read": [word for file in files for word in ("conllu", file)],
        "--distinct": [],
    }
    assert text.corpus_files(zoo, "chunks") == [
        "results/downloads/conll2000/test.txt",
        "results/downloads/conll2000/train.txt",
    ]


@pytest.mark.usefixtures("treebanks")
def test_probes_are_read_from_where_they_are() -> None:
    probe = TEXT["probe"] | {"min_words": 3, "max_sentences": 50}
    zoo = zoo_of(TEXT, probe=probe)
    assert parsed(text.corpus_flags(zoo, "probe")) == {
        "--read": ["sentences", "lines.txt"],
        "--min-words": ["3"],
        "--max-sentences": ["50"],
    }
    assert text.corpus_files(zoo, "probe-wiki") == ["results/downloads/wikitext-2.txt"]
    assert text.corpus_files(zoo, "probe-code") == ["results/mine/stdlib/probe.txt"]


@pytest.mark.usefixtures("treebanks")
def test_a_task_says_what_is_drawn_from_its_files() -> None:
    zoo = zoo_of(TEXT, seed=5)
    assert text.task_files(zoo, "upos") == {
        "train": ["a.conllu"],
        "dev": [],
        "test": ["b.conllu", "c.conllu"],
    }
    flags = parsed(text.task_flags(zoo, "upos"))
    assert flags["--target"] == ["upos"]
    assert flags["--test"] == ["b.conllu", "c.conllu"]
    assert (flags["--dev-fraction"], flags["--seed"]) == (["0.1"], ["5"])
    assert "--test-fraction" not in flags and "--dev" not in flags
    # With files for all splits nothing is drawn.
    whole = text.task_flags(zoo_of(TEXT, seed=5), "pos")
    assert not {"--seed", "--dev-fraction", "--test-fraction"} & parsed(whole).keys()
    assert text.task_corpus(zoo, "xpos") == "results/mine/corpora/upos.txt"
    assert text.task_corpus(zoo, "pos") == "results/mine/corpora/code.txt"


def test_miniatures_are_trained_on_their_domain() -> None:
    zoo = zoo_of(TEXT, seed=7)
    assert text.pretraining_text(zoo, "made") == "results/mine/stdlib/text/network.txt"
    flags = parsed(text.pretraining_flags(zoo, "made"))
    assert flags["--seed"] == ["7"]
    assert flags["--family"] == ["gpt2"]
    # How its features are read is no matter of training.
    assert "--layer" not in flags and "--kind" not in flags
    assert set(text.STDLIB_FILES) >= {"probe.txt", "text/network.txt", "pos/train.conllx"}
    assert parsed(text.stdlib_flags(zoo))["--seed"] == ["7"]
    assert text.stdlib_folder(zoo) == "results/mine/stdlib"


@pytest.mark.parametrize(
    ("jobs", "settings", "own", "layer", "other"),
    [(text, TEXT, ODD, "-2", "ours"), (image, IMAGES, "vit", "1", "resnet")],
)
def test_a_layer_of_one_checkpoint_is_its_own(
    jobs: Any, settings: dict[str, Any], own: str, layer: str, other: str
) -> None:
    zoo = zoo_of(settings, features={"layer": -3, "dtype": "float16"})
    of_own, of_other = (parsed(jobs.feature_flags(zoo, name)) for name in (own, other))
    assert (of_own["--layer"], of_other["--layer"]) == ([layer], ["-3"])
    assert of_own["--dtype"] == of_other["--dtype"] == ["float16"]
    model = type(zoo.settings.features)
    assert read_back(jobs.feature_flags(zoo, own), model) == zoo.settings.features_of(own)


# Images.


def test_the_images_of_a_corpus_are_those_that_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("photos/1.png", "photos/in/2.jpg", "photos/3.png", "photos/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("birds/owl/1.png", "birds/owl/2.png", "birds/wren/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    zoo = zoo_of(IMAGES)
    probe = image.corpus_images(zoo, "probe")
    assert len(probe) == 2
    assert set(probe) < {"photos/1.png", "photos/in/2.jpg", "photos/3.png"}
    task = image.corpus_images(zoo, "birds")
    assert sorted(path.split("/")[1] for path in task) == ["owl", "wren"]
    report = Reported()
    gone = Zoo("mine", zoo_of(IMAGES, probe={"folder": "nowhere"}).settings, report)
    assert image.corpus_images(gone, "probe") == []
    assert report.times == 1


def test_flags_say_which_images_there_are() -> None:
    zoo = zoo_of(IMAGES)
    both = {"--seed": ["3"], "--size": ["32"]}
    assert parsed(image.corpus_flags(zoo, "probe")) == both | {
        "--images": ["photos"],
        "--max-images": ["2"],
        "--rotations": ["90.0"],
    }
    assert parsed(image.corpus_flags(zoo, "birds")) == both | {
        "--train": ["birds"],
        "--dev-fraction": ["0.3"],
        "--test-fraction": ["0.2"],
        "--max-per-class": ["1"],
    }
    # Of splits with folders of their own nothing is drawn.
    tasks = {"birds": {"train": "birds", "dev": "birds-dev", "home": "the web"}}
    flags = parsed(image.corpus_flags(zoo_of(IMAGES, tasks=tasks), "birds"))
    assert flags.keys() == {*both, "--train", "--dev", "--test-fraction"}


# Agents.


def test_agents_take_their_images_from_the_source(tmp_path: Path) -> None:
    zoo = zoo_of(AGENTS)
    assert agents.source_folder(zoo) is None
    assert agents.source_files(zoo) == []
    cifar = zoo_of(AGENTS, data={"source": "cifar100"})
    assert agents.source_files(cifar)[0] == "results/downloads/cifar100/cifar-100-python/train"
    folder = tmp_path / "cifar"
    for file in agents.CIFAR100_FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    own = zoo_of(AGENTS, data={"source": "cifar100", "folder": str(folder)})
    assert agents.source_files(own)[-1] == f"{folder}/cifar-100-python/meta"
    assert parsed(agents.corpus_flags(own, "probe"))["--folder"] == [str(folder)]


def test_each_corpus_of_agents_hangs_on_its_own_settings() -> None:
    zoo = zoo_of(AGENTS)
    flags = {name: parsed(agents.corpus_flags(zoo, name)) for name in ("probe", "agents", "tasks")}
    for every in flags.values():
        assert every["--probe-per-class"] == ["5"]
        assert every["--source"] == ["digits"]
    assert flags["probe"]["--rotations"] == ["-10.0", "10.0"]
    # Ten labelled images of a class, three of them for dev.
    assert flags["agents"]["--task-train-per-class"] == ["10"]
    assert flags["agents"]["--agent-dev-fraction"] == ["0.25"]
    assert flags["tasks"]["--task-train-per-class"] == ["7"]
    assert flags["tasks"]["--task-dev-per-class"] == ["3"]
    assert flags["tasks"]["--task-test-per-class"] == ["7"]
    only = {"agents": "--agent-dev-fraction", "tasks": "--task-dev-per-class"}
    for corpus, flag in only.items():
        assert [name for name, own in flags.items() if flag in own] == [corpus]
    without = parsed(agents.corpus_flags(zoo_of(AGENTS, tasks=None), "agents"))
    assert "--task-train-per-class" not in without


def test_classes_of_agents_and_tasks_are_those_of_the_seed() -> None:
    zoo = zoo_of(AGENTS)
    sets = zoo.settings.class_sets
    trained = [agents.agent_classes(zoo, f"agent-0{number}") for number in range(4)]
    assert trained == [list(one) for one in sets.agents]
    assert all(len(classes) == 3 for classes in trained)
    assert agents.task_classes(zoo, "task-01") == list(sets.tasks[1])
    flags = parsed(agents.training_flags(zoo))
    assert flags["--epochs"] == ["2"]
    # Which agents there are reaches a job by its classes, and its images by their file.
    assert not {"--count", "--classes", "--pool", "--dev-fraction"} & flags.keys()
    assert parsed(agents.feature_flags(zoo, "agent-00")) == {"--dtype": ["float32"]}


# The report.


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ({"random": {"draws": 2}, "mmi": None, "hub": None}, "mmi"),
        ({"other": {"method": "mmi"}, "mmi": None}, "mmi"),
        ({"z": {"method": "mmi"}, "hub": None}, "z"),
        ({"random": {"draws": 2}, "k_medoids": None, "hub": None}, "hub"),
        ({"all": None, "random": {"draws": 2}}, "random"),
    ],
)
def test_the_headline_is_of_the_method_that_chooses(methods: Any, expected: str) -> None:
    zoo = with_methods(**methods)
    assert reporting.headline_method(zoo) == expected
    assert reporting.stopping_limit(zoo) is None


def test_a_method_that_stops_has_a_limit() -> None:
    assert reporting.stopping_limit(with_methods(mmi={"stop": "gain"}, hub=None)) == 3


FUNCTIONS: list[Callable[..., Any]] = [
    *(covariance.covariance_flags, covariance.resampling_flags, covariance.probe_features),
    *(evaluation.head_flags, evaluation.score_files, evaluation.scored_sizes),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_the_order_of_sizes_methods_and_numbers_is_no_matter(function: Callable[..., Any]) -> None:
    methods = {"mmi": None, "random": {"draws": 2}, "hub": None}
    one = zoo_of(AGENTS, convergence=[9, 8], selection={"sizes": [3, 1], "methods": methods})
    methods = dict(reversed(methods.items()))
    two = zoo_of(AGENTS, convergence=[8, 9], selection={"sizes": [1, 3], "methods": methods})
    assert function(one) == function(two)
