"""What must stay in step: pins, the README's commands and what runs them."""

import argparse
import importlib
import inspect
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from snakemake import cli

from docs import rule_graph
from workflow_scripts.common.script import existing_file
from workflow_scripts.config import schema
from workflow_scripts.kinds.agents.settings import TORCHVISION_NETWORKS
from workflow_scripts.kinds.registry import KINDS

ROOT = Path(__file__).parents[1]
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_ready_configs_tell_editors_where_the_schema_is(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == schema.SCHEMA


def pins(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(re.findall(r"^([\w-]+)==(\S+)", "\n".join(lines), re.MULTILINE))


def test_every_requirement_is_pinned_and_says_why() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert re.fullmatch(r"[\w-]+==\S+ +# \S.*", line), line


def test_the_conda_environment_has_the_same_pins() -> None:
    environment = yaml.safe_load((ROOT / "envs/taskspace.yaml").read_text(encoding="utf-8"))
    packages = next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    expected = pins(ROOT / "requirements.txt")
    # Snakemake itself runs outside.
    del expected["snakemake"], expected["snakemake-executor-plugin-slurm"]
    assert dict(line.split("==") for line in packages) == expected


def test_ci_runs_the_very_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^```sh\n(.*?)\n```", readme, re.MULTILINE | re.DOTALL)
    tests = [command for command in commands if command.endswith("pytest")]
    assert len(tests) == 1
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert ci.rstrip().endswith(tests[0])


def test_the_readme_names_only_files_that_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", readme)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs/measured/README.md",
]


def lines_in(text: str) -> list[str]:
    """What is to be typed, in blocks and within lines of text; {kind} stands for any kind."""
    blocks = re.findall(r"^```sh\n(.*?)\n```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    # In a table, a bar has a backslash before it.
    lines += re.findall(r"`((?:snakemake|python -m)\s[^`]*)`", text.replace("\\|", "|"))
    return [" ".join(line.split()).replace("{kind}", KINDS[0].name) for line in lines]


LINES = {one for path in DOCUMENTS for one in lines_in(path.read_text(encoding="utf-8"))}
# Each command of a chain by itself.
COMMANDS = sorted({part.strip() for line in LINES for part in re.split(r"&&|2>&1|\|", line)})


class Parsed(Exception):
    """The flags of a command were understood."""


def parse_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make scripts stop when they have understood their flags; files need not be there."""
    parse = argparse.ArgumentParser.parse_args

    def parsed(
        parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None, space: Any = None
    ) -> argparse.Namespace:
        for action in parser._actions:
            action.type = Path if action.type is existing_file else action.type
        parse(parser, arguments, space)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith("python -m ")])
def test_scripts_understand_the_flags_of_every_command_in_the_docs(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, *flags = shlex.split(command)[2:]
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{name}.__main__")
    if "argv" not in inspect.signature(module.main).parameters:
        assert not flags
        return
    parse_only(monkeypatch)
    with pytest.raises(Parsed):
        module.main(flags)


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith("snakemake")])
def test_snakemake_understands_every_command_in_the_docs(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    _, arguments = cli.parse_args(shlex.split(command)[1:])
    runs_nothing = arguments.dryrun or arguments.touch or arguments.unlock or arguments.report
    assert arguments.cores or arguments.jobs or runs_nothing, "it does not say on how many cores"


def test_what_commands_take_is_noted_of_those_in_the_docs() -> None:
    noted = pd.read_csv(ROOT / "docs/measured/commands.csv")
    assert noted.columns.tolist() == ["command", "seconds", "machine"]
    assert noted["command"].is_unique
    assert set(noted["command"]) <= LINES


def test_the_picture_of_the_rules_is_that_of_the_rules(tmp_path: Path) -> None:
    rule_graph.main(tmp_path / "rules.svg")
    drawn = (tmp_path / "rules.svg").read_text(encoding="utf-8")
    assert (ROOT / "docs/figures/rules.svg").read_text(encoding="utf-8") == drawn
    for box in ("write_stdlib", "train_agent", "select", "tabulate", "write_report"):
        assert f"<!-- {box} -->" in drawn, box


def test_edges_that_follow_from_others_are_left_out() -> None:
    dot = """digraph snakemake_dag {
        0[label = "all", color = "0.1"];
        1[label = "plot_figures_a", color = "0.2"];
        2[label = "select", color = "0.3"];
        3[label = "plot_figures_b"];
        4[label = "pretrain"];
        2 -> 1
        2 -> 3
        4 -> 2
        4 -> 1
        1 -> 0
    }"""
    edges = rule_graph.edges_of(dot)
    assert edges == {
        ("select", "plot_figures"),
        ("pretrain", "select"),
        ("pretrain", "plot_figures"),
    }
    assert rule_graph.without_shortcuts(edges) == edges - {("pretrain", "plot_figures")}


def test_the_networks_by_name_are_those_of_torchvision() -> None:
    from torchvision import models

    assert models.list_models(module=models) == TORCHVISION_NETWORKS
