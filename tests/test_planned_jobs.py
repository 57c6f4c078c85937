"""How many jobs a new zoo takes, as the workflow plans them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflow_scripts.common.script import UserError
from workflow_scripts.new_zoo.planned_jobs import by_stage, main, planned_jobs

ROOT = Path(__file__).parents[1]


def planner(out: str, error: str = "") -> Callable[..., Any]:
    return lambda *_, **__: subprocess.CompletedProcess([], 0, out, error)


def test_jobs_are_those_that_the_workflow_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"draw_images": 2, "estimate_covariance": 1, "write_report": 1}
    planned = {"jobs": counts | {"all": 1, "total": 5}, "refused": []}
    monkeypatch.setattr(subprocess, "run", planner(json.dumps(planned)))
    jobs = planned_jobs(Path("a.yaml"), ROOT)
    assert jobs == counts
    stages = by_stage(jobs)
    assert list(stages)[:2] == ["data", "checkpoints"]
    assert {stage: count for stage, count in stages.items() if count} == {
        "data": 2,
        "covariance": 1,
        "report": 1,
    }
    monkeypatch.setattr(subprocess, "run", planner('{"jobs": {}, "refused": []}'))
    assert planned_jobs(Path("a.yaml"), ROOT) == {}
    refused = {"jobs": {}, "refused": ["config error: zoos: is missing", "config error: more"]}
    monkeypatch.setattr(subprocess, "run", planner(json.dumps(refused)))
    with pytest.raises(UserError, match="this zoo: config error: zoos: is missing; config error"):
        planned_jobs(Path("a.yaml"), ROOT)
    monkeypatch.setattr(subprocess, "run", planner("", "first\nKilled\n"))
    with pytest.raises(UserError, match="refuses this zoo: Killed"):
        planned_jobs(Path("a.yaml"), ROOT)


def test_a_config_is_planned_without_running_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "zoo.yaml"
    config.write_text(
        "zoos: {planned-only: {modality: agents, data: {source: digits}, agents: {count: 3, "
        "classes: 3}, selection: {sizes: [1], methods: {mmi: {}}}}}",
        encoding="utf-8",
    )
    monkeypatch.chdir(ROOT)
    main(["--configfile", str(config)])
    plan = json.loads(capsys.readouterr().out)
    assert plan["refused"] == []
    jobs = plan["jobs"]
    assert jobs["total"] == sum(count for rule, count in jobs.items() if rule != "total")
    # Two corpora, for the agents and the probe; three agents, on the probe alone.
    assert [jobs[rule] for rule in ("draw_images", "train_agent", "extract_agent_features")] == [
        2,
        3,
        3,
    ]
    assert planned_jobs(config, ROOT).items() <= jobs.items()
    assert not (ROOT / "results/planned-only").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zoos: {}", "config error: zoos: "),
        ("zoos: [", "WorkflowError: Config file is not valid JSON or YAML"),
        ("zoos: {z: 1, z: 2}", "config error: zoo.yaml, line 1: 'z' stands there twice"),
    ],
)
def test_the_workflows_own_words_are_kept(
    text: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "zoo.yaml"
    config.write_text(text, encoding="utf-8")
    monkeypatch.chdir(ROOT)
    main(["--configfile", str(config)])
    plan = json.loads(capsys.readouterr().out)
    assert plan["jobs"] == {}
    assert len(plan["refused"]) == 1
    assert plan["refused"][0].replace(f"{tmp_path}/", "").startswith(expected)
