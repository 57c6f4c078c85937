"""The whole workflow on a small zoo, and what runs again after a change."""

import copy
import json
import os
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_zoos import IMAGES
from workspace import Workspace

from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.common.facts import read_facts
from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.packages import deciding_packages


@pytest.fixture
def finished(image_run: Workspace) -> Workspace:
    """A finished run, in a folder whose name has a space."""
    return image_run


@pytest.fixture
def changed(finished: Workspace) -> Iterator[tuple[Workspace, dict[str, Any]]]:
    """The finished run and its zoo's settings, to be changed; both are as before afterwards."""
    code = finished.folder.with_name("code before")
    shutil.copytree(finished.folder / "workflow_scripts", code)
    yield finished, copy.deepcopy(IMAGES)
    shutil.rmtree(finished.folder / "workflow_scripts")
    code.rename(finished.folder / "workflow_scripts")
    finished.write_config({"zoos": {"small": IMAGES}})


def replan(workspace: Workspace, zoo: dict[str, Any]) -> dict[str, int]:
    workspace.write_config({"zoos": {"small": zoo}})
    return workspace.planned()


def results(workspace: Workspace) -> Path:
    return workspace.folder / "results" / "small"


def test_the_covariance_is_a_positive_definite_correlation_of_all_checkpoints(
    finished: Workspace,
) -> None:
    covariance = read_covariance(results(finished) / "covariance/probe.npz")
    assert covariance.names == [f"agent-{number:02d}" for number in range(6)]
    assert covariance.rows == 10 * 8 * 3
    # What one more agent can use.
    assert (results(finished) / "kept/sums/probe.npz").exists()
    logged = (results(finished) / "logs/estimate_covariance/probe.log").read_text()
    assert "21 pairs computed, 0 taken from before" in logged
    assert covariance.estimator == "debiased"
    assert (covariance.values == covariance.values.T).all()
    assert (np.diag(covariance.values) == 1).all()
    assert np.linalg.eigvalsh(covariance.values)[0] > 0.001
    off_diagonal = covariance.values[np.triu_indices(6, 1)]
    # Networks that learned different digits are neither copies of each other nor unrelated.
    assert off_diagonal.max() < 0.95
    assert off_diagonal.mean() > 0.05
    assert off_diagonal.std() > 0.02


def test_agents_know_their_classes_and_no_two_share_all(finished: Workspace) -> None:
    cards = [
        json.loads(path.read_text())
        for path in sorted((results(finished) / "checkpoints").glob("*/checkpoint.json"))
    ]
    assert len(cards) == 6
    assert len({card["details"]["classes"] for card in cards}) == 6
    assert np.mean([card["details"]["dev_accuracy"] for card in cards]) > 0.9


def test_features_have_a_row_for_each_unit(finished: Workspace) -> None:
    for corpus in ("probe", "tasks"):
        units = len(np.load(results(finished) / f"corpora/{corpus}.npy", mmap_mode="r"))
        for path in (results(finished) / "features" / corpus).glob("*.safetensors"):
            features = open_features(path)
            assert features.features.shape == (units, 64)
            assert features.present.all()
            assert features.metadata["checkpoint"] == path.stem


def test_greedy_picks_are_nested(finished: Workspace) -> None:
    table = pd.read_csv(results(finished) / "selections/mmi.csv")
    by_size = {k: group["checkpoint"].tolist() for k, group in table.groupby("k")}
    assert by_size[3][:1] == by_size[1]
    assert len(set(by_size[3])) == 3
    assert table[table["k"] == 3]["objective"].is_monotonic_increasing


def test_random_sets_are_distinct(finished: Workspace) -> None:
    table = pd.read_csv(results(finished) / "selections/random.csv")
    sets = table[table["k"] == 3].groupby("draw")["checkpoint"].agg(frozenset)
    assert sets.nunique() == 4


def test_peek_looks_at_dev_scores_of_its_task(finished: Workspace) -> None:
    singles = pd.read_csv(results(finished) / "scores/task-00/singles.csv")
    best = singles.sort_values(["dev_score", "checkpoints"], ascending=[False, True])
    table = pd.read_csv(results(finished) / "selections/peek.csv")
    assert table[table["k"] == 3]["checkpoint"].tolist() == best["checkpoints"].tolist()[:3]


