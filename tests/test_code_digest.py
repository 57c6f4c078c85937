"""What counts as the code of a script: made-up packages, and the project itself."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from workflow_scripts.common.code_digest import code_digest, source_files
from workflow_scripts.common.packages import deciding_packages, packages_behind

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.glob("workflow_scripts/**/*.py")
    if "\nif __name__ ==" in path.read_text(encoding="utf-8")
)


def module_of(script: str) -> str:
    return script.removesuffix(".py").replace("/", ".")


Tree = dict[str, str]
EMPTY: Tree = {
    "__init__.py": "",
    "common/__init__.py": "",
    "common/leaf.py": "",
    "common/other.py": "",
    "stage/__init__.py": "",
    "stage/near.py": "value = 1\n",
}


def plant(root: Path, tree: Tree) -> None:
    """Write the files of a made-up package."""
    for name, text in (EMPTY | tree).items():
        path = root / "workflow_scripts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def sources(root: Path, tree: Tree, script: str = "stage.script") -> set[str]:
    """The sources of a script of a made-up package, without the package's own name."""
    plant(root, tree)
    found = source_files(f"workflow_scripts.{script}", root)
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
    with pytest.raises(ModuleNotFoundError, match=r"workflow_scripts\.stage\.nowhere"):
        sources(tmp_path, {}, "stage.nowhere")


def test_a_package_is_a_module_too(tmp_path: Path) -> None:
    tree = {"stage/__init__.py": "from .near import value"}
    assert sources(tmp_path, tree, "stage") == {
        "__init__.py",
        "stage/__init__.py",
        "stage/near.py",
    }


def test_an_import_from_above_the_project_is_ignored(tmp_path: Path) -> None:
    assert sources(tmp_path, {"stage/script.py": "from ... import common"}) == ALONE


def test_the_project_has_scripts() -> None:
    assert "workflow_scripts/selection/select.py" in SCRIPTS
    assert len(SCRIPTS) >= 10


@pytest.mark.parametrize("script", SCRIPTS)
def test_sources_are_what_the_standard_library_finds_in_the_byte_code(script: str) -> None:
    finder = ModuleFinder([str(ROOT)])
    finder.import_hook(module_of(script))
    found = {
        Path(module.__file__).relative_to(ROOT).as_posix()
        for name, module in finder.modules.items()
        if name.split(".")[0] == "workflow_scripts"
    }
    assert len(found) > 3
    assert set(source_files(module_of(script), ROOT)) == found


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
    assert set(loaded[script]) <= set(source_files(module_of(script), ROOT))


VERSIONS = {"numpy": "2.0", "pillow": "9", "torch": "3.1", "transformers": "5", "tokenizers": "1"}


def digest(root: Path, text: str, versions: Mapping[str, str] = VERSIONS, **tree: str) -> str:
    """The digest of a script of a made-up package that is written to a folder of its own."""
    folder = Path(tempfile.mkdtemp(dir=root))
    plant(folder, {"stage/script.py": text} | {f"common/{one}.py": tree[one] for one in tree})
    return code_digest("workflow_scripts.stage.script", folder, versions)


