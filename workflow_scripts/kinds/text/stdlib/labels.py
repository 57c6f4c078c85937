"""Gold labels of the words of a logical line, from ``tokenize``, ``ast`` and ``symtable``.

They serve eight tasks of the kinds of Huang, Qiu and Church (2021), table 2. The labels of a word
follow from the deepest node of the syntax tree that covers it, and from the nodes around that.
They are facts about the code, not an annotator's view; only what a name of another module is goes
by convention.
"""

import ast
import keyword
import math
import token
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

from workflow_scripts.kinds.text.stdlib.logical_lines import Word
from workflow_scripts.kinds.text.stdlib.names import Binding, Comprehension, ModuleNames
from workflow_scripts.kinds.text.stdlib.syntax_trees import Statement, SyntaxTree, line_top

# A kind of span and what tells one span from the next; a span is an unbroken run of equal ones.
Mark = tuple[str, int] | None

Path = Sequence[ast.AST]

_Function = ast.FunctionDef | ast.AsyncFunctionDef

# The parts of speech, by coarse class.
CLASSES = {
    "NAME": "ARGUMENT ATTRIBUTE CALLED CLASS FIELD FUNCTION IMPORTED METHOD MODULE PARAMETER "
    "TARGET VARIABLE",
    "KEYWORD": "BRANCH DEFINE ERROR FLOW IMPORT INLINE LOOP SCOPE WITH",
    "LITERAL": "CONSTANT NUMBER STRING",
    "OPERATOR": "ARITHMETIC ASSIGN BIND COMPARE DECORATOR HINT LOGIC SIGN STAR",
    "BRACKET": "CLOSE OPEN",
    "SEPARATOR": "BLOCK COLON COMMA DOT",
}
_COARSE = {label: coarse for coarse, labels in CLASSES.items() for label in labels.split()}

