"""What the code of a job does, as a digest: the job reruns, and leaves kept work, when it changes.

The digest covers the syntax trees of a script and of every project module that it imports, and the
versions of the packages that these import. Both are read off the imports; nothing is run. Comments,
docstrings and layout are not in it, so that editing them reruns nothing.
"""

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflow_scripts.common.packages import packages_behind

PACKAGE = "workflow_scripts"


def code_digest(module: str, root: Path, versions: Mapping[str, str]) -> str:
    """A digest of what a module does when it runs: the same wherever and by whatever Python it is
    computed.

    Args:
        module: name of the module, such as ``"workflow_scripts.selection.select"``.
        root: the folder that holds the package ``workflow_scripts``.
        versions: of the packages that decide results, by the name under which they are installed;
            those that no module imports do not count.

    Returns:
        16 hexadecimal digits.

    Raises:
        ModuleNotFoundError: if there is no such module.
        SyntaxError: if one of the modules is no Python.
    """
    parsed = {path: _parsed(path, root) for path in source_files(module, root)}
    packages = {
        package
        for source in parsed.values()
        for name in source.packages
        for package in packages_behind(name)
    }
    parts = [f"{path} {source.digest}" for path, source in parsed.items()]
    parts += [f"{name}=={versions[name]}" for name in sorted(packages & versions.keys())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def source_files(module: str, root: Path) -> list[str]:
    """The files of a module and of every module of the project that it imports, transitively.

    Args:
        module: name of the module, such as ``"workflow_scripts.selection.select"``.
        root: the folder that holds the package ``workflow_scripts``.

    Returns:
        Paths relative to ``root``, sorted. The ``__init__.py`` of every package on the way is
        among them, because importing a module runs it. Imports inside functions count too.

    Raises:
        ModuleNotFoundError: if there is no such module.
        SyntaxError: if one of the modules is no Python.
    """
    waiting = _files(tuple(module.split(".")), root)
    own = module.replace(".", "/")
    if not {f"{own}.py", f"{own}/__init__.py"} & set(waiting):
        raise ModuleNotFoundError(f"there is no module {module} in {root}")
    found: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_parsed(path, root).files)
    return sorted(found)


@dataclass(frozen=True)
class _Source:
    """What a file says.

    Attributes:
        digest: of its syntax tree.
        files: of the project that it imports, relative to the root.
        packages: from outside the project that it imports, by the name in the statement.
    """

    digest: str
    files: frozenset[str]
    packages: frozenset[str]


@cache
def _parsed(path: str, root: Path) -> _Source:
    tree = ast.parse((root / path).read_text(encoding="utf-8"), filename=path)
    parts: list[str] = []
    imports: list[ast.Import | ast.ImportFrom] = []
    _write(tree, parts, imports)
    package = Path(path).parent.parts
    modules = {package}.union(*(_modules(statement, package) for statement in imports))
    return _Source(
        digest=hashlib.sha256(" ".join(parts).encode()).hexdigest(),
        files=frozenset(
            file for module in modules if module[:1] == (PACKAGE,) for file in _files(module, root)
        ),
        packages=frozenset(module[0] for module in modules if module[:1] not in ((), (PACKAGE,))),
    )


def _write(value: object, parts: list[str], imports: list[ast.Import | ast.ImportFrom]) -> None:
    """Append what a part of a syntax tree says, and the import statements in it.

    ``ast.dump`` and ``ast.unparse`` differ between versions of Python. This does not: a field that
    a later Python added is empty for code that an earlier one reads, and empty fields are left out.
    """
    if isinstance(value, ast.AST):
        if isinstance(value, ast.Import | ast.ImportFrom):
            imports.append(value)
        parts.append(type(value).__name__)
        for field in value._fields:
            child = getattr(value, field, None)
            if child is not None and child != []:
                parts.append(field)
                _write(child, parts, imports)
        parts.append(")")
    elif isinstance(value, list):
        parts.append("[")
        for item in value:
            if not _is_text(item):
                _write(item, parts, imports)
        parts.append("]")
    else:
        parts.append(ascii(value))


def _is_text(statement: object) -> bool:
    """Whether a statement is a string alone, as a docstring is; it does nothing."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _modules(
    statement: ast.Import | ast.ImportFrom, package: tuple[str, ...]
) -> set[tuple[str, ...]]:
    """The names of all modules that a statement in a file of a package may import."""
    if isinstance(statement, ast.Import):
        return {tuple(alias.name.split(".")) for alias in statement.names}
    base = package[: len(package) - statement.level + 1] if statement.level else ()
    module = (*base, *(statement.module.split(".") if statement.module else ()))
    # `from a import b` may name a module b of the package a, or a name inside a.
    return {module, *((*module, alias.name) for alias in statement.names)}


def _files(module: tuple[str, ...], root: Path) -> list[str]:
    """The file of a module, and the ``__init__.py`` of each package above it."""
    inits = [Path(*module[:depth], "__init__.py") for depth in range(1, len(module) + 1)]
    candidates = [*inits, Path(*module).with_suffix(".py")]
    return [path.as_posix() for path in candidates if (root / path).is_file()]
