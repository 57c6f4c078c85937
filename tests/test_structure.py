"""Which way imports run, where kinds of zoos may be mentioned, and what every rule has."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow_scripts.kinds.kind import OWN_STAGES
from workflow_scripts.kinds.registry import KINDS

ROOT = Path(__file__).parents[1]
PACKAGE = "workflow_scripts"
# A room imports itself and those before it.
ROOMS = (
    "common",
    "covariance",
    "selection",
    "evaluation",
    "report",
    "pretrained",
    "images",
    "tables",
    "drafting",
    "kinds",
    "config",
    "planning",
    "new_zoo",
    "progress",
)
# What progress says of a run must not need what draws the report.
ALSO_FORBIDDEN = {("progress", "report")}
REGISTRY = "workflow_scripts/kinds/registry.py"
# Of the whole package, without the __init__.py: a stranger is to find the way.
MOST_MODULES = 220
MOST_LINES_OF_COMMON = 150

MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob("*.py"))
RULES = ["Snakefile", *sorted(f"rules/{path.name}" for path in (ROOT / "rules").glob("*.smk"))]


def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def owner(file: str) -> str | None:
    """The kind that a file belongs to."""
    for kind in KINDS:
        if file.startswith(f"{PACKAGE}/kinds/{kind.name}/") or file == f"rules/{kind.name}.smk":
            return kind.name
    return None


# Imports.


def imports_of(text: str, file: str) -> set[str]:
    """The project's modules that a module imports, anywhere in it."""
    package = file.split("/")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # What is imported from a package may be a module of it.
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A module that is named, to be imported later.
            found |= set(re.findall(rf"^{PACKAGE}(?:\.\w+)+$", node.value))
    return {name for name in found if name.split(".")[0] == PACKAGE}


def imports_of_rules(text: str) -> set[str]:
    """The project's modules that a file of rules imports."""
    lines = re.findall(rf"^from ({PACKAGE}[\w.]*) import (\w+)", text, re.MULTILINE)
    plain = re.findall(rf"^import ({PACKAGE}[\w.]*)", text, re.MULTILINE)
    return {f"{module}.{name}" for module, name in lines} | set(plain)


def kinds_of(modules: set[str]) -> set[str]:
    """The kinds whose rooms modules are in."""
    return {kind.name for kind in KINDS for name in modules if _is_in(name, kind.name)}


def _is_in(module: str, kind: str) -> bool:
    return f"{module}.".startswith(f"{PACKAGE}.kinds.{kind}.")


def arrows() -> dict[tuple[str, str], set[str]]:
    """The files that import one room from another, by the two rooms."""
    found: dict[tuple[str, str], set[str]] = {}
    for file in MODULES:
        parts = file.split("/")
        if len(parts) == 2:  # the package's own __init__.py
            assert not imports_of(read(file), file), file
            continue
        for module in imports_of(read(file), file):
            rooms = module.split(".")
            if len(rooms) > 1:
                found.setdefault((parts[1], rooms[1]), set()).add(file)
    return found


def test_every_room_has_its_place() -> None:
    assert {file.split("/")[1] for file in MODULES} == {*ROOMS, "__init__.py"}


def test_all_arrows_run_one_way() -> None:
    place = {room: number for number, room in enumerate(ROOMS)}
    wrong = {
        f"{here} imports {there}: {', '.join(sorted(files))}"
        for (here, there), files in arrows().items()
        if place[there] > place[here] or (here, there) in ALSO_FORBIDDEN
    }
    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.parametrize(
    "text",
    [
        "import workflow_scripts.kinds.zoo",
        "from workflow_scripts.kinds import zoo",
        "from workflow_scripts.kinds.zoo import Zoo as One",
        "from ..kinds import zoo",
        "from ..kinds.zoo import Zoo",
        "def late():\n    from workflow_scripts.kinds.zoo import Zoo",
        "if TYPE_CHECKING:\n    from workflow_scripts.kinds.zoo import Zoo",
        "drafter = ('workflow_scripts.kinds.zoo', 'Zoo')",
    ],
)
def test_every_form_of_import_is_an_arrow(text: str) -> None:
    found = imports_of(text, "workflow_scripts/common/low.py")
    assert "workflow_scripts.kinds.zoo" in found
    assert imports_of("import numpy\n'workflow_scripts.kinds in prose'", "a/b.py") == set()


def test_arrows_are_seen() -> None:
    assert {("evaluation", "common"), ("kinds", "pretrained"), ("config", "kinds")} <= {*arrows()}


