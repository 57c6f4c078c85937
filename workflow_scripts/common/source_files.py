"""Which project files a script consists of, read off its imports without running it.

A rule lists these files as inputs, so that Snakemake, which tracks inputs by content, reruns
exactly the jobs whose code was edited.
"""

import ast
from functools import cache
from pathlib import Path

PACKAGE = "workflow_scripts"


def source_files(script: str, root: Path) -> list[str]:
    """The script and every module of the project that it imports, transitively.

    Args:
        script: path of the script, relative to ``root``, such as
            ``"workflow_scripts/selection/select.py"``.
        root: the folder that holds the package ``workflow_scripts``.

    Returns:
        Paths relative to ``root``, sorted. The ``__init__.py`` of every package on the way is
        among them, because importing a module runs it. Imports inside functions count too.

    Raises:
        FileNotFoundError: if there is no such script.
    """
    found: set[str] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported_files(path, root))
    return sorted(found)


@cache
def _imported_files(path: str, root: Path) -> frozenset[str]:
    tree = ast.parse((root / path).read_text(encoding="utf-8"), filename=path)
    package = Path(path).parent.parts
    modules: set[tuple[str, ...]] = {package}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            # `from a import b` may name a module b of the package a, or a name inside a.
            modules.update([module, *((*module, alias.name) for alias in node.names)])
    return frozenset(
        file for module in modules if module[:1] == (PACKAGE,) for file in _files(module, root)
    )


def _files(module: tuple[str, ...], root: Path) -> list[str]:
    """The file of a module, and the ``__init__.py`` of each package above it."""
    inits = [Path(*module[:depth], "__init__.py") for depth in range(1, len(module) + 1)]
    candidates = [*inits, Path(*module).with_suffix(".py")]
    return [path.as_posix() for path in candidates if (root / path).is_file()]
