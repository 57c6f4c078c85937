"""Zoos of language models, from the config of the README to the report, and what runs again."""

import json
import math
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from small_zoos import ODD, PAIR, sentences, texts, treebank
from workspace import Workspace

from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.feature_file import open_features


@pytest.fixture
def finished(text_run: Workspace) -> Workspace:
    """A finished run of both zoos; the hub is gone by now."""
    return text_run


@pytest.fixture
def changed(finished: Workspace) -> Iterator[tuple[Workspace, dict[str, Any]]]:
    """The finished run and its config, to be changed; both are as before afterwards."""
    code = finished.folder.with_name("code before")
    shutil.copytree(finished.folder / "workflow_scripts", code)
    yield finished, texts()
    shutil.rmtree(finished.folder / "workflow_scripts")
    code.rename(finished.folder / "workflow_scripts")
    finished.write_config(texts())


Changed = tuple[Workspace, dict[str, Any]]


def replan(workspace: Workspace, config: dict[str, Any]) -> dict[str, int]:
    workspace.write_config(config)
    return workspace.planned()


def test_the_readmes_zoo_gets_picks_and_scores(finished: Workspace) -> None:
    results = finished.folder / "results/mine"
    covariance = read_covariance(results / "covariance/probe.npz")
    assert covariance.names == ["bert", "ours", "theirs"]
    picks = pd.read_csv(results / "selections/mmi.csv")
    assert picks["k"].tolist() == [1, 2, 2]
    scores = pd.read_csv(results / "scores.csv")
    assert len(scores) == 2 * (1 + 3)
    assert scores["test_score"].between(0.6, 1).all()


