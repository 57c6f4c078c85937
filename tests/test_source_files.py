"""Which files a script consists of: made-up packages, and the project itself."""

import json
import subprocess
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from workflow_scripts.common.source_files import source_files

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.glob("workflow_scripts/*/*.py")
    if "\nif __name__ ==" in path.read_text(encoding="utf-8")
)

Tree = dict[str, str]
EMPTY: Tree = {
    "__init__.py": "",
    "common/__init__.py": "",
    "common/leaf.py": "",
    "common/other.py": "",
    "stage/__init__.py": "",
    "stage/near.py": "value = 1\n",
}


def sources(root: Path, tree: Tree, script: str = "stage/script.py") -> set[str]:
    """The sources of a script of a made-up package, without the package's own name."""
    for name, text in (EMPTY | tree).items():
        path = root / "workflow_scripts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = source_files(f"workflow_scripts/{script}", root)
    assert found == sorted(set(found))
    return {path.removeprefix("workflow_scripts/") for path in found}


ALONE = {"__init__.py", "stage/__init__.py", "stage/script.py"}
COMMON = ALONE | {"common/__init__.py"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALONE),
        ("import workflow_scripts", ALONE),
        ("import workflow_scripts.common", COMMON),
        ("import workflow_scripts.common.leaf", COMMON | {"common/leaf.py"}),
        ("import workflow_scripts.common.leaf as other", COMMON | {"common/leaf.py"}),
        ("from workflow_scripts import common", COMMON),
        ("from workflow_scripts.common import leaf", COMMON | {"common/leaf.py"}),
        ("from workflow_scripts.common import leaf as other", COMMON | {"common/leaf.py"}),
        (
            "from workflow_scripts.common import (\n    leaf,\n    other,\n)",
            COMMON | {"common/leaf.py", "common/other.py"},
        ),
        ("from workflow_scripts.common.leaf import name", COMMON | {"common/leaf.py"}),
        ("from workflow_scripts.common.leaf import *", COMMON | {"common/leaf.py"}),
        ("from . import near", ALONE | {"stage/near.py"}),
        ("from .near import value", ALONE | {"stage/near.py"}),
        ("from .. import common", COMMON),
        ("from ..common import leaf", COMMON | {"common/leaf.py"}),
        ("from ..common.leaf import name", COMMON | {"common/leaf.py"}),
        ("def late():\n    from ..common import leaf\n", COMMON | {"common/leaf.py"}),
        (
            "class Late:\n    def late(self):\n        import workflow_scripts.common.leaf\n",
            COMMON | {"common/leaf.py"},
        ),
        ("if False:\n    from .near import value\n", ALONE | {"stage/near.py"}),
    ],
)
def test_every_form_of_import_is_seen(tmp_path: Path, text: str, expected: set[str]) -> None:
    assert sources(tmp_path, {"stage/script.py": text}) == expected


def test_imports_are_followed_through_several_modules(tmp_path: Path) -> None:
    tree = {
        "stage/script.py": "from .near import value",
        "stage/near.py": "from workflow_scripts.common.other import name",
        "common/other.py": "def late():\n    from .leaf import name\n",
        "common/unused.py": "",
    }
    assert sources(tmp_path, tree) == COMMON | {
        "stage/near.py",
        "common/other.py",
        "common/leaf.py",
    }


def test_modules_that_import_each_other_end_the_search(tmp_path: Path) -> None:
    tree = {
        "stage/script.py": "import workflow_scripts.stage.near",
        "stage/near.py": "from ..common import other",
        "common/other.py": "from ..stage import near, script",
    }
    assert sources(tmp_path, tree) == COMMON | {"stage/near.py", "common/other.py"}


def test_what_a_package_imports_when_it_is_imported_counts(tmp_path: Path) -> None:
    """In an ``__init__.py`` one dot means the package itself, not the one above."""
    tree = {
        "stage/script.py": "import workflow_scripts.common.leaf",
        "common/__init__.py": "from . import other\nfrom .deep.well import water",
        "common/deep/__init__.py": "from ..deeper import stone",
        "common/deep/well.py": "",
        "common/deeper.py": "",
    }
    assert sources(tmp_path, tree) == COMMON | {
        "common/leaf.py",
        "common/other.py",
        "common/deep/__init__.py",
        "common/deep/well.py",
        "common/deeper.py",
    }


def test_the_packages_above_a_script_count_with_what_they_import(tmp_path: Path) -> None:
    tree = {"stage/script.py": "", "__init__.py": "import workflow_scripts.common.leaf"}
    assert sources(tmp_path, tree) == COMMON | {"common/leaf.py"}


def test_a_package_without_init_is_followed(tmp_path: Path) -> None:
    tree = {"stage/script.py": "from ..bare.inner import name", "bare/inner.py": ""}
    assert sources(tmp_path, tree) == ALONE | {"bare/inner.py"}


def test_imports_from_outside_the_project_are_ignored(tmp_path: Path) -> None:
    """Also where a module of the same name lies beside the script or in the root."""
    (tmp_path / "numpy.py").touch()
    (tmp_path / "common.py").touch()
    tree = {
        "stage/script.py": "import json, numpy as np\nimport common\nfrom near import value\n"
        "import workflow_scripts_of_others.common.leaf\n",
        "stage/numpy.py": "",
    }
    assert sources(tmp_path, tree) == ALONE


def test_text_that_looks_like_an_import_is_none(tmp_path: Path) -> None:
    tree = {"stage/script.py": '"""\nfrom . import near\n"""\n# from . import near\n'}
    assert sources(tmp_path, tree) == ALONE


def test_a_missing_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.py"):
        sources(tmp_path, {}, "stage/nowhere.py")


def test_the_project_has_scripts() -> None:
    assert "workflow_scripts/selection/select.py" in SCRIPTS
    assert len(SCRIPTS) >= 10


@pytest.mark.parametrize("script", SCRIPTS)
def test_sources_are_what_the_standard_library_finds_in_the_byte_code(script: str) -> None:
    finder = ModuleFinder([str(ROOT)])
    finder.import_hook(script.removesuffix(".py").replace("/", "."))
    found = {
        Path(module.__file__).relative_to(ROOT).as_posix()
        for name, module in finder.modules.items()
        if name.split(".")[0] == "workflow_scripts"
    }
    assert len(found) > 3
    assert set(source_files(script, ROOT)) == found


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """The project's files that Python loads for each script.

    One process imports them all, forgetting the project's modules between two scripts, because
    importing torch for each would take half a minute.
    """
    program = """
import importlib, json, sys
loaded = {}
for script in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "workflow_scripts"]:
        del sys.modules[name]
    importlib.import_module(script.removesuffix(".py").replace("/", "."))
    loaded[script] = [
        module.__file__
        for name, module in sys.modules.items()
        if name.split(".")[0] == "workflow_scripts"
    ]
print(json.dumps(loaded))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *SCRIPTS],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files: dict[str, list[str]] = json.loads(done.stdout)
    return {
        script: [Path(path).relative_to(ROOT).as_posix() for path in paths]
        for script, paths in files.items()
    }


@pytest.mark.parametrize("script", SCRIPTS)
def test_sources_hold_every_file_that_python_loads(
    loaded: dict[str, list[str]], script: str
) -> None:
    assert script in loaded[script]
    assert len(loaded[script]) > 3
    assert set(loaded[script]) <= set(source_files(script, ROOT))