# Keywords by the node that they belong to; those of any other are FLOW.
_KEYWORD_OWNERS: dict[str, tuple[type[ast.AST], ...]] = {
    "BRANCH": (ast.If, ast.Match, ast.match_case, ast.pattern),
    "COMPARE": (ast.Compare,),
    "DEFINE": (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    "ERROR": (ast.Try, ast.TryStar, ast.ExceptHandler, ast.Raise, ast.Assert),
    "IMPORT": (ast.Import, ast.ImportFrom, ast.alias),
    "INLINE": (ast.IfExp, *get_args(Comprehension), ast.comprehension),
    "LOGIC": (ast.BoolOp, ast.UnaryOp),
    "LOOP": (ast.For, ast.AsyncFor, ast.While),
    "SCOPE": (ast.Delete, ast.Global, ast.Nonlocal),
    "WITH": (ast.With, ast.AsyncWith, ast.withitem),
}


@dataclass(frozen=True)
class Tree:
    """A node of the syntax tree with its parts: nodes, or numbers of words."""

    label: str
    parts: list["Tree | int"]


@dataclass(frozen=True)
class LabelledLine:
    """A logical line and its labels, one a word.

    Attributes:
        classes: part of speech: what kind of token a word is at its place.
        coarse: the same in few classes; NAME for every name.
        chunks: flat phrases; see :func:`chunk`.
        entities: MODULE, CLASS, EXC and FUNC; see :func:`entity`.
        roles: what a name is bound to, and the coarse class of other words.
        sizes: on calls and operators, how much of the line they govern: log2 of the number of
            words of that expression, less 3, so that 8 words give 0. None on other words.
        tree: the statement, down to numbers of words.
    """

    words: list[str]
    classes: list[str]
    coarse: list[str]
    chunks: list[Mark]
    entities: list[Mark]
    roles: list[str]
    sizes: list[float | None]
    tree: Tree


def label_line(line: Sequence[Word], tree: SyntaxTree, names: ModuleNames) -> LabelledLine:
    """All labels of one logical line of a module."""
    paths = tree.paths(line)
    classes = [word_class(word, path) for word, path in zip(line, paths, strict=True)]
    words = list(zip(line, paths, classes, strict=True))
    return LabelledLine(
        words=[word.text for word in line],
        classes=classes,
        coarse=[_COARSE[label] for label in classes],
        chunks=[chunk(path, label) for _, path, label in words],
        entities=[entity(*item, names) for item in words],
        roles=[role(*item, names) for item in words],
        sizes=governed(paths, classes),
        tree=_subtree(paths, range(len(line)), line_top(paths)),
    )


def word_class(word: Word, path: Path) -> str:
    """The part of speech of a word: one of :data:`CLASSES`, such as CALLED or HINT."""
    node = path[-1]
    if word.kind == token.NUMBER:
        return "NUMBER"
    if word.kind == token.STRING:
        return "STRING"
    if word.text in ("None", "True", "False") or (
        word.text == "..." and isinstance(node, ast.Constant)
    ):
        return "CONSTANT"
    if word.kind == token.OP:
        return _operator_class(word.text, node)
    # match and case are keywords only where they head a line.
    if keyword.iskeyword(word.text) or isinstance(node, ast.Match):
        owned = (name for name, owners in _KEYWORD_OWNERS.items() if isinstance(node, owners))
        return next(owned, "FLOW")
    return _name_class(path)


def _operator_class(text: str, node: ast.AST) -> str:
    if text in "([{":
        return "OPEN"
    if text in ")]}":
        return "CLOSE"
    if text == ",":
        return "COMMA"
    if text in (".", "..."):
        return "DOT"
    if text == "->" or (text == ":" and isinstance(node, ast.AnnAssign | ast.arg)):
        return "HINT"
    if text == ":":
        return "BLOCK" if isinstance(node, Statement) else "COLON"
    if text == "=":
        binds = isinstance(node, ast.keyword | ast.arguments | ast.MatchClass)
        return "BIND" if binds else "ASSIGN"
    if text == ":=" or isinstance(node, ast.AugAssign):
        return "ASSIGN"
    if isinstance(node, ast.Compare):
        return "COMPARE"
    if isinstance(node, ast.UnaryOp):
        return "SIGN"
    if isinstance(node, ast.BinOp | ast.MatchOr):
        return "ARITHMETIC"
    return "DECORATOR" if text == "@" else "STAR"


def _name_class(path: Path) -> str:
    parent, node = path[-2:]
    called = isinstance(parent, ast.Call) and parent.func is node
    match node:
        case ast.Name(ctx=ast.Load()):
            return "CALLED" if called else "VARIABLE"
        case ast.Attribute(ctx=ast.Load()):
            return "METHOD" if called else "ATTRIBUTE"
        case ast.Attribute():
            return "FIELD"
        case ast.Name() | ast.ExceptHandler() | ast.pattern():
            return "ARGUMENT" if isinstance(node, ast.MatchClass) else "TARGET"
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return "FUNCTION"
        case ast.ClassDef():
            return "CLASS"
        case ast.arg():
            return "PARAMETER"
        case ast.keyword():
            return "ARGUMENT"
        case ast.alias():
            return "MODULE" if isinstance(parent, ast.Import) else "IMPORTED"
        case ast.ImportFrom():
            return "MODULE"
    return "VARIABLE"  # in global and nonlocal


def chunk(path: Path, label: str) -> Mark:
    """The flat phrase that a word of a class is in.

    CALL, TARGET and NAME: names with dots between, which are called, bound, or neither. DEF: the
    words up to the name that is defined. PARAM: a parameter with its type hint. KEY: the name of
    an argument and its ``=``. LIT: literals in a row, or a number and its sign. REL: a comparison.
    PATH: what an import names, with ``as``.
    """
    parent, node = path[-2:]
    hinted = next((outer for outer in path if isinstance(outer, ast.arg)), None)
    if hinted is not None:
        return "PARAM", id(hinted)
    match node:
        # Brackets around what an attribute is of belong to its node.
        case ast.Name() | ast.Attribute() if label not in ("OPEN", "CLOSE"):
            return _name_chain(path)
        case ast.Constant() | ast.JoinedStr():
            return "LIT", id(parent if isinstance(parent, ast.UnaryOp) else node)
        case ast.UnaryOp(operand=ast.Constant()) if label == "SIGN":
            return "LIT", id(node)
        case ast.Compare() if label == "COMPARE":
            return "REL", id(node)
        case ast.keyword() if label in ("ARGUMENT", "BIND"):
            return "KEY", id(node)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return ("DEF", id(node)) if label in ("DEFINE", "FUNCTION", "CLASS") else None
        case ast.alias():
            return "PATH", id(node)
        case ast.ImportFrom() if label in ("MODULE", "DOT"):
            return "PATH", id(node)
        case ast.ExceptHandler() | ast.pattern() if label == "TARGET":
            return "TARGET", id(node)
    return None


def _name_chain(path: Path) -> Mark:
    top = len(path) - 1
    while isinstance(path[top - 1], ast.Attribute):
        top -= 1
    kind = _name_class(path[: top + 1])
    chunks = {"CALLED": "CALL", "METHOD": "CALL", "TARGET": "TARGET", "FIELD": "TARGET"}
    return chunks.get(kind, "NAME"), id(path[top])


def entity(word: Word, path: Path, label: str, names: ModuleNames) -> Mark:
    """The named entity that a word is in.

    MODULE: modules, in imports and wherever a name stands for one; dots inside belong to it.
    CLASS, EXC (exceptions) and FUNC: names bound to one in this module or in ``builtins``; names
    of other modules by convention (:meth:`ModuleNames.member_entity`); methods of the class
    around, called ``self.…`` or ``cls.…``.
    """
    node = path[-1]
    kind = ""
    match node:
        case ast.Name():
            kind = names.entity(node.id, names.binding(node.id, path))
        case ast.Attribute() if label not in ("OPEN", "CLOSE"):
            if names.dotted_module(node, path):
                kind = "MODULE"
            elif label != "DOT":
                kind = _attribute_entity(node, path, names)
        case ast.FunctionDef() | ast.AsyncFunctionDef() if label == "FUNCTION":
            kind = "FUNC"
        case ast.ClassDef() if label == "CLASS":
            kind = names.class_entity(node.name)
        case ast.alias() if label in ("MODULE", "DOT"):
            kind = "MODULE"
        case ast.alias() if label == "IMPORTED":
            kind = names.entity(node.asname or node.name, Binding("IMPORTED"))
        case ast.ImportFrom() if label in ("MODULE", "DOT"):
            kind = "MODULE"
        case ast.Global() | ast.Nonlocal() if label == "VARIABLE":
            kind = names.entity(word.text, names.binding(word.text, path))
    if kind != "MODULE" or not isinstance(node, ast.Name | ast.Attribute):
        return (kind, id(node)) if kind else None
    # All words of os . path are of one span: that of the longest module.
    top: ast.AST = node
    for outer in reversed(path[:-1]):
        if not names.dotted_module(outer, path):
            break
        top = outer
    return kind, id(top)


def _attribute_entity(node: ast.Attribute, path: Path, names: ModuleNames) -> str:
    if names.dotted_module(node.value, path):
        return names.member_entity(node.attr, node.attr)
    if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
        around = [outer for outer in path if isinstance(outer, ast.ClassDef)]
        parts = around[-1].body if around else []
        methods = [part.name for part in parts if isinstance(part, _Function)]
        return "FUNC" if node.attr in methods else ""
    return ""


def role(word: Word, path: Path, label: str, names: ModuleNames) -> str:
    """What a name is bound to, as :class:`Binding` has it; of other words their coarse class.

    Names that bind nothing are ATTRIBUTE, ARGUMENT (the name of one) or MODULE (in imports);
    literals are told apart.
    """
    node = path[-1]
    if _COARSE[label] == "LITERAL":
        return label
    if _COARSE[label] != "NAME":
        return _COARSE[label]
    match node:
        case ast.Attribute():
            return "ATTRIBUTE"
        case ast.arg():
            return "PARAMETER"
        case ast.keyword() | ast.MatchClass():
            return "ARGUMENT"
        case ast.ImportFrom():
            return "MODULE"
        case ast.alias() if word.text != (node.asname or node.name.partition(".")[0]):
            return "MODULE" if label == "MODULE" else "ATTRIBUTE"
    return names.binding(word.text, path).role


def governed(paths: Sequence[Path], classes: Sequence[str]) -> list[float | None]:
    """How much of the line the called names and the operators govern; see the class above."""
    sizes: list[float | None] = []
    for number, (path, label) in enumerate(zip(paths, classes, strict=True)):
        head = None
        if label in ("CALLED", "METHOD"):
            head = path[-2]
        elif label in ("ARITHMETIC", "COMPARE", "LOGIC"):
            # Of "is not" and "not in" the first word is the operator.
            second = number > 0 and paths[number - 1][-1] is path[-1]
            head = None if second and classes[number - 1] == label else path[-1]
        count = sum(head in other for other in paths)
        sizes.append(math.log2(count) - 3 if count else None)
    return sizes


def _subtree(paths: Sequence[Path], numbers: Sequence[int], depth: int) -> Tree:
    """The tree below the node that the paths of these neighbouring words share at ``depth``."""
    parts: list[Tree | int] = []
    for inner, group in groupby(numbers, key=lambda number: paths[number][depth + 1 :][:1]):
        if inner:
            parts.append(_subtree(paths, list(group), depth + 1))
        else:
            parts.extend(group)
    return Tree(type(paths[numbers[0]][depth]).__name__, parts)