def test_a_zoo_can_be_begun_by_answering_questions(finished: Workspace) -> None:
    answers = ["again", "", "", "models/ours", f"{ODD}=models/theirs", "", "treebank.conllu"]
    answers += ["treebank.conllu", "", "", "", "", "upos", "", ""]
    # A terminal, so that it asks.
    ours, theirs = pty.openpty()
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    result = subprocess.run(
        [sys.executable, "-m", "workflow_scripts.new_zoo"],
        cwd=finished.folder,
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert result.returncode == 0, result.stderr
    assert result.stderr.endswith("    snakemake --configfile again.yaml --cores all\n")
    # What it says of jobs is what is planned, and what it says of features is what is on the disk.
    planned = finished.planned("--configfile", "again.yaml")
    assert (
        f"jobs       {sum(planned.values())}: data 3, checkpoints 2, features 4," in result.stderr
    )
    of_pair = (finished.folder / "results/pair/features").glob("*/*.safetensors")
    size = sum(math.prod(open_features(path).features.shape) * 4 for path in of_pair)
    assert f"{size / 1e3:.1f} kB of it features" in result.stderr
    zoo = yaml.safe_load((finished.folder / "again.yaml").read_text(encoding="utf-8"))["zoos"]
    assert zoo["again"]["checkpoints"] == PAIR["checkpoints"]
    assert zoo["again"]["tasks"]["upos"]["train"] == "treebank.conllu"
    (finished.folder / "again.yaml").unlink()


def test_two_folders_and_a_treebank_are_a_zoo(finished: Workspace) -> None:
    results = finished.folder / "results/pair"
    scores = pd.read_csv(results / "scores.csv")
    assert scores[["method", "k", "checkpoints"]].to_numpy().tolist()[-1] == [
        "mmi",
        2,
        f"{ODD}+ours",
    ]
    assert scores["test_score"].between(0.6, 1).all()
    words = sum(len(sentence) for sentence in sentences(120))
    assert read_covariance(results / "covariance/probe.npz").rows == words
    convergence = pd.read_csv(results / "covariance/probe.convergence.csv")
    assert convergence["groups"].tolist() == [0, 10, 60, 100, 120]
    assert convergence["units"].iloc[-1] == words
    for path in (results / "features").glob("*/*.safetensors"):
        assert open_features(path).present.all()
    html = (finished.folder / "results/report.html").read_text(encoding="utf-8")
    assert html.count('<figure id="mine-') == 14
    # No random sets; and who represents whom has no rows, as all checkpoints are picked.
    assert html.count('<figure id="pair-') == 10


def test_an_odd_name_is_whole_in_tables_and_figures_and_safe_in_files(finished: Workspace) -> None:
    results = finished.folder / "results/pair"
    assert read_covariance(results / "covariance/probe.npz").names == [ODD, "ours"]
    tables = {name: pd.read_csv(results / f"tables/{name}.csv") for name in ("picks", "scores")}
    assert f"single: {ODD}" in set(tables["scores"]["method"])
    assert ODD in set(tables["picks"]["picks"])
    assert set(pd.read_csv(results / "tables/checkpoints.csv")["checkpoint"]) == {ODD, "ours"}
    for figure in ("figure-1-task-space", "figure-3-tasks", "stability"):
        drawn = (results / f"figures/{figure}.svg").read_text(encoding="utf-8")
        assert escape(ODD, quote=False) in drawn, figure
    html = (finished.folder / "results/report.html").read_text(encoding="utf-8")
    assert ODD not in html
    assert escape(ODD, quote=False) in html
    revisions = json.loads((results / "provenance.json").read_text())["checkpoints"]
    assert revisions.keys() == {ODD, "ours"}
    files = [path.name for path in results.rglob("*") if "google" in path.name]
    assert files
    suffixes = r"\.safetensors(\.facts\.json)?|\.log|\.tsv"
    safe = rf"google-th-irs-n-1-x_-b-touch-pwned~[0-9a-f]{{8}}({suffixes})?"
    assert all(re.fullmatch(safe, name) for name in files), files
    assert not list(finished.folder.rglob("pwned"))


def test_a_checkpoint_of_the_hub_is_pinned_to_its_commit(finished: Workspace) -> None:
    card = read_card(finished.folder / "results/mine/checkpoints/bert/checkpoint.json")
    assert (card.details["kind"], card.source) == ("hub", "bert-base-uncased")
    assert re.fullmatch(r"[0-9a-f]{40}", card.revision)
    features = open_features(finished.folder / "results/mine/features/probe/bert.safetensors")
    assert features.metadata["revision"] == card.revision
    # Once fetched, nothing needs the hub: its server is gone by now.
    assert finished.planned() == {}


REPORT = {"write_report": 1, "tabulate_pair": 1, "plot_figures_pair": 1}
EVALUATED = {"evaluate": 2, "gather_scores": 1, **REPORT}

# The features of a checkpoint of two folders and one corpus beside the probe.
READ_AGAIN = EVALUATED | {
    "extract_word_features": 2,
    "estimate_covariance": 1,
    "score_quality": 1,
    "resample_covariance": 1,
    "select": 1,
    "measure_stability": 1,
}


def test_another_task_on_the_same_sentences_extracts_nothing(changed: Changed) -> None:
    workspace, config = changed
    tasks = config["zoos"]["pair"]["tasks"]
    tasks["upos"]["corpus"] = "upos"
    tasks["deprel"] = tasks["upos"] | {"target": "xpos"}
    assert replan(workspace, config) == EVALUATED | {"read_task": 1}


def test_a_task_on_other_sentences_extracts_its_own_corpus(changed: Changed) -> None:
    workspace, config = changed
    (workspace.folder / "other.conllu").write_text(treebank(50), encoding="utf-8")
    config["zoos"]["pair"]["tasks"]["other"] = {"format": "conllu", "train": "other.conllu"}
    assert replan(workspace, config) == EVALUATED | {
        "read_task": 1,
        "write_corpus": 1,
        "extract_word_features": 2,
    }


def test_another_revision_fetches_and_reads_that_checkpoint_alone(changed: Changed) -> None:
    workspace, config = changed
    config["zoos"]["mine"]["checkpoints"]["bert"]["revision"] = "v2"
    planned = replan(workspace, config)
    of_mine = {rule.replace("_pair", "_mine"): jobs for rule, jobs in READ_AGAIN.items()}
    assert planned == of_mine | {"fetch_checkpoint": 1}


def test_another_layer_reads_everything_again(changed: Changed) -> None:
    workspace, config = changed
    config["zoos"]["pair"]["features"] = {"layer": 1}
    planned = replan(workspace, config)
    assert planned["extract_word_features"] == 4
    assert "describe_folder" not in planned
    assert "read_task" not in planned


def test_another_layer_of_one_checkpoint_reads_no_other(changed: Changed) -> None:
    workspace, config = changed
    config["zoos"]["pair"]["checkpoints"]["ours"]["layer"] = 1
    assert replan(workspace, config) == READ_AGAIN
    said = workspace.snakemake("-n", "-p").stdout
    assert len(re.findall(r"pair/checkpoints/ours/checkpoint.json .*--layer 1 ", said)) == 2


def test_a_renamed_checkpoint_is_a_new_one(changed: Changed) -> None:
    """Its folder is looked at and read under the new name; the others stay as they are."""
    workspace, config = changed
    checkpoints = config["zoos"]["pair"]["checkpoints"]
    checkpoints["renamed"] = checkpoints.pop("ours")
    # The method of single checkpoints sees their names.
    assert replan(workspace, config) == READ_AGAIN | {"describe_folder": 1, "select": 2}


def test_reordered_checkpoints_rerun_nothing(changed: Changed) -> None:
    workspace, config = changed
    for zoo in config["zoos"].values():
        zoo["checkpoints"] = dict(reversed(zoo["checkpoints"].items()))
    assert replan(workspace, config) == {}


def test_other_prefixes_leave_the_features_alone(changed: Changed) -> None:
    workspace, config = changed
    config["zoos"]["pair"]["convergence"] = [5]
    planned = replan(workspace, config)
    assert planned["estimate_covariance"] == 1
    assert "extract_word_features" not in planned


def test_a_second_genre_adds_its_own_features_and_covariance(changed: Changed) -> None:
    workspace, config = changed
    config["zoos"]["pair"]["other_probes"] = {"lines": {"source": "text", "file": "sentences.txt"}}
    assert replan(workspace, config) == {
        "write_corpus": 1,
        "extract_word_features": 2,
        "estimate_covariance": 1,
        "plot_figures_pair": 1,
        "write_report": 1,
    }


def test_a_precomputed_covariance_needs_no_probe(changed: Changed) -> None:
    workspace, config = changed
    zoo = config["zoos"]["pair"]
    zoo["checkpoints"]["theirs"] = zoo["checkpoints"].pop(ODD)
    zoo["selection"]["methods"]["single"]["picks"] = ["theirs"]
    del zoo["probe"]
    shutil.copy(
        workspace.folder / "results/mine/covariance/probe.npz", workspace.folder / "kappa.npz"
    )
    zoo["covariance"] = {"precomputed": "kappa.npz"}
    planned = replan(workspace, {"zoos": {"other": zoo}})
    assert planned["import_covariance"] == 1
    assert planned["extract_word_features"] == 2
    del zoo["tasks"]
    planned = replan(workspace, {"zoos": {"other": zoo}})
    assert planned == {
        "import_covariance": 1,
        "select": 2,
        "tabulate_other": 1,
        "plot_figures_other": 1,
        "write_report": 1,
    }
    # Not the report, which other tests want of the zoos that have run.
    figure = "results/other/figures/figure-1-task-space.svg"
    result = workspace.snakemake("--cores", "2", figure)
    assert result.returncode == 0, result.stdout + result.stderr
    picks = pd.read_csv(workspace.folder / "results/other/selections/mmi.csv")
    assert set(picks["checkpoint"]) == {"ours", "theirs"}


@pytest.mark.parametrize(
    ("module", "rerun", "kept"),
    [
        (
            "kinds/text/word_features.py",
            {"extract_word_features": 10, "estimate_covariance": 2, "evaluate": 4},
            {"fetch_checkpoint", "describe_folder", "write_corpus", "read_task"},
        ),
        (
            "kinds/text/formats/conll.py",
            {"write_corpus": 4, "read_task": 2},
            {"fetch_checkpoint", "describe_folder"},
        ),
        ("pretrained/describe_folder.py", {"describe_folder": 4}, {"fetch_checkpoint"}),
        ("kinds/agents/penultimate.py", {}, {"extract_word_features"}),
    ],
)
def test_an_edited_module_reruns_the_rules_that_use_it(
    changed: Changed, module: str, rerun: dict[str, int], kept: set[str]
) -> None:
    workspace, _ = changed
    path = workspace.folder / "workflow_scripts" / module
    path.write_text(path.read_text(encoding="utf-8") + "\nEDITED = 1\n", encoding="utf-8")
    planned = workspace.planned()
    assert {rule: planned.get(rule, 0) for rule in rerun} == rerun
    assert not kept & planned.keys()


def test_an_edited_folder_is_looked_at_and_read_again(changed: Changed) -> None:
    workspace, _ = changed
    path = workspace.folder / "models/ours/config.json"
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "\n", encoding="utf-8")
    planned = workspace.planned()
    path.write_text(before, encoding="utf-8")
    assert planned["describe_folder"] == 2
    assert planned["extract_word_features"] == 4


