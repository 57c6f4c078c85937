"""What every kind of zoo must do, whatever it is made of: held against an example of each."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from kind_examples import EXAMPLES, KindExample, run_example
from plans import Plan, plan
from safetensors import safe_open
from workspace import ROOT, Workspace

from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.facts import SUFFIX
from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.paths import ZooPaths
from workflow_scripts.common.task_file import SPLITS, read_task
from workflow_scripts.common.units_file import read_units
from workflow_scripts.config.config import read_config
from workflow_scripts.config.schema import SCHEMA
from workflow_scripts.evaluation.metrics import METRICS
from workflow_scripts.kinds.kind import OWN_STAGES, Kind
from workflow_scripts.kinds.registry import KINDS
from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.new_zoo import __main__ as new_zoo
from workflow_scripts.planning.user_files import missing_files

SHA256 = r"[0-9a-f]{64}"


def test_every_kind_has_an_example() -> None:
    assert {kind.name for kind in KINDS} == EXAMPLES.keys(), "write one in tests/kind_examples.py"


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind in turn."""
    one: Kind = request.param
    return one


@pytest.fixture
def example(kind: Kind) -> KindExample:
    """Its example."""
    return EXAMPLES[kind.name]


@pytest.fixture
def settings(example: KindExample) -> ZooSettings:
    """The example as the workflow reads it."""
    return read_config({"zoos": {example.zoo: example.settings}}).zoos[example.zoo]


@pytest.fixture(scope="session")
def runs_by_themselves(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[KindExample], Workspace]:
    """Runs of examples that no other tests share, each made once."""
    runs: dict[str, Workspace] = {}

    def of(example: KindExample) -> Workspace:
        if example.zoo not in runs:
            folder = tmp_path_factory.mktemp("a folder") / "taskspace"
            runs[example.zoo] = run_example(example, folder)
        return runs[example.zoo]

    return of


@pytest.fixture
def finished(
    example: KindExample,
    request: pytest.FixtureRequest,
    runs_by_themselves: Callable[[KindExample], Workspace],
) -> Workspace:
    """A finished run of the example, maybe beside other zoos."""
    if example.run is None:
        return runs_by_themselves(example)
    shared: Workspace = request.getfixturevalue(example.run)
    return shared


@pytest.fixture
def paths(finished: Workspace, example: KindExample, monkeypatch: pytest.MonkeyPatch) -> ZooPaths:
    """The paths of the run, which is the working directory."""
    monkeypatch.chdir(finished.folder)
    return ZooPaths(example.zoo)


def corpora_of(settings: ZooSettings) -> list[str]:
    """The corpora that every checkpoint has features on."""
    return sorted({*settings.probe_names, *map(settings.corpus_of, settings.task_names)})


# What a kind registers.


def test_a_kind_is_registered_by_its_name(kind: Kind) -> None:
    assert kind.settings.model_fields["modality"].default == kind.name
    assert (ROOT / "workflow_scripts/kinds" / kind.name / "kind.py").is_file()
    assert (ROOT / "rules" / f"{kind.name}.smk").is_file()
    assert kind.stages.keys() == {*OWN_STAGES}
    assert all(kind.stages.values())


def test_its_example_is_a_zoo(kind: Kind, settings: ZooSettings) -> None:
    assert type(settings) is kind.settings
    assert len(settings.checkpoint_names) > 1
    assert settings.task_names and settings.probe_names
    for name in settings.checkpoint_names:
        assert settings.features_of(name).dtype in ("float16", "float32")
    # Asking for the names twice gives the same.
    assert settings.checkpoint_names == settings.checkpoint_names
    assert all(isinstance(settings.has_classes(task), bool) for task in settings.task_names)


def test_editors_know_it(kind: Kind, example: KindExample) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert kind.settings.__name__ in schema["$defs"]
    jsonschema.validate({"zoos": {example.zoo: example.settings}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"zoos": {example.zoo: example.changed({"colour": 3})}}, schema)


def test_there_is_a_config_of_it_to_copy(kind: Kind) -> None:
    found = [zoo for zoo in documented_zoos() if zoo.get("modality") == kind.name]
    assert found, f"neither configs/ nor the docs have a zoo of modality: {kind.name}"
    for zoo in found:
        read_config({"zoos": {"mine": zoo}})


