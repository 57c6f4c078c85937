"""What is said when something goes wrong: every line of docs/faults.md, provoked."""

import ast
import importlib
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.scene import PROVOCATIONS, Scene

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs/faults.md"
for module in sorted((ROOT / "tests/faults").glob("*.py")):
    importlib.import_module(f"tests.faults.{module.stem}")


class Fault(NamedTuple):
    """A line of the table.

    Attributes:
        tried: what was wrong.
        happens: the sentence, with names in braces; or ``works``, and how.
        test: the name of the provocation, or ``file.py::test`` of one that is elsewhere.
    """

    tried: str
    happens: str
    test: str


def read_table() -> list[Fault]:
    rows = re.findall(
        r"^\| (?!---)(.*?) \| (.*?) \| `(.*?)` \|$", TABLE.read_text("utf-8"), re.MULTILINE
    )
    return [Fault(*(cell.replace(r"\|", "|") for cell in row)) for row in rows]


FAULTS = read_table()
PROVOKED = [one for one in FAULTS if "::" not in one.test]


def test_every_line_has_a_provocation_and_every_provocation_a_line() -> None:
    assert len(FAULTS) >= 40
    assert sorted(one.test for one in PROVOKED) == sorted(PROVOCATIONS)


def test_every_table_row_is_read() -> None:
    rows = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ")]
    heads = [row for row in rows if row.startswith("| what was tried |")]
    assert len(FAULTS) == len(rows) - len(heads)


@pytest.mark.parametrize("one", [one for one in FAULTS if "::" in one.test], ids=lambda one: one[2])
def test_lines_that_are_proved_elsewhere_name_a_test(one: Fault) -> None:
    file, name = one.test.split("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def pattern(sentence: str) -> str:
    """A pattern for a sentence in which anything may stand for what is in braces."""
    parts = re.split(r"\{[^{}]*\}", sentence)
    return r".+".join(map(re.escape, parts))


@pytest.mark.parametrize("one", PROVOKED, ids=lambda one: one.test)
def test_a_fault_is_told_in_the_sentence_of_the_table_or_does_no_harm(
    one: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = PROVOCATIONS[one.test](Scene(tmp_path, monkeypatch))
    if one.happens.startswith("works: "):
        assert (outcome.status, outcome.said) == (0, [])
        return
    assert outcome.status != 0
    [said] = outcome.said
    kind, _, sentence = said.partition(": ")
    assert kind in ("error", "config error")
    assert re.fullmatch(pattern(one.happens), sentence), sentence