def test_missing_files_are_all_named_before_anything_runs(changed: Changed) -> None:
    workspace, config = changed
    zoo = config["zoos"]["pair"]
    zoo["checkpoints"]["ours"]["path"] = "models/lost"
    zoo["probe"]["file"] = "lost.txt"
    zoo["tasks"]["upos"]["train"] = ["treebank.conllu", "lost.conllu"]
    zoo["tasks"]["upos"]["home"] = "the attic"
    workspace.write_config(config)
    result = workspace.snakemake("--cores", "1")
    assert result.returncode != 0
    expected = [
        "missing file: models/lost/config.json, for zoos.pair.checkpoints.ours.path",
        "missing file: lost.txt, for zoos.pair.probe.file",
        "missing file: lost.conllu, for zoos.pair.tasks.upos.train; it is from the attic",
    ]
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.startswith("missing file")] == expected
    assert "Traceback" not in result.stderr
    assert "Execute" not in result.stdout + result.stderr
    # A dry run plans all the same, and says so too.
    dry = workspace.snakemake("-n")
    assert dry.returncode == 0, dry.stderr
    assert all(line in dry.stderr for line in expected)


def test_the_papers_language_setting_is_planned_without_any_data(finished: Workspace) -> None:
    paper = ["--configfile", "configs/paper-language.yaml"]
    planned = finished.planned(*paper)
    assert planned["fetch_checkpoint"] == 34
    # The probe; chunking, named entities, semantic tags, factuality; and the Penn Treebank, whose
    # four tasks share their sentences.
    assert planned["extract_word_features"] == 34 * 6
    assert planned["read_task"] == 8
    assert planned["evaluate"] == 40
    assert planned["estimate_covariance"] == 1
    assert planned["fetch_file"] == 3
    result = finished.snakemake(*paper, "--cores", "1")
    assert result.returncode != 0
    missing = [line for line in result.stderr.splitlines() if line.startswith("missing file")]
    assert len(missing) == 3 + 3 + 3 * 3 + 3 + 3
    assert "it is from Penn Treebank 3" in result.stderr
    assert "Execute" not in result.stdout + result.stderr


def test_a_run_leaves_the_record_of_a_zoo_of_which_it_makes_nothing(
    finished: Workspace, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "taskspace")
    shutil.copytree(finished.folder, workspace.folder, copy_function=shutil.copy2)
    results = workspace.folder / "results"

    def record(zoo: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((results / zoo / "provenance.json").read_text("utf-8"))
        return found

    before = {zoo: record(zoo) for zoo in ("mine", "pair")}
    result = workspace.snakemake("--touch", "--forceall", "--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert {zoo: record(zoo) for zoo in before} == before
    (results / "pair/tables/picks.csv").unlink()
    result = workspace.snakemake("results/pair/tables/picks.csv", "--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert record("mine") == before["mine"]
    assert record("pair")["date"] > before["pair"]["date"]