def documented_zoos() -> Iterator[dict[str, Any]]:
    """The zoos that stand in ready configs, and whole in blocks of the docs."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "configs").glob("*.yaml")]
    texts.append((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        blocks = re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
        texts += [block for block in blocks if block.startswith("zoos:")]
    for text in texts:
        yield from yaml.safe_load(text)["zoos"].values()


# What stages 4 to 7 read.


def test_units_say_their_groups_and_their_corpus(settings: ZooSettings, paths: ZooPaths) -> None:
    for corpus in corpora_of(settings):
        path = Path(paths.units(corpus))
        table = pq.ParquetFile(path).read()
        assert {"unit", "group"} <= set(table.column_names), path
        assert table["unit"].to_pylist() == list(range(len(table))), path
        units = read_units(path)
        assert len(units.group) == len(table) > 1
        assert re.fullmatch(SHA256, units.corpus_sha256)
        # In the plural, as in "240 images".
        assert re.fullmatch(r"[a-z ]+s", units.unit_name)
        assert re.fullmatch(r"[a-z ]+s", units.group_name)


def test_units_of_a_group_stand_together(settings: ZooSettings, paths: ZooPaths) -> None:
    for corpus in corpora_of(settings):
        group = read_units(Path(paths.units(corpus))).group
        begins = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
        assert len(begins) == len(set(group.tolist())), corpus


def test_every_checkpoint_has_a_card(settings: ZooSettings, paths: ZooPaths) -> None:
    counts = set()
    for name in settings.checkpoint_names:
        card = read_card(Path(paths.card(name)))
        assert card.checkpoint == name
        assert card.source and card.revision and card.architecture
        assert card.files
        assert all(re.fullmatch(SHA256, digest) for digest in card.files.values())
        assert all(isinstance(value, str | int | float) for value in card.details.values())
        assert card.parameters is None or card.parameters > 0
        counts.add(card.parameters)
        # Equal cards are equal bytes.
        written = Path(paths.card(name)).read_text(encoding="utf-8")
        assert json.dumps(json.loads(written), indent=2) + "\n" == written
    # Only of zoos that say so may sizes be a cost.
    assert settings.differ_in_size or len(counts) == 1


def test_features_are_rows_of_the_corpus(settings: ZooSettings, paths: ZooPaths) -> None:
    for corpus in corpora_of(settings):
        units = read_units(Path(paths.units(corpus)))
        for name in settings.checkpoint_names:
            card = read_card(Path(paths.card(name)))
            with safe_open(paths.features(corpus, name), "np") as file:
                # A matrix that a user brings along may stay where it is.
                assert set(file.keys()) | {"features"} == {"features", "present"}
            opened = open_features(Path(paths.features(corpus, name)))
            features, present, metadata = opened.features, opened.present, opened.metadata
            assert present.dtype == np.bool_
            assert present.shape == (len(units.group),) == features.shape[:1]
            assert features.ndim == 2 and features.shape[1] > 0
            assert features.dtype == metadata["dtype"]
            assert len(opened.digest) == 64
            assert present.any() and np.isfinite(features[present]).all()
            assert metadata["corpus_sha256"] == units.corpus_sha256
            assert metadata["checkpoint"] == name
            assert metadata["source"]
            assert metadata["revision"] == card.revision


def test_tasks_are_targets_on_units(settings: ZooSettings, paths: ZooPaths) -> None:
    for name in settings.task_names:
        path = Path(paths.task(name))
        table = pq.ParquetFile(path).read()
        assert {"unit", "group", "split", "target"} <= set(table.column_names)
        task = read_task(path)
        assert task.corpus == settings.corpus_of(name)
        assert task.metric in METRICS
        units = read_units(Path(paths.units(task.corpus)))
        assert task.unit.min() >= 0 and task.unit.max() < len(units.group)
        assert set(task.split.tolist()) == {*SPLITS}
        # A group is in one group of the corpus, and in one split.
        whole = set(zip(task.group.tolist(), units.group[task.unit].tolist(), strict=True))
        assert len(whole) == len(set(task.group.tolist()))
        splits = set(zip(task.group.tolist(), task.split.tolist(), strict=True))
        assert len(splits) == len(set(task.group.tolist()))
        assert (task.kind == "classification") == settings.has_classes(name)
        if settings.has_classes(name):
            assert len(task.labels) == len(set(task.labels)) > 1
            assert set(task.target.tolist()) == set(range(len(task.labels)))
        else:
            assert task.labels == []
            assert np.isfinite(task.target).all()


def test_facts_lie_beside_each_of_these_files(settings: ZooSettings, paths: ZooPaths) -> None:
    files = [paths.units(corpus) for corpus in corpora_of(settings)]
    files += [paths.card(name) for name in settings.checkpoint_names]
    files += [paths.task(name) for name in settings.task_names]
    speeds = {
        paths.features(corpus, name): name
        for corpus in corpora_of(settings)
        for name in settings.checkpoint_names
    }
    for path in [*files, *speeds]:
        facts = json.loads(Path(f"{path}{SUFFIX}").read_text(encoding="utf-8"))
        assert facts.keys() == {"found", "warnings", "seconds_per_thousand"}
        assert facts["found"], path
        # In its own words: what the job is of stands before them on the screen.
        assert not any(name in line for line in facts["found"] for name in [paths.zoo + ":"])
        if path in speeds:
            assert facts["seconds_per_thousand"].keys() == {speeds[path]}
            assert facts["seconds_per_thousand"][speeds[path]] > 0


def test_a_run_ends_with_a_report(settings: ZooSettings, paths: ZooPaths) -> None:
    html = Path("results/report.html").read_text(encoding="utf-8")
    assert f'<figure id="{paths.zoo}-' in html
    scores = Path(paths.all_scores).read_text(encoding="utf-8").splitlines()
    assert len(scores) > len(settings.task_names)


# What runs again.


def counts_below(
    planned: Plan, rules: set[str], only: Collection[str] | None = None
) -> Counter[str]:
    """The jobs of some rules and all that read what they write, by rule.

    Args:
        only: of those jobs, the ones that write one of these files; all if it is not said.
    """
    again = {
        job
        for job in planned.jobs
        if job.rule.name in rules and (only is None or set(only) & set(job.output))
    }
    while True:
        written = {path for job in again for path in job.output}
        more = {job for job in planned.jobs if written & set(job.input)} - again
        if not more:
            return Counter(job.rule.name for job in again)
        again |= more


@pytest.fixture
def zoos(finished: Workspace) -> dict[str, Any]:
    """All zoos of the run."""
    config = (finished.folder / "config.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(config)["zoos"]
    return found


def again(workspace: Workspace, zoos: dict[str, Any]) -> Counter[str]:
    """The jobs that would run now, by rule."""
    return plan(zoos, workspace.folder, everything=False).counts


@pytest.fixture
def extraction(kind: Kind, finished: Workspace) -> Iterator[Path]:
    """The module that extracts features, to be edited; it is as before afterwards."""
    rules = (finished.folder / "rules" / f"{kind.name}.smk").read_text(encoding="utf-8")
    block = rules[rules.index(f"rule {kind.stages['features'][0]}:") :]
    module = re.search(r'code=code\("([\w.]+)"\)', block)
    assert module is not None
    path = finished.folder / f"{module[1].replace('.', '/')}.py"
    before = path.read_text(encoding="utf-8")
    yield path
    path.write_text(before, encoding="utf-8")


def test_a_second_run_has_nothing_to_do(finished: Workspace, zoos: dict[str, Any]) -> None:
    assert again(finished, zoos) == {}


def test_what_does_not_change_what_code_does_reruns_nothing(
    finished: Workspace, zoos: dict[str, Any], extraction: Path
) -> None:
    text = extraction.read_text(encoding="utf-8")
    assert text.startswith('"""')
    edited = text.replace('"""', '"""Edited. ', 1).replace("\n\n\n", "\n\n\n# A comment.\n")
    extraction.write_text(f"{edited}\n# The end.\n", encoding="utf-8")
    assert again(finished, zoos) == {}