def test_a_kind_is_imported_by_itself_and_the_registry_alone() -> None:
    wrong = []
    for file in [*MODULES, *RULES]:
        seen = imports_of_rules(read(file)) if file in RULES else imports_of(read(file), file)
        others = kinds_of(seen) - {owner(file)}
        if file == REGISTRY:
            # Nothing but what each registers.
            assert others == {kind.name for kind in KINDS}
            others = {name for name in others if not _registered_only(seen, name)}
        wrong += [f"{file} imports the kind {name}" for name in sorted(others)]
    assert not wrong, "\n".join(wrong)


def _registered_only(modules: set[str], kind: str) -> bool:
    entry = f"{PACKAGE}.kinds.{kind}.kind"
    return all(f"{name}.".startswith(f"{entry}.") for name in modules if _is_in(name, kind))


# Mentions.

# Kinds may be named as a stage is, such as features; a stage may be asked for anywhere.
PLAIN_NAMES = {kind.name for kind in KINDS} - {*OWN_STAGES}
STAGE_NAMES = {kind.name for kind in KINDS} & {*OWN_STAGES}
ZOO_MODELS = {kind.settings.__name__ for kind in KINDS}
RULES_OF_KINDS = {
    rule
    for kind in KINDS
    for rule in re.findall(r"^rule (\w+):", read(f"rules/{kind.name}.smk"), re.MULTILINE)
}


def mentions(
    text: str,
    plain: set[str] = PLAIN_NAMES,
    stages: set[str] = STAGE_NAMES,
    models: set[str] = ZOO_MODELS,
    rules: set[str] = RULES_OF_KINDS,
) -> set[tuple[int, str]]:
    """Where a module tells one kind of zoo from others, and by what.

    A mention is the name of a kind that something is compared or matched with or looked up by (the
    key of a dict); the model of its zoos; and the name of a rule of its own. Of names that are also
    a stage's, only a comparison with a ``modality`` is one.

    Args:
        plain: names of kinds.
        stages: names of kinds that are also names of stages.
        models: names of the kinds' models of zoos.
        rules: names of the kinds' rules.
    """
    found: set[tuple[int, str]] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Compare():
                compared = set(_constants(node.left, *node.comparators))
                known = plain | (stages if "modality" in ast.unparse(node) else set())
                found |= {(node.lineno, value) for value in compared & known}
            case ast.MatchMapping(keys=keys, patterns=patterns):
                matched = dict(zip(_constants(*keys), map(_value, patterns), strict=False))
                found |= {(node.lineno, key) for key in matched.keys() & plain}
                if matched.get("modality") in stages:
                    found.add((node.lineno, str(matched["modality"])))
            case ast.MatchValue(value=ast.Constant(value=str(value))) if value in plain:
                found.add((node.lineno, value))
            case ast.Dict(keys=keys):
                found |= {(node.lineno, key) for key in set(_constants(*keys)) & plain}
            case ast.Constant(value=str(value)) if value in rules:
                found.add((node.lineno, value))
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                if name in models:
                    found.add((node.lineno, name))
    return found


def _constants(*nodes: ast.AST | None) -> Iterator[str]:
    """The texts that expressions, or lists of them, are."""
    for node in nodes:
        match node:
            case ast.Constant(value=str(value)):
                yield value
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                yield from _constants(*items)
            case ast.Call(args=[one]):  # frozenset({"text"})
                yield from _constants(one)


def _value(pattern: ast.pattern) -> str | None:
    match pattern:
        case ast.MatchValue(value=ast.Constant(value=str(value))):
            return value
    return None


def mentions_in_rules(text: str) -> set[tuple[int, str]]:
    """The same of a file of rules, where a name counts wherever it stands as a whole text."""
    found: set[tuple[int, str]] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string in ZOO_MODELS:
            found.add((token.start[0], token.string))
        if token.type == tokenize.STRING and token.string.strip("rbfu'\"") in PLAIN_NAMES:
            found.add((token.start[0], token.string.strip("rbfu'\"")))
    # Of names that are also a stage's, what a rule is restricted by.
    for restricted in re.finditer(r'zoos_of_kind\(\w+, "(\w+)"\)', text):
        found.add((text.count("\n", 0, restricted.start()) + 1, restricted[1]))
    return found