def test_scores_are_above_chance_and_grow_with_size(finished: Workspace) -> None:
    scores = pd.read_csv(results(finished) / "scores.csv")
    assert len(scores) == 2 * 2 * (1 + 4 + 1)
    assert (scores["test_score"] > 0.4).all()
    means = scores.groupby("k")["test_score"].mean()
    assert means[3] > means[1] > 0.5
    assert (scores["checkpoints"].str.count(r"\+") + 1 == scores["k"]).all()


def test_figures_parse_and_the_report_holds_them(finished: Workspace) -> None:
    figures = sorted((results(finished) / "figures").glob("*.svg"))
    assert [path.stem for path in figures] == [
        "figure-1-task-space",
        "figure-2-convergence",
        "figure-3-tasks",
        "figure-4-mutual-information",
        "figure-5-scores",
        "figure-6-gain",
        "objective",
        "stability",
    ]
    for path in figures:
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        drawn = list(ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}path"))
        assert len(drawn) > 10
    html = (finished.folder / "results/report.html").read_text(encoding="utf-8")
    assert html.count('class="chart"') == 14
    picks = pd.read_csv(results(finished) / "tables/picks.csv")
    for row in picks[picks["k"] == 3]["picks"]:
        assert row in html


def test_every_job_left_a_log(finished: Workspace) -> None:
    logs = results(finished) / "logs"
    assert "knows" in (logs / "train_agent/agent-00.log").read_text()
    assert "dims" in (logs / "extract_agent_features/probe/agent-00.log").read_text()
    assert "trained, 0 kept" in (logs / "evaluate/task-00/k3.log").read_text()


def test_a_run_says_where_its_results_come_from(finished: Workspace) -> None:
    record = json.loads((results(finished) / "provenance.json").read_text(encoding="utf-8"))
    assert record["settings"]["agents"]["count"] == 6
    # Also what the config leaves to the defaults.
    assert record["settings"]["covariance"]["estimator"] == "debiased"
    assert record["seed"] == 0
    assert record["packages"]["snakemake"]


def test_a_second_run_does_nothing(finished: Workspace) -> None:
    assert finished.planned() == {}


def test_touched_files_rerun_nothing(finished: Workspace) -> None:
    for path in finished.folder.rglob("*.py"):
        path.touch()
    (finished.folder / "config.yaml").touch()
    assert finished.planned() == {}


def test_a_fresh_clone_with_results_and_touch_reruns_nothing(
    finished: Workspace, tmp_path: Path
) -> None:
    clone = Workspace.copy_to(tmp_path / "clone")
    clone.write_config({"zoos": {"small": IMAGES}})
    (clone.folder / "results").rmdir()
    shutil.copytree(
        finished.folder / "results", clone.folder / "results", copy_function=shutil.copyfile
    )
    result = clone.snakemake("--touch", "--cores", "1")
    assert result.returncode == 0, result.stderr
    assert clone.planned() == {}


Changed = tuple[Workspace, dict[str, Any]]

# All tables and figures of a zoo are a job each.
REPORT = {"tabulate_small": 1, "plot_figures_small": 1, "write_report": 1}
AFTER_SCORES = {"gather_scores": 1, **REPORT}
AFTER_SELECTION = {"evaluate": 4, **AFTER_SCORES}
AFTER_RESAMPLING = {"measure_stability": 1, **REPORT}
AFTER_COVARIANCE = AFTER_SELECTION | AFTER_RESAMPLING | {"resample_covariance": 1, "select": 1}


def test_another_agent_reruns_no_other_agent(changed: Changed) -> None:
    """Its training and two extractions, and all that compares checkpoints."""
    workspace, zoo = changed
    zoo["agents"]["count"] = 7
    assert replan(workspace, zoo) == AFTER_COVARIANCE | {
        "train_agent": 1,
        "extract_agent_features": 2,
        "estimate_covariance": 1,
        "score_quality": 1,
        "evaluate_singles": 1,
        "select": 3,
    }