def test_other_code_of_the_extraction_reruns_features_and_what_follows(
    kind: Kind, finished: Workspace, zoos: dict[str, Any], extraction: Path
) -> None:
    with extraction.open("a", encoding="utf-8") as file:
        file.write("\nCHANGED = 1\n")
    features = set(kind.stages["features"])
    expected = counts_below(plan(zoos, finished.folder), features)
    found = again(finished, zoos)
    assert found == expected
    # Not the corpora, tasks and checkpoints that they are made from.
    others = {rule for stage in ("data", "checkpoints") for rule in kind.stages[stage]}
    assert features <= found.keys() and not others & found.keys()


OF_ONE = [name for name, example in EXAMPLES.items() if example.one_checkpoint is not None]


@pytest.mark.parametrize("kind", [one for one in KINDS if one.name in OF_ONE], indirect=True)
def test_a_setting_of_one_checkpoint_reruns_its_features_alone(
    kind: Kind, example: KindExample, finished: Workspace, zoos: dict[str, Any]
) -> None:
    assert example.one_checkpoint is not None
    name, changes = example.one_checkpoint
    changed = zoos | {example.zoo: example.changed(changes)}
    [rule] = kind.stages["features"]
    of_it = f"results/{example.zoo}/features/"
    planned = plan(changed, finished.folder)
    corpora = corpora_of(read_config({"zoos": changed}).zoos[example.zoo])
    own = [ZooPaths(example.zoo).features(corpus, name) for corpus in corpora]
    found = plan(changed, finished.folder, everything=False)
    written = {path for job in found.jobs if job.rule.name == rule for path in job.output}
    assert {path for path in written if path.endswith(".safetensors")} == set(own)
    assert found.counts == counts_below(planned, {rule}, own) != {}
    assert all(path.startswith(of_it) for path in written)


