"""What the names of a module are bound to, as ``symtable`` says."""

import ast
import builtins
import symtable
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workflow_scripts.kinds.text.stdlib.modules import Module
from workflow_scripts.kinds.text.stdlib.syntax_trees import Definition, Statement

# No instance such as exit, which the module site adds or not.
_BUILTINS = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type | types.BuiltinFunctionType)
    or name in ("Ellipsis", "NotImplemented", "__debug__")
}
_EXCEPTION_ENDINGS = ("Error", "Exception", "Warning")
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Binding:
    """What a name means at one place.

    Attributes:
        role: BUILTIN; or by where it is bound, seen from there: GLOBAL (the module), IMPORTED
            (an import, in any scope), LOCAL or PARAMETER (this function), FREE (a function
            around this one), MEMBER (this class).
        symbol: of the scope that binds it; none for builtins and for the inner names of lambda
            expressions and comprehensions.
    """

    role: str
    symbol: symtable.Symbol | None = None


class ModuleNames:
    """The scopes, imports and classes of a module.

    Args:
        called: names that the module calls, anywhere.
        known: dotted names that are modules.
    """

    def __init__(
        self, module: Module, source: str, tree: ast.Module, called: set[str], known: set[str]
    ) -> None:
        self._table = symtable.symtable(source, str(module.path), "exec")
        self._module = module
        self._called = called
        self._known = known
        self._scopes: dict[ast.AST, symtable.SymbolTable] = {}
        self._imports: dict[str, tuple[str, str]] = {}
        self._exceptions: set[str] = set()
        for statement in _statements(tree):
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    self._imports[alias.asname or whole] = whole, ""
            elif isinstance(statement, ast.ImportFrom):
                origin = self._origin(statement)
                for alias in statement.names:
                    self._imports[alias.asname or alias.name] = origin, alias.name
            elif isinstance(statement, ast.ClassDef) and self._is_exception_class(statement):
                self._exceptions.add(statement.name)

    def _origin(self, statement: ast.ImportFrom) -> str:
        """The module that ``from … import`` names, be it a relative import."""
        if not statement.level:
            return statement.module or ""
        package = self._module.package.split(".")
        parts = package[: len(package) - statement.level + 1]
        return ".".join([*parts, statement.module] if statement.module else parts)

    def binding(self, name: str, path: Sequence[ast.AST]) -> Binding:
        """What a name is bound to.

        Lambda expressions and comprehensions count as parts of the function around them.

        Args:
            path: the nodes around the name, from the module to the one that holds it.
        """
        name = _mangled(name, path)
        scopes, inner = self._scopes_of(path)
        for node in reversed(inner):
            role = _inner_role(name, node)
            if role:
                return Binding(role)
        innermost = scopes[-1]
        free = False
        for table in reversed(scopes[1:]):
            if table.get_type() == "class" and (table is not innermost or inner):
                continue
            try:
                symbol = table.lookup(name)
            except KeyError:
                continue
            if symbol.is_free():
                free = True
                continue
            if not symbol.is_local():
                break
            if symbol.is_parameter() and table is innermost:
                return Binding("PARAMETER", symbol)
            if symbol.is_imported():
                return Binding("IMPORTED", symbol)
            if table is not innermost:
                return Binding("FREE", symbol)
            return Binding("MEMBER" if table.get_type() == "class" else "LOCAL", symbol)
        return Binding("FREE") if free else self._global_binding(name)

    def dotted_module(self, node: ast.AST, path: Sequence[ast.AST]) -> str:
        """The module that an expression such as ``os.path`` stands for; empty if for none."""
        if isinstance(node, ast.Name):
            binding = self.binding(node.id, path)
            return self.imported_module(node.id) if binding.role == "IMPORTED" else ""
        if isinstance(node, ast.Attribute):
            return self.member_module(self.dotted_module(node.value, path), node.attr)
        return ""

    def imported_module(self, name: str) -> str:
        """The module that an imported name stands for; empty if it is something of a module."""
        origin, member = self._imports.get(name, ("", ""))
        return self.member_module(origin, member) if member else origin

    def member_module(self, module: str, member: str) -> str:
        """The module ``member`` of a package; empty if it is something else."""
        dotted = f"{module}.{member}"
        return dotted if module and dotted in self._known else ""

    def entity(self, name: str, binding: Binding) -> str:
        """MODULE, CLASS, EXC or FUNC where a name is bound to one, else empty."""
        if binding.role == "BUILTIN":
            return _builtin_entity(name)
        if binding.role == "IMPORTED":
            if self.imported_module(name):
                return "MODULE"
            return self.member_entity(self._imports.get(name, ("", name))[1], name)
        if binding.symbol is None or not binding.symbol.is_namespace():
            return ""
        if binding.symbol.get_namespaces()[0].get_type() != "class":
            return "FUNC"
        return self.class_entity(name)

    def class_entity(self, name: str) -> str:
        """EXC or CLASS, for a class of this module."""
        return "EXC" if name in self._exceptions else "CLASS"

    def member_entity(self, name: str, used_as: str) -> str:
        """What a name of another module is by the conventions of PEP 8.

        EXC by its ending, CLASS if it is in CapWords, FUNC if this module calls it, else empty.
        """
        if name.endswith(_EXCEPTION_ENDINGS):
            return "EXC"
        if name.lstrip("_")[:1].isupper() and not name.isupper():
            return "CLASS"
        return "FUNC" if used_as in self._called else ""

    def _is_exception_class(self, node: ast.ClassDef) -> bool:
        bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
        return any(
            name in self._exceptions
            or name.endswith(_EXCEPTION_ENDINGS)
            or _builtin_entity(name) == "EXC"
            for name in [node.name, *bases]
        )

    def _global_binding(self, name: str) -> Binding:
        try:
            symbol = self._table.lookup(name)
        except KeyError:
            symbol = None
        if symbol is not None and symbol.is_imported():
            return Binding("IMPORTED", symbol)
        if symbol is not None and symbol.is_assigned():
            return Binding("GLOBAL", symbol)
        return Binding("BUILTIN" if name in _BUILTINS else "GLOBAL")

    def _scopes_of(
        self, path: Sequence[ast.AST]
    ) -> tuple[list[symtable.SymbolTable], list[ast.AST]]:
        """The tables around a place, and the lambdas and comprehensions below the last of them."""
        tables: list[symtable.SymbolTable] = [self._table]
        inner: list[ast.AST] = []
        for depth, (node, below) in enumerate(pairwise(path)):
            if isinstance(node, Definition):
                if below in node.body:
                    tables.append(self._scope(node, tables[-1]))
                    inner = []
            elif isinstance(node, ast.Lambda):
                if below is node.body:
                    inner.append(node)
            elif isinstance(node, Comprehension):
                # What the first for goes over belongs to the scope outside.
                first = node.generators[0]
                if below is not first or path[depth + 2 : depth + 3] != [first.iter]:
                    inner.append(node)
        return tables, inner

    def _scope(self, node: Definition, around: symtable.SymbolTable) -> symtable.SymbolTable:
        if node not in self._scopes:
            self._scopes[node] = next(
                table
                for table in _tables_below(around)
                if table.get_type() == ("class" if isinstance(node, ast.ClassDef) else "function")
                and table.get_name() == node.name
                and table.get_lineno() == node.lineno
            )
        return self._scopes[node]