def test_a_removed_agent_reruns_no_other_agent(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["agents"]["count"] = 5
    assert replan(workspace, zoo) == AFTER_COVARIANCE | {
        "estimate_covariance": 1,
        "score_quality": 1,
        "evaluate_singles": 1,
        "select": 3,
    }


def test_another_task_adds_only_its_own_scores(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["tasks"]["count"] = 3
    assert replan(workspace, zoo) == AFTER_SCORES | {"draw_task": 1, "evaluate": 2}


def test_another_method_is_selected_and_scored(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["selection"]["methods"]["entropy"] = {}
    assert replan(workspace, zoo) == AFTER_SELECTION | {
        "select": 1,
        "measure_stability": 1,
    }


def test_more_replicates_rerun_the_stability_only(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["stability"] = {"replicates": 50}
    assert replan(workspace, zoo) == AFTER_RESAMPLING | {"resample_covariance": 1}


def test_without_replicates_there_is_no_stability(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["stability"] = {"replicates": 0}
    assert replan(workspace, zoo) == REPORT


def test_methods_that_look_at_features_add_only_their_selections(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["selection"]["methods"] |= {"expected_risk": {"units": 100}, "quality_entropy": {}}
    assert replan(workspace, zoo) == AFTER_SELECTION | {
        "select": 2,
        "measure_stability": 1,
    }
    labels = ("expected_risk", "quality_entropy")
    tables = [f"results/small/selections/{label}.csv" for label in labels]
    result = workspace.snakemake(*tables, "--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    risk, entropy = (pd.read_csv(workspace.folder / table) for table in tables)
    assert risk["k"].tolist() == entropy["k"].tolist() == [1, 3, 3, 3]
    assert risk["objective"].between(-1, 0).all()
    quality = pd.read_csv(results(workspace) / "covariance/probe.quality.csv")
    assert entropy["checkpoint"][0] == quality["checkpoint"][quality["rankme"].idxmax()]
    # They read the features and their quality, not how the covariance is estimated from them.
    zoo["covariance"] = {"estimator": "biased"}
    zoo["selection"]["methods"] = {"expected_risk": {"units": 100}}
    assert "select" not in replan(workspace, zoo)


def test_methods_that_look_at_labels_read_what_is_made_of_their_task(changed: Changed) -> None:
    workspace, zoo = changed
    task = {"task": "task-01"}
    zoo["selection"]["methods"] |= {"logme": task, "h_score": task}
    assert replan(workspace, zoo) == AFTER_SELECTION | {"select": 2, "score_transferability": 1}
    zoo["selection"]["methods"] = IMAGES["selection"]["methods"] | {"greedy_dev": task}
    assert replan(workspace, zoo) == AFTER_SELECTION | {"select": 1, "select_forward": 1}


def test_all_checkpoints_together_are_scored_at_their_number_and_lead_nothing(
    changed: Changed,
) -> None:
    workspace, zoo = changed
    zoo["selection"]["methods"]["all"] = None
    assert replan(workspace, zoo) == AFTER_SELECTION | {"select": 1, "evaluate": 2}
    zoo["selection"]["methods"] = {"all": None, "random": {"draws": 4}}
    workspace.write_config({"zoos": {"small": zoo}})
    assert '"headline": "random"' in workspace.snakemake("-n", "-p").stdout


def test_other_constraints_rerun_their_selection_alone(changed: Changed) -> None:
    workspace, zoo = changed
    groups = {"few": ["agent-00", "agent-01"], "more": ["agent-02", "agent-03", "agent-05"]}
    zoo["selection"]["methods"]["mmi"] |= {"groups": groups, "most_per_group": 1}
    assert replan(workspace, zoo) == AFTER_SELECTION | AFTER_RESAMPLING | {"select": 1}


def test_another_estimator_reruns_from_the_covariance_but_not_what_does_not_read_it(
    changed: Changed,
) -> None:
    workspace, zoo = changed
    zoo["covariance"] = {"estimator": "biased"}
    assert replan(workspace, zoo) == AFTER_COVARIANCE | {"estimate_covariance": 1}


def test_other_rotations_leave_the_agents_and_tasks_alone(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["probe"]["rotations"] = [5.0]
    assert replan(workspace, zoo) == AFTER_COVARIANCE | {
        "draw_images": 1,
        "extract_agent_features": 6,
        "estimate_covariance": 1,
        "score_quality": 1,
    }


def test_another_split_of_task_images_leaves_the_agents_alone(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["tasks"]["dev_fraction"] = 0.4
    planned = replan(workspace, zoo)
    assert "train_agent" not in planned
    assert planned["draw_images"] == 1
    assert planned["extract_agent_features"] == 6
    assert planned["draw_task"] == 2


def test_other_methods_train_only_the_heads_of_their_new_sets(
    finished: Workspace, tmp_path: Path
) -> None:
    """For real: what was trained before is kept, and every score is what it was."""
    before = pd.read_csv(results(finished) / "scores.csv")
    shutil.copytree(finished.folder, tmp_path / "taskspace", copy_function=shutil.copy2)
    workspace, zoo = Workspace(tmp_path / "taskspace"), copy.deepcopy(IMAGES)
    zoo["selection"]["methods"] |= {
        "hub": None,
        "all": None,
        "every": {"method": "single", "picks": ["*"]},
        "greedy_dev": {"task": "task-01"},
        "logme": {"task": "task-01"},
        "h_score": {"task": "task-00"},
    }
    workspace.write_config({"zoos": {"small": zoo}})
    result = workspace.snakemake("--cores", "2", "results/small/scores.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    after = pd.read_csv(results(workspace) / "scores.csv")
    added = after[~after["method"].isin(before["method"])]
    pd.testing.assert_frame_equal(after.drop(added.index).reset_index(drop=True), before)
    assert added["method"].value_counts().to_dict() == {
        "every": 6 * 2,
        "hub": 4,
        "greedy_dev": 4,
        "logme": 4,
        "h_score": 4,
        "all": 2,
    }
    assert set(added.loc[added["method"] == "all", "k"]) == {6}
    for (task, k), rows in after.groupby(["task", "k"]):
        known = set(before.loc[(before["task"] == task) & (before["k"] == k), "fit"])
        new = len(set(rows["fit"]) - known)
        # Of k = 1 on task-00 the scores of all checkpoints alone are there.
        new = 0 if (task, k) == ("task-00", 1) else new
        log = (results(workspace) / f"logs/evaluate/{task}/k{k}.log").read_text()
        assert f"{new} trained, {rows['fit'].nunique() - new} kept" in log
    # Every other agent was tried beside the picks before.
    log = (results(workspace) / "logs/select_forward/task-01.log").read_text()
    assert "3: agent-" in log


def test_another_head_reruns_the_scores_and_what_peeks_at_them(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["head"] = {"solver": "adam", "epochs": 3}
    assert replan(workspace, zoo) == AFTER_SELECTION | {"evaluate_singles": 1, "select": 1}


def test_another_size_selects_anew_and_scores(changed: Changed) -> None:
    """Scores of the other sizes are written again too, from fits that are kept."""
    workspace, zoo = changed
    zoo["selection"]["sizes"] = [1, 2, 3]
    expected = AFTER_SELECTION | AFTER_RESAMPLING | {"select": 3, "evaluate": 6}
    assert replan(workspace, zoo) == expected


def test_threads_and_memory_rerun_nothing(changed: Changed) -> None:
    workspace, _ = changed
    path = workspace.folder / "rules/covariance.smk"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("threads: 2", "threads: 1"), encoding="utf-8")
    more = ["--set-resources", "evaluate:mem_mb=9000"]
    try:
        assert workspace.planned(*more) == {}
    finally:
        path.write_text(before, encoding="utf-8")


def test_a_deleted_output_is_made_again_when_it_is_wanted(changed: Changed) -> None:
    """Not as long as what was made of it is there: Snakemake has no need of it then."""
    workspace, _ = changed
    table = results(workspace) / "tables/picks.csv"
    report = workspace.folder / "results/report.html"
    kept = table.with_name("kept"), report.with_name("kept")
    table.rename(kept[0])
    try:
        assert workspace.planned() == {}
        assert workspace.planned("results/small/tables/picks.csv") == {"tabulate_small": 1}
        report.rename(kept[1])
        assert workspace.planned() == REPORT
        kept[0].rename(table)
        assert workspace.planned() == {"write_report": 1}
    finally:
        for now, before in zip(kept, (table, report), strict=True):
            if now.exists():
                now.rename(before)


def test_without_snakemakes_memory_only_newer_files_count(
    finished: Workspace, tmp_path: Path
) -> None:
    copied = Workspace(tmp_path / "taskspace")
    shutil.copytree(finished.folder, copied.folder, copy_function=shutil.copy2)
    shutil.rmtree(copied.folder / ".snakemake" / "metadata")
    for path in (copied.folder / "workflow_scripts").rglob("*"):
        os.utime(path, (1, 1))
    assert copied.planned() == {}
    (copied.folder / "workflow_scripts/report/templates/report.css").touch()
    assert copied.planned() == {"write_report": 1}


def test_a_reordered_config_reruns_nothing(changed: Changed) -> None:
    workspace, zoo = changed
    methods = zoo["selection"]["methods"]
    zoo["selection"]["methods"] = {label: methods[label] for label in reversed(methods)}
    zoo["selection"]["sizes"] = [3, 1]
    assert replan(workspace, dict(reversed(zoo.items()))) == {}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (
            "selection/mutual_information.py",
            AFTER_SELECTION | AFTER_RESAMPLING | {"select": 3},
        ),
        ("covariance/kernel_alignment.py", AFTER_COVARIANCE | {"estimate_covariance": 1}),
        (
            "evaluation/softmax_regression.py",
            AFTER_SELECTION | {"evaluate_singles": 1, "select": 1},
        ),
        ("report/tables/scores.py", REPORT),
        ("report/style.py", {"plot_figures_small": 1, "write_report": 1}),
        ("report/templates/report.html.j2", {"write_report": 1}),
        ("config/config.py", {}),
    ],
)
def test_an_edited_module_reruns_the_rules_that_use_it(
    changed: Changed, module: str, expected: dict[str, int]
) -> None:
    workspace, _ = changed
    path = workspace.folder / "workflow_scripts" / module
    edited = "\nEDITED = 1\n" if module.endswith(".py") else "\n<!-- edited -->\n"
    path.write_text(path.read_text(encoding="utf-8") + edited, encoding="utf-8")
    assert workspace.planned() == expected


def test_edited_comments_and_docstrings_rerun_nothing(changed: Changed) -> None:
    """Also of the module that every script imports."""
    workspace, _ = changed
    for path in (workspace.folder / "workflow_scripts").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        edited = text.replace('"""', '"""Edited. ', 1) if text.startswith('"""') else text
        path.write_text(f"# edited\n{edited}\n\n# edited\n", encoding="utf-8")
    assert workspace.planned() == {}


def with_upgraded(folder: Path, package: str) -> dict[str, str]:
    """An environment in which version 99.0 of a package is installed, by what Python says."""
    metadata = folder / f"{package.replace('-', '_')}-99.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 99.0\n")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (
            "torch",
            AFTER_COVARIANCE
            | {
                "train_agent": 6,
                "extract_agent_features": 12,
                "estimate_covariance": 1,
                "score_quality": 1,
                "evaluate_singles": 1,
                "select": 2,
            },
        ),
        ("matplotlib", {"plot_figures_small": 1}),
        ("tqdm", {}),
        ("transformers", {}),
    ],
)
def test_an_upgraded_package_reruns_what_uses_it_unless_its_results_are_kept(
    changed: Changed, tmp_path: Path, package: str, expected: dict[str, int]
) -> None:
    workspace, zoo = changed
    upgraded = with_upgraded(tmp_path, package)
    assert workspace.planned(environment=upgraded) == expected
    if package in deciding_packages():
        kept = {package: version(package)}
        workspace.write_config({"zoos": {"small": zoo}, "keep_results_of": kept})
        assert workspace.planned(environment=upgraded) == {}
        assert workspace.planned() == {}


def test_kept_work_survives_an_upgrade_only_if_the_config_says_so(
    finished: Workspace, tmp_path: Path
) -> None:
    """For real: the heads and sums that jobs find when they run again."""
    shutil.copytree(finished.folder, tmp_path / "taskspace", copy_function=shutil.copy2)
    workspace, upgraded = Workspace(tmp_path / "taskspace"), with_upgraded(tmp_path, "torch")
    targets = ["results/small/covariance/probe.npz", "results/small/scores/task-00/k3.csv"]

    def found_again(config: dict[str, Any]) -> tuple[str, str]:
        workspace.write_config({"zoos": {"small": IMAGES}} | config)
        for target in targets:
            (workspace.folder / target).unlink()
        # By time alone, so that nothing but these is made again in spite of the upgrade.
        arguments = ["--cores", "2", "--rerun-triggers", "mtime", "--", *targets]
        result = workspace.snakemake(*arguments, environment=upgraded)
        assert result.returncode == 0, result.stdout + result.stderr
        facts = [read_facts(workspace.folder / f"{target}.facts.json") for target in targets]
        return "; ".join(facts[0].found), "; ".join(facts[1].found)

    sums, fits = found_again({"keep_results_of": {"torch": version("torch")}})
    assert "0 pairs computed, 21 taken from before" in sums
    assert " 0 trained, " in fits
    record = json.loads((results(workspace) / "provenance.json").read_text(encoding="utf-8"))
    assert record["packages"]["torch"] == "99.0"
    assert record["keep_results_of"] == {"torch": version("torch")}
    sums, fits = found_again({})
    assert "21 pairs computed, 0 taken from before" in sums
    assert ", 0 kept" in fits


def test_without_tasks_the_run_ends_with_the_selections(changed: Changed) -> None:
    workspace, zoo = changed
    del zoo["tasks"], zoo["selection"]["methods"]["peek"]
    planned = replan(workspace, zoo)
    assert "evaluate" not in planned
    assert planned["write_report"] == 1


def test_mistakes_in_the_config_are_a_line_each_and_start_no_job(changed: Changed) -> None:
    workspace, zoo = changed
    zoo["agents"]["epoch"] = 3
    zoo["selection"]["sizes"] = [0]
    workspace.write_config({"zoos": {"small": zoo}})
    result = workspace.snakemake("--cores", "1")
    assert result.returncode != 0
    errors = (line for line in result.stderr.splitlines() if line.startswith("config error:"))
    lines = sorted(errors)
    assert len(lines) == 2
    assert "zoos.small.agents: unknown key 'epoch' (did you mean 'epochs'?)" in lines[0]
    assert "zoos.small.selection.sizes.0: should be greater than 0" in lines[1]
    assert "Traceback" not in result.stderr
    assert "Execute" not in result.stdout + result.stderr


def test_a_zoo_that_stands_twice_in_the_config_is_refused(changed: Changed) -> None:
    workspace, _ = changed
    config = workspace.folder / "config.yaml"
    zoo = config.read_text(encoding="utf-8").removeprefix("zoos:\n")
    config.write_text(f"zoos:\n{zoo}{zoo}", encoding="utf-8")
    result = workspace.snakemake("-n")
    assert result.returncode != 0
    assert "config.yaml, line" in result.stderr
    assert "'small' stands there twice" in result.stderr


def test_a_run_from_another_folder_says_where_to_run(finished: Workspace, tmp_path: Path) -> None:
    result = finished.snakemake("-n", "--directory", str(tmp_path))
    assert result.returncode != 0
    assert f"run snakemake in {finished.folder}" in result.stderr


def test_a_failed_job_shows_its_sentence_and_leaves_no_output(changed: Changed) -> None:
    workspace, _ = changed
    weights = results(workspace) / "checkpoints/agent-01/model.safetensors"
    features = results(workspace) / "features/probe/agent-01.safetensors"
    before, kept = weights.read_bytes(), features.read_bytes()
    weights.write_bytes(before[:100])
    features.unlink()
    result = workspace.snakemake(str(features.relative_to(workspace.folder)), "--cores", "1")
    assert result.returncode != 0
    *_, mending, own_log = said = result.stderr.splitlines()
    failed = said.index("FAILED  small: features of agent-01 on probe")
    assert said[failed + 1] == (
        "    results/small/checkpoints/agent-01/model.safetensors: not the weights of a convnet; "
        "train it again"
    )
    log = "results/small/logs/extract_agent_features/probe/agent-01.log"
    assert said[failed + 2] == f"    log: {log}"
    assert said[-4:-2] == [
        "0 of 1 jobs are done; 1 failed:",
        f"    small: features of agent-01 on probe  ({log})",
    ]
    assert mending == "Mend that and run the same command again: it goes on from here."
    # Snakemake's dump is in its own log alone.
    assert "RuleException" not in result.stderr
    assert "Traceback" not in result.stderr
    kept_log = Path(own_log.removeprefix("Snakemake's own log: "))
    assert "CalledProcessError" in kept_log.read_text(encoding="utf-8")
    assert not features.exists()
    assert not list(features.parent.glob(".*"))
    weights.write_bytes(before)
    features.write_bytes(kept)


def test_each_finished_job_is_a_line_that_says_what_it_found(finished: Workspace) -> None:
    said = finished.terminal.read_text(encoding="utf-8")
    lines = re.findall(r"^( *\d+)/39  (.+)$", said, re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, 40))
    jobs = "\n".join(line for _, line in lines)
    for stage in (
        r"small: drawing the images of probe: 240 images of 8×8×1 pixels  \[",
        r"small: training agent-03: knows \d, \d, \d with a dev accuracy of [\d.]+%",
        r"small: features of agent-00 on tasks: 550 images, 64 dims, [\d,]+ images/s on ",
        r"small: estimating the covariance on probe: 21 pairs computed, 0 taken from before; "
        r"debiased covariance of 6 checkpoints from 240 units",
        r"small: selecting by mmi: agent-\d+ \+ agent-\d+ \+ agent-\d+; k = 3: objective ",
        r"small: scoring selections of 3 on task-00: \d heads for 6 selections, \d trained, 0 kept",
        r"writing results/report.html: 1 zoo, 14 charts, [\d.]+ MB",
    ):
        assert re.search(stage, jobs), stage
    assert re.search(r"\[1 left, (less than a minute|about \d minutes?)\]$", lines[-2][1])
    # The table of jobs comes before, and nothing of what Snakemake says of each.
    assert "Job stats:" in said
    assert "Finished jobid" not in said
    assert "\033" not in said


def test_the_last_words_name_the_picks_and_the_report(finished: Workspace) -> None:
    *_, picks, objective, score, done = finished.terminal.read_text(encoding="utf-8").splitlines()
    table = pd.read_csv(results(finished) / "selections/mmi.csv")
    first, second, third = table.loc[table["k"] == 3, "checkpoint"]
    assert picks == f"small: keep {first}, {second} and {third} (mmi, k = 3)"
    assert re.fullmatch(
        r"    mutual information with the rest 0\.\d{4} nats; no set of 3 has over 0\.\d{4} nats",
        objective,
    )
    assert re.match(
        r"    mean test accuracy \d\d\.\d\d% on 2 tasks, [+−]\d\.\d\d accuracy points against ran",
        score,
    )
    assert re.fullmatch(
        r"Done: 39 jobs in .+\. Open results/report.html in a browser: it has all of it\.", done
    )


def test_the_papers_vision_setting_is_planned_without_any_data(finished: Workspace) -> None:
    planned = finished.planned("--configfile", "configs/paper-vision.yaml")
    assert planned["train_agent"] == 100
    assert planned["extract_agent_features"] == 200
    assert planned["evaluate"] == 400
    assert planned["fetch_cifar100"] == 1
    assert planned["draw_task"] == 20
    assert planned["select"] == 3


def test_snakemakes_own_report_can_be_made(finished: Workspace) -> None:
    result = finished.snakemake("--report", "workflow.html")
    assert result.returncode == 0, result.stderr
    html = (finished.folder / "workflow.html").read_text(encoding="utf-8")
    assert "mutual-information.svg" in html