# What is wrong is said in a sentence.


@pytest.mark.parametrize("changes", [{"colour": 3}, {"selection": {"sizes": [99]}}])
def test_what_all_kinds_refuse_is_a_line(example: KindExample, changes: dict[str, Any]) -> None:
    with pytest.raises(SystemExit) as refused:
        plan({example.zoo: example.changed(changes)})
    lines = str(refused.value).splitlines()
    assert lines
    for line in lines:
        assert line.startswith(f"config error: zoos.{example.zoo}")


@pytest.mark.parametrize(
    ("kind", "number"),
    [(kind, number) for kind in KINDS for number in range(len(EXAMPLES[kind.name].broken))],
    indirect=["kind"],
    ids=lambda value: getattr(value, "name", value),
)
def test_what_a_kind_refuses_is_a_line(example: KindExample, number: int) -> None:
    changes, words = example.broken[number]
    with pytest.raises(SystemExit) as refused:
        plan({example.zoo: example.changed(changes)})
    [line] = str(refused.value).splitlines()
    assert line.startswith(f"config error: zoos.{example.zoo}")
    assert words in line


def test_every_kind_refuses_something_of_its_own(example: KindExample) -> None:
    assert example.broken


def test_files_that_are_missing_are_named_and_the_rest_is_planned(
    example: KindExample, settings: ZooSettings
) -> None:
    """Where none of the users' files are there."""
    planned = plan({example.zoo: example.settings})
    lines = planned.said.splitlines()
    wanted = {
        f"missing file: {file.path}, for zoos.{example.zoo}.{file.key}"
        for file in settings.user_files
    }
    assert set(lines) == wanted
    assert len(lines) == len(wanted)
    assert planned.counts["evaluate"] > 0


def test_no_file_is_missing_where_all_are_there(
    example: KindExample, settings: ZooSettings, paths: ZooPaths
) -> None:
    assert missing_files([Zoo(example.zoo, settings)]) == []


# A new zoo.


def test_new_zoo_begins_one(
    kind: Kind,
    example: KindExample,
    finished: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    planned: list[Path] = []
    monkeypatch.setattr(
        new_zoo, "planned_jobs", lambda path, _: planned.append(path) or {"train_agent": 1}
    )
    output = tmp_path / "begun.yaml"
    flags = ["--name", "begun", "--modality", kind.name, "--output", str(output)]
    new_zoo.main([*flags, *example.new_zoo(finished.folder)])
    zoos = yaml.safe_load(output.read_text(encoding="utf-8"))["zoos"]
    assert zoos.keys() == {"begun"}
    assert zoos["begun"]["modality"] == kind.name
    assert len(planned) == 1
    begun = plan(zoos)
    assert begun.said == ""
    assert begun.clashes() == []
    assert set(kind.stages["features"]) < begun.counts.keys()
    assert begun.counts["write_report"] == 1