def test_a_kind_is_mentioned_in_its_own_rooms_alone() -> None:
    wrong = []
    for file in [*MODULES, *RULES]:
        found = mentions_in_rules(read(file)) if file in RULES else mentions(read(file))
        if owner(file) is None and file != REGISTRY:
            wrong += [f"{file}:{line}: {what}" for line, what in sorted(found)]
        elif owner(file) is not None:
            wrong += [
                f"{file}:{line}: {what}, another kind"
                for line, what in sorted(found)
                if what in ZOO_MODELS - {_model_of(owner(file))}
            ]
    assert not wrong, "\n".join(wrong)


def _model_of(name: str | None) -> str:
    return next(kind.settings.__name__ for kind in KINDS if kind.name == name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zoo.modality == 'text'", "text"),
        ("'text' != what", "text"),
        ("what in ('text', 'hub')", "text"),
        ("what in {'text'}", "text"),
        ("what not in frozenset({'text'})", "text"),
        ("match what:\n case 'text' | 'hub': pass", "text"),
        ("match zoo:\n case {'modality': 'text'}: pass", "text"),
        ("match zoo:\n case {'text': value}: pass", "text"),
        ("limits = {'text': 3}", "text"),
        ("{'modality': 'text'} == zoo", None),
        ("isinstance(zoo, TextZoo)", "TextZoo"),
        ("isinstance(zoo, models.TextZoo)", "TextZoo"),
        ("from somewhere import TextZoo as Zoo", "TextZoo"),
        ("def late():\n return zoo.modality == 'text'", "text"),
        ("stages = ('train_agent', 'select')", "train_agent"),
        ("what == 'texts'", None),
        ("'''Compare text with images.'''", None),
        ("name = 'text'", None),
        # Stages of the same name may be asked for.
        ("method.reads == 'features'", None),
        ("{'features': 3}", None),
        ("zoo.modality == 'features'", "features"),
        ("match zoo:\n case {'modality': 'features'}: pass", "features"),
    ],
)
def test_what_counts_as_a_mention(text: str, expected: str | None) -> None:
    found = mentions(text, {"text"}, {"features"}, {"TextZoo"}, {"train_agent"})
    assert {what for _, what in found} == ({expected} if expected else set())


def test_kinds_mention_themselves() -> None:
    """What is looked for can be found: each file of rules restricts itself to its kind."""
    for kind in KINDS:
        found = {what for _, what in mentions_in_rules(read(f"rules/{kind.name}.smk"))}
        # What is also the name of a stage counts in no file of rules.
        assert kind.name in found or kind.name in STAGE_NAMES


# Rules.


RULE = re.compile(r"^( *)rule(?: (\w+))?:\n((?:\1 +\S.*\n|\s*\n)+)", re.MULTILINE)


def blocks_of_rules(file: str) -> dict[str, str]:
    """The text of each rule of a file, by its name; those of every zoo say it themselves."""
    found = {}
    for _, name, block in RULE.findall(read(file)):
        of_zoo = re.search(r"name:\s+f\"(.+)\"", block)
        found[name or of_zoo[1]] = block
    return found


def test_all_rules_are_found() -> None:
    for file in RULES:
        assert len(blocks_of_rules(file)) == len(re.findall(r"\brule(?: \w+)?:\n", read(file))), (
            file
        )


def test_every_rule_says_what_it_does_and_keeps_a_log() -> None:
    wrong = []
    names: list[str] = []
    for file in RULES[1:]:
        for name, block in blocks_of_rules(file).items():
            names.append(name)
            parts = ["log:", "message:", "shell:", "code="]
            # What the report's own jobs find stands in the report.
            parts += [] if file == "rules/report.smk" else ["facts="]
            lacking = [part for part in parts if not re.search(rf"^\s+{part}", block, re.MULTILINE)]
            wrong += [f"{file}: rule {name} has no {part}" for part in lacking]
            if "> {log:q} 2>&1" not in block:
                wrong.append(f"{file}: rule {name} does not write all that it says to its log")
    assert len(names) == len(set(names)) > 20
    assert set(names) > RULES_OF_KINDS
    assert not wrong, "\n".join(wrong)


def test_what_rules_share_is_thin() -> None:
    assert len(read("rules/common.smk").splitlines()) <= MOST_LINES_OF_COMMON
    # Functions of zoos and names are typed modules, which are tested without Snakemake.
    assert len(re.findall(r"^def ", read("rules/common.smk"), re.MULTILINE)) <= 3
    for file in RULES:
        if file != "rules/common.smk":
            assert "\ndef " not in read(file), f"{file} defines a function"


def test_there_are_few_enough_modules_to_find_ones_way() -> None:
    modules = [file for file in MODULES if not file.endswith("__init__.py")]
    assert len(modules) <= MOST_MODULES