def _tables_below(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    # Not only the children, because type parameters have a table in between.
    for child in table.get_children():
        yield child
        yield from _tables_below(child)


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """All statements below a node, in the order of the source."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, Statement):
            yield from _statements(child)


def _mangled(name: str, path: Sequence[ast.AST]) -> str:
    """The name that Python makes of a private one inside a class."""
    if not name.startswith("__") or name.endswith("__"):
        return name
    classes = [
        node.name
        for node, below in pairwise(path)
        if isinstance(node, ast.ClassDef) and below in node.body
    ]
    return f"_{classes[-1].lstrip('_')}{name}" if classes else name


def _inner_role(name: str, node: ast.AST) -> str:
    """LOCAL or PARAMETER where a comprehension or lambda expression binds the name itself."""
    if isinstance(node, ast.Lambda):
        names = {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
        return "PARAMETER" if name in names else ""
    targets = [generator.target for generator in getattr(node, "generators", [])]
    names = {
        part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)
    }
    return "LOCAL" if name in names else ""


def _builtin_entity(name: str) -> str:
    value = _BUILTINS.get(name)
    if isinstance(value, type):
        return "EXC" if issubclass(value, BaseException) else "CLASS"
    return "FUNC" if isinstance(value, types.BuiltinFunctionType) else ""
