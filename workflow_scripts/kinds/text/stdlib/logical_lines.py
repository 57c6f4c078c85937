"""Python source as sentences: logical lines of code, whose words are tokens.

Comments are dropped. A string literal becomes the empty one of its kind (``""``, ``b""`` or
``f""``), so that no word holds a blank; with that, a sentence is still Python.
"""

import io
import string
import token
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

Position = tuple[int, int]  # line from 1, column from 0

# Python 3.12 cut f-strings into tokens, 3.14 has template strings; both are one word here.
_LITERAL_STARTS = {
    getattr(token, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(token, name)
}
_LITERAL_ENDS = {
    getattr(token, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(token, name)
}
_NO_WORDS = {
    token.COMMENT,
    token.DEDENT,
    token.ENCODING,
    token.ENDMARKER,
    token.INDENT,
    token.NL,
}


class Word(NamedTuple):
    """A token of code.

    Attributes:
        kind: ``token.NAME`` (keywords too), ``OP``, ``NUMBER`` or ``STRING``.
        start: where it begins, in characters, as ``tokenize`` counts.
        end: where it ends.
    """

    text: str
    kind: int
    start: Position
    end: Position


def logical_lines(source: str) -> Iterator[list[Word]]:
    """The logical lines of a module, in order."""
    line: list[Word] = []
    literal: list[tokenize.TokenInfo] = []  # the starts of f-strings that are open
    for item in tokenize.generate_tokens(io.StringIO(source).readline):
        if item.type in _LITERAL_STARTS:
            literal.append(item)
        elif item.type in _LITERAL_ENDS:
            opening = literal.pop()
            if not literal:
                text = empty_literal(opening.string)
                line.append(Word(text, token.STRING, opening.start, item.end))
        elif literal or item.type in _NO_WORDS:
            continue
        elif item.type == token.NEWLINE:
            yield line
            line = []
        elif item.type == token.STRING:
            line.append(Word(empty_literal(item.string), token.STRING, item.start, item.end))
        else:
            line.append(Word(item.string, item.type, item.start, item.end))


def empty_literal(literal: str) -> str:
    """The empty literal of the same kind: text, bytes, or text with values put in."""
    prefix = literal[: len(literal) - len(literal.lstrip(string.ascii_letters))].lower()
    return next((kind for kind in "bft" if kind in prefix), "") + '""'


def is_sentence(line: list[Word], minimum: int, maximum: int) -> bool:
    """Whether a logical line has so many words and is one statement.

    The word ``~`` is left out because it parts words in the format of semantic tagging.
    """
    return minimum <= len(line) <= maximum and all(word.text not in ("~", ";") for word in line)
