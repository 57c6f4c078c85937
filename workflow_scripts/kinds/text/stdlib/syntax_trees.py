"""Where the words of a logical line stand in the syntax tree of their module."""

import ast
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from workflow_scripts.kinds.text.stdlib.logical_lines import Position, Word

# What may lie at the top of a logical line: statements, and parts of them with a line of their own.
Statement = ast.stmt | ast.excepthandler | ast.match_case
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Span = tuple[Position, Position]

# A literal with values put in is one word, so nothing inside it has words of its own.
_UNDIVIDED = {"JoinedStr", "TemplateStr"}


class SyntaxTree:
    """The syntax tree of a module, searched by position.

    The span of a node is that of ``ast``, but a definition begins with its first decorator, and
    what ``ast`` gives no position to (``arguments``, ``comprehension``, ``withitem``,
    ``match_case``) reaches from its first part to its last.
    """

    def __init__(self, source: str) -> None:
        self.module = ast.parse(source)
        self._lines = source.split("\n")
        self._inner: dict[ast.AST, tuple[list[Position], list[tuple[Span, ast.AST]]]] = {}

    def paths(self, line: Sequence[Word]) -> list[list[ast.AST]]:
        """For each word the nodes around it, from the module to the deepest that covers it."""
        return [self._path(word) for word in line]

    def _path(self, word: Word) -> list[ast.AST]:
        start, end = self._in_bytes(word.start), self._in_bytes(word.end)
        path: list[ast.AST] = [self.module]
        while True:
            starts, inner = self._inside(path[-1])
            place = bisect_right(starts, start) - 1
            if place < 0 or inner[place][0][1] < end:
                return path
            path.append(inner[place][1])

    def _inside(self, node: ast.AST) -> tuple[list[Position], list[tuple[Span, ast.AST]]]:
        """The children of a node that have a span, in the order of the source."""
        if node not in self._inner:
            spans = [(_span(child), child) for child in _children(node)]
            inner = sorted(
                ((span, child) for span, child in spans if span is not None),
                key=lambda item: item[0],
            )
            self._inner[node] = [span[0] for span, _ in inner], inner
        return self._inner[node]

    def _in_bytes(self, position: Position) -> Position:
        """``tokenize`` counts columns in characters, ``ast`` in bytes of UTF-8."""
        row, column = position
        text = self._lines[row - 1]
        return row, column if text.isascii() else len(text[:column].encode())


def line_top(paths: Sequence[Sequence[ast.AST]]) -> int:
    """How deep in the paths of a logical line's words its top is: the statement they share."""
    top = 0
    for depth, nodes in enumerate(zip(*paths, strict=False)):
        if any(node is not nodes[0] for node in nodes):
            break
        if isinstance(nodes[0], Statement):
            top = depth
    return top


def _children(node: ast.AST) -> Iterable[ast.AST]:
    return () if type(node).__name__ in _UNDIVIDED else ast.iter_child_nodes(node)


def _span(node: ast.AST) -> Span | None:
    if isinstance(node, ast.expr_context | ast.operator | ast.cmpop | ast.boolop | ast.unaryop):
        return None
    if isinstance(node, Definition) and node.decorator_list:
        # The @ stands right above def or class.
        start = node.decorator_list[0].lineno, node.col_offset
        return start, (node.end_lineno or 0, node.end_col_offset or 0)
    if hasattr(node, "lineno"):
        return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
    spans = [span for child in ast.iter_child_nodes(node) if (span := _span(child)) is not None]
    return (min(spans)[0], max(end for _, end in spans)) if spans else None