CODE = '''\
"""Adds."""

import math
from collections.abc import Sequence


class Adder:
    """Adds numbers."""

    start: float = 0.5

    def add(self, numbers: Sequence[float], scale: float = 2.0) -> float:
        """The sum of numbers."""
        total = self.start  # begin here
        for number in numbers:
            total += scale * number
        return f"{math.exp(total)!r:>{scale}}" + "it's"
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Adds."""', '"""Adds\n\nwith care.\n"""'),
        ('"""Adds."""\n', ""),
        ('    """Adds numbers."""\n', ""),
        ('        """The sum of numbers."""\n', ""),
        ("    start: float = 0.5\n", '    start: float = 0.5\n    "Where the sum begins."\n'),
        ("  # begin here", ""),
        ("for number in numbers:\n", "for number in numbers:\n\n            # one\n"),
        (
            "total += scale * number",
            "total += (\n                scale\n                * number\n            )",
        ),
        ('"it\'s"', "'it\\'s'"),
        ('"it\'s"', '"it" "\'s"'),
        ("scale: float = 2.0)", "scale: float = 2.0,\n    )"),
        ("2.0", "2.00"),
        ("\n", "\r\n"),
    ],
)
def test_what_does_nothing_leaves_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert digest(tmp_path, CODE.replace(old, new)) == digest(tmp_path, CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5", "0.25"),
        ("2.0", "2"),
        ("total", "result"),
        ("class Adder", "class Sum"),
        ("scale: float", "factor: float"),
        ("scale: float", "scale: int"),
        (" = 2.0) ->", ") ->"),
        ("numbers: Seq", "*, numbers: Seq"),
        ("    def add", "    @staticmethod\n    def add"),
        ("math.exp", "math.exp2"),
        ("import math", "import cmath as math"),
        (" + ", " - "),
        (" += ", " -= "),
        ("it's", "its"),
        ("!r:", "!s:"),
        ("start: float = 0.5", "start: float"),
        (
            "            total += scale * number\n        return",
            "            total += scale * number\n            return",
        ),
    ],
)
def test_what_may_do_something_changes_the_digest(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert digest(tmp_path, CODE.replace(old, new)) != digest(tmp_path, CODE)


@pytest.mark.parametrize(
    "texts",
    [
        ("f(1)", "f('1')", "f(True)", "f(b'1')", "f(1.0)", "f(1j)"),
        ("a = b, c", "a, b = c", "a = b = c", "a = [b, c]"),
        ("f(None)", "f()", "f(*a)", "f(**a)"),
        ("{'a': b}", "{**b}", "{'a', b}", "{'a': None}"),
        ("def f(a, /): 1", "def f(*, a): 1", "def f(a): 1", "def f(*a): 1", "async def f(a): 1"),
        ("if a:\n b\nc", "if a:\n b\n c", "if a:\n b\nelse:\n c", "while a:\n b\nc"),
        ("from . import near", "from .near import value", "from .near import *"),
        ("a[b:c]", "a[b::c]", "a[:b:c]", "a[b, c]"),
        ("f('a b')", "f('a', 'b')", "f('a] [b')", "f(\"a' 'b\")"),
    ],
)
def test_different_code_has_different_digests(tmp_path: Path, texts: tuple[str, ...]) -> None:
    assert len({digest(tmp_path, text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    "statement",
    [
        "from workflow_scripts.common import leaf",
        "from workflow_scripts.common.leaf import value",
        "import workflow_scripts.common.leaf",
        "def late():\n    from ..common import leaf\n",
    ],
)
def test_the_code_of_imported_modules_counts(tmp_path: Path, statement: str) -> None:
    """However they are imported, and directly or not; what nobody imports does not count."""
    before = digest(tmp_path, statement, leaf="value = 1", other="value = 1")
    assert digest(tmp_path, statement, leaf="value = 1  # one", other="value = 2") == before
    assert digest(tmp_path, statement, leaf="value = 2", other="value = 1") != before
    through = {"leaf": "from .other import value"}
    one, two = (digest(tmp_path, statement, **through, other=f"value = {n}") for n in (1, 2))
    assert one != two


def test_where_code_stands_counts(tmp_path: Path) -> None:
    """The same two texts the other way round are other code."""
    text = "from ..common import leaf, other"
    one = digest(tmp_path, text, leaf="value = 1", other="value = 2")
    assert digest(tmp_path, text, leaf="value = 2", other="value = 1") != one


def changed_by(root: Path, text: str, **tree: str) -> set[str]:
    """The packages of which another version changes the digest."""
    before = digest(root, text, **tree)
    return {
        name for name in VERSIONS if digest(root, text, VERSIONS | {name: "0"}, **tree) != before
    }


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("import json", set()),
        ("import numpy as np", {"numpy"}),
        ("from numpy.linalg import eigh", {"numpy"}),
        ("def late():\n    import torch.nn\n", {"torch"}),
        ("from PIL import Image", {"pillow"}),
        ("from transformers import AutoModel", {"transformers", "tokenizers", "pillow"}),
        ("from tokenizers import Tokenizer", {"tokenizers"}),
        ("# import numpy", set()),
        ("import numpy_financial, workflow_scripts.torch", set()),
        ("from . import numpy", set()),
    ],
)
def test_versions_count_where_packages_are_imported(
    tmp_path: Path, text: str, packages: set[str]
) -> None:
    assert changed_by(tmp_path, text) == packages
    through = {"leaf": "def late():\n    from . import other\n", "other": text}
    assert changed_by(tmp_path, "from ..common import leaf", **through) == packages
    assert changed_by(tmp_path, "import workflow_scripts.common", **through) == set()


def test_a_package_without_a_known_version_does_not_count(tmp_path: Path) -> None:
    assert digest(tmp_path, "import numpy, tqdm", {}) == digest(
        tmp_path, "import numpy, tqdm", {"torch": "1"}
    )


def test_a_package_is_told_from_another_with_its_version(tmp_path: Path) -> None:
    text = "import numpy, torch"
    one = digest(tmp_path, text, {"numpy": "1", "torch": "2"})
    assert digest(tmp_path, text, {"numpy": "2", "torch": "1"}) != one


def test_modules_that_import_each_other_have_a_digest(tmp_path: Path) -> None:
    text, other = "from ..common import other", "from ..stage import script\nimport numpy"
    assert digest(tmp_path, text, other=other) != digest(tmp_path, text, other=other + ", torch")


def test_a_job_computes_the_same_digest_as_the_plan(tmp_path: Path) -> None:
    """Another process, another working directory, another order of sets, a copy elsewhere."""
    copied = tmp_path / "another place"
    shutil.copytree(ROOT / "workflow_scripts", copied / "workflow_scripts")
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from workflow_scripts.common.code_digest import code_digest;"
        "root = Path(sys.argv[1]);"
        "print(code_digest('workflow_scripts.covariance.estimate', root, {'numpy': '1'}))"
    )
    here = code_digest("workflow_scripts.covariance.estimate", ROOT, {"numpy": "1"})
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(copied)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == here


def test_every_import_is_of_a_requirement_or_of_what_comes_with_one() -> None:
    """So that no version is overlooked because a package is imported by another name."""
    required = set(
        re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    )
    assert set(deciding_packages()) < required
    for path in ROOT.glob("workflow_scripts/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import():
                    names = [alias.name for alias in node.names]
                case ast.ImportFrom(level=0, module=str(module)):
                    names = [module]
                case _:
                    continue
            for name in {name.split(".")[0] for name in names}:
                if name in sys.stdlib_module_names or name == "workflow_scripts":
                    continue
                package, *_ = packages_behind(name)
                assert package in required | COMES_WITH.keys(), f"{path}: {name}"


# Packages of which no version counts, as those that bring them are pinned.
COMES_WITH = {
    "markupsafe": "jinja2",
    "pydantic-core": "pydantic",
    "snakemake-interface-logger-plugins": "snakemake",
}


def test_packages_work_only_through_requirements() -> None:
    behind = {one for name in deciding_packages() for one in packages_behind(name)}
    assert behind == set(deciding_packages())
