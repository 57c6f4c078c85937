"""The embedded text: sentences of code and their gold labels, here labelled by hand."""

import ast
import json
import math
import types
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.sentences import read_sentences
from workflow_scripts.kinds.text.stdlib.labels import CLASSES, LabelledLine, Mark, Tree, label_line
from workflow_scripts.kinds.text.stdlib.logical_lines import Word, is_sentence, logical_lines
from workflow_scripts.kinds.text.stdlib.modules import (
    SHARES,
    THEMES,
    Module,
    known_modules,
    library_folder,
    library_modules,
    share_out_modules,
)
from workflow_scripts.kinds.text.stdlib.settings import DOMAINS, StdlibSource
from workflow_scripts.kinds.text.stdlib.syntax_trees import Definition, SyntaxTree
from workflow_scripts.kinds.text.stdlib.write_stdlib import (
    Code,
    draw_sentences,
    main,
    read_code,
    text_of,
)
from workflow_scripts.kinds.text.stdlib.writers import (
    TASK_FILES,
    conll2000,
    conll2003,
    conllx,
    factuality,
    iob1,
    iob2,
    tagged,
    trees,
)

KNOWN = {"os", "os.path", "sys", "pkg", "pkg.errors", "pkg.sub", "pkg.sub.mod"}


def labelled(source: str) -> list[LabelledLine]:
    """Every logical line of a module pkg.sub.mod."""
    module = Module("pkg.sub.mod", "text", Path("pkg/sub/mod.py"))
    code = Code(module, source, list(logical_lines(source)))
    tree = SyntaxTree(source)
    names = code.names(tree, KNOWN)
    return [label_line(line, tree, names) for line in code.lines]


def with_words(line: LabelledLine, labels: Sequence[object]) -> str:
    return " ".join(f"{word}/{label}" for word, label in zip(line.words, labels, strict=True))


def classes(source: str) -> list[str]:
    return [with_words(line, line.classes) for line in labelled(source)]


def roles(source: str) -> list[str]:
    """Only those of names."""
    return [
        " ".join(
            f"{word}/{role}"
            for word, role, coarse in zip(line.words, line.roles, line.coarse, strict=True)
            if coarse == "NAME"
        )
        for line in labelled(source)
    ]


def spans(words: Sequence[str], marks: Sequence[Mark]) -> list[str]:
    """What is marked, as ``KIND words``."""
    found: list[str] = []
    for word, tag in zip(words, iob2(marks), strict=True):
        if tag.startswith("B-"):
            found.append(f"{tag[2:]} {word}")
        elif tag != "O":
            found[-1] += f" {word}"
    return found


def chunks(source: str) -> list[list[str]]:
    return [spans(line.words, line.chunks) for line in labelled(source)]


def entities(source: str) -> list[list[str]]:
    return [spans(line.words, line.entities) for line in labelled(source)]


def bracketed(source: str) -> list[str]:
    """The trees without the classes above the words."""

    def text(part: Tree | int, words: list[str]) -> str:
        if isinstance(part, int):
            return words[part]
        return f"({part.label} {' '.join(text(inner, words) for inner in part.parts)})"

    return [text(line.tree, line.words) for line in labelled(source)]


# Sentences


def sentences(source: str) -> list[str]:
    return [text_of(line) for line in logical_lines(source)]


def test_a_sentence_is_a_logical_line_without_comments() -> None:
    source = "# top\nx = f(1,  # one\n      0x_2)\n\nif x:\n\ty = \\\n  3\n"
    assert sentences(source) == ["x = f ( 1 , 0x_2 )", "if x :", "y = 3"]


def test_a_string_is_one_word_that_tells_its_kind_only() -> None:
    source = """s = 'a b' "c" r'd' + rb"e" + Rb'x' + u'f'\nt = '''two\nlines'''\n"""
    assert sentences(source) == ['s = "" "" "" + b"" + b"" + ""', 't = ""']


def test_a_formatted_string_is_one_word_in_every_version_of_python() -> None:
    source = "s = f'{a:{w}} {b!r} # no' rF\"{f'{c}'}\" ''\n"
    assert sentences(source) == ['s = f"" f"" ""']


def test_sentences_have_so_many_words_and_are_one_statement() -> None:
    lines = list(logical_lines("a = 1\na = 1; b = 2\na = ~ b\nx . y = 1\n"))
    assert [text_of(line) for line in lines if is_sentence(line, 3, 4)] == ["a = 1"]
    assert [text_of(line) for line in lines if is_sentence(line, 4, 5)] == ["x . y = 1"]


def test_a_sentence_is_still_python() -> None:
    module = Module("textwrap", "text", library_folder() / "textwrap.py")
    lines = read_code(module).lines
    assert len(lines) > 100
    for line in lines:
        assert all(word.text.split() == [word.text] for word in line)
        assert sentences(text_of(line) + "\n") == [text_of(line)]


def test_source_in_other_encodings_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_bytes("# -*- coding: latin-1 -*-\ngrün = 'ü'\n".encode("latin-1"))
    assert [text_of(line) for line in read_code(Module("old", "text", path)).lines] == ['grün = ""']


# Classes (parts of speech)


def test_classes_of_names_depend_on_their_place() -> None:
    source = """
import size.size as size
from .size import size as size
@size
class size(size, size=size):
    size: size = size
async def size(size: size, *sizes, size_=size) -> size:
    global size1
    size.size.size(size).size = size(size=size)
    for size in size: pass
    try: pass
    except size as size: del size[size], size
"""
    assert classes(source) == [
        "import/IMPORT size/MODULE ./DOT size/MODULE as/IMPORT size/MODULE",
        "from/IMPORT ./DOT size/MODULE import/IMPORT size/IMPORTED as/IMPORT size/IMPORTED",
        "@/DECORATOR size/VARIABLE",
        "class/DEFINE size/CLASS (/OPEN size/VARIABLE ,/COMMA size/ARGUMENT =/BIND "
        "size/VARIABLE )/CLOSE :/BLOCK",
        "size/TARGET :/HINT size/VARIABLE =/ASSIGN size/VARIABLE",
        "async/DEFINE def/DEFINE size/FUNCTION (/OPEN size/PARAMETER :/HINT size/VARIABLE ,/COMMA "
        "*/STAR sizes/PARAMETER ,/COMMA size_/PARAMETER =/BIND size/VARIABLE )/CLOSE ->/HINT "
        "size/VARIABLE :/BLOCK",
        "global/SCOPE size1/VARIABLE",
        "size/VARIABLE ./DOT size/ATTRIBUTE ./DOT size/METHOD (/OPEN size/VARIABLE )/CLOSE ./DOT "
        "size/FIELD =/ASSIGN size/CALLED (/OPEN size/ARGUMENT =/BIND size/VARIABLE )/CLOSE",
        "for/LOOP size/TARGET in/LOOP size/VARIABLE :/BLOCK pass/FLOW",
        "try/ERROR :/BLOCK pass/FLOW",
        "except/ERROR size/VARIABLE as/ERROR size/TARGET :/BLOCK del/SCOPE size/VARIABLE [/OPEN "
        "size/VARIABLE ]/CLOSE ,/COMMA size/TARGET",
    ]


def test_the_same_keyword_has_several_classes() -> None:
    source = """
if a in b and not c or d is not None:
    pass
elif x if y else z:
    pass
else:
    for i in [j for j in k if l]:
        pass
    else:
        raise E from None
with a as b:
    yield from a
"""
    got = classes(source)
    assert got[0] == (
        "if/BRANCH a/VARIABLE in/COMPARE b/VARIABLE and/LOGIC not/LOGIC c/VARIABLE or/LOGIC "
        "d/VARIABLE is/COMPARE not/COMPARE None/CONSTANT :/BLOCK"
    )
    assert got[2] == ("elif/BRANCH x/VARIABLE if/INLINE y/VARIABLE else/INLINE z/VARIABLE :/BLOCK")
    assert got[4:9] == [
        "else/BRANCH :/BLOCK",
        "for/LOOP i/TARGET in/LOOP [/OPEN j/VARIABLE for/INLINE j/TARGET in/INLINE k/VARIABLE "
        "if/INLINE l/VARIABLE ]/CLOSE :/BLOCK",
        "pass/FLOW",
        "else/LOOP :/BLOCK",
        "raise/ERROR E/VARIABLE from/ERROR None/CONSTANT",
    ]
    assert got[9:] == [
        "with/WITH a/VARIABLE as/WITH b/TARGET :/BLOCK",
        "yield/FLOW from/FLOW a/VARIABLE",
    ]


def test_the_same_operator_has_several_classes() -> None:
    assert classes("""
f(-a - b, *c * d, **e ** f)[1:2] @= {g: ...}
h = lambda x, /, *, y=a @ b: (y := x < 1)
from ... import *
""") == [
        "f/CALLED (/OPEN -/SIGN a/VARIABLE -/ARITHMETIC b/VARIABLE ,/COMMA */STAR c/VARIABLE "
        "*/ARITHMETIC d/VARIABLE ,/COMMA **/STAR e/VARIABLE **/ARITHMETIC f/VARIABLE )/CLOSE "
        "[/OPEN 1/NUMBER :/COLON 2/NUMBER ]/CLOSE @=/ASSIGN {/OPEN g/VARIABLE :/COLON .../CONSTANT "
        "}/CLOSE",
        "h/TARGET =/ASSIGN lambda/DEFINE x/PARAMETER ,/COMMA //STAR ,/COMMA */STAR ,/COMMA "
        "y/PARAMETER =/BIND a/VARIABLE @/ARITHMETIC b/VARIABLE :/COLON (/OPEN y/TARGET :=/ASSIGN "
        "x/VARIABLE </COMPARE 1/NUMBER )/CLOSE",
        "from/IMPORT .../DOT import/IMPORT */STAR",
    ]


def test_soft_keywords_are_keywords_only_where_a_statement_begins_with_them() -> None:
    got = classes("""
match match:
    case {"a": case} if match:
        match = case(match)
    case Point(x=0, y=[*_, None]) | C.D as point:
        pass
""")
    assert got == [
        "match/BRANCH match/VARIABLE :/BLOCK",
        'case/BRANCH {/OPEN ""/STRING :/COLON case/TARGET }/CLOSE if/BRANCH match/VARIABLE :/BLOCK',
        "match/TARGET =/ASSIGN case/CALLED (/OPEN match/VARIABLE )/CLOSE",
        "case/BRANCH Point/VARIABLE (/OPEN x/ARGUMENT =/BIND 0/NUMBER ,/COMMA y/ARGUMENT =/BIND "
        "[/OPEN */STAR _/TARGET ,/COMMA None/CONSTANT ]/CLOSE )/CLOSE |/ARITHMETIC C/VARIABLE "
        "./DOT D/ATTRIBUTE as/BRANCH point/TARGET :/BLOCK",
        "pass/FLOW",
    ]


def test_columns_are_right_behind_letters_of_several_bytes() -> None:
    assert classes("größe = maß['ä', n](é.ü)\n") == [
        'größe/TARGET =/ASSIGN maß/VARIABLE [/OPEN ""/STRING ,/COMMA n/VARIABLE ]/CLOSE (/OPEN '
        "é/VARIABLE ./DOT ü/ATTRIBUTE )/CLOSE"
    ]


# Chunks


def test_chunks_are_flat_phrases() -> None:
    assert chunks("""
import os.path as p, sys
from ..a import b as c
@x.y
async def f(self, n: int = -1, *rest):
    a.b, c[d] = os.path.join(a, key=-1, other="x" "y").size
    if a is not b and (c not in d):
        return e < 1
    except_ = lambda v: v
class C(Base): pass
""") == [
        ["PATH os . path as p", "PATH sys"],
        ["PATH . . a", "PATH b as c"],
        ["NAME x . y"],
        ["DEF async def f", "PARAM self", "PARAM n : int", "LIT - 1", "PARAM rest"],
        [
            "TARGET a . b",
            "NAME c",
            "NAME d",
            "CALL os . path . join",
            "NAME a",
            "KEY key =",
            "LIT - 1",
            "KEY other =",
            'LIT "" ""',
            "NAME . size",
        ],
        ["NAME a", "REL is not", "NAME b", "NAME c", "REL not in", "NAME d"],
        ["NAME e", "REL <", "LIT 1"],
        ["TARGET except_", "PARAM v", "NAME v"],
        ["DEF class C", "NAME Base"],
    ]


# Named entities


def test_modules_are_entities_wherever_a_name_stands_for_one() -> None:
    assert entities("""
import os.path as p, os
from . import mod, errors
from .. import errors as e, sub
from os import path
sys = p.sep + os.path.sep + os.sep + e.x + path.x + sub.mod.x + errors.x
def f(os): return os.path
""") == [
        ["MODULE os . path", "MODULE p", "MODULE os"],
        ["MODULE .", "MODULE mod"],
        ["MODULE . .", "MODULE errors", "MODULE e", "MODULE sub"],
        ["MODULE os", "MODULE path"],
        [
            "MODULE p",
            "MODULE os . path",
            "MODULE os",
            "MODULE e",
            "MODULE path",
            "MODULE sub . mod",
        ],
        ["FUNC f"],
    ]


def test_classes_exceptions_and_functions_are_entities_where_a_name_is_bound_to_one() -> None:
    assert entities("""
class Bad(ValueError): pass
class Worse(Bad): pass
class Good: pass
def make(kind, Good): return Good(kind)
def other():
    def make(): pass
    make = make or print
    return Good, make, Worse, exit, int, [len for len in ()]
Good.make(lambda int: int)
""") == [
        ["EXC Bad", "EXC ValueError"],
        ["EXC Worse", "EXC Bad"],
        ["CLASS Good"],
        ["FUNC make"],
        ["FUNC other"],
        ["FUNC make"],
        ["FUNC make", "FUNC make", "FUNC print"],
        ["CLASS Good", "FUNC make", "EXC Worse", "CLASS int"],
        ["CLASS Good"],
    ]


def test_names_of_other_modules_are_entities_by_convention() -> None:
    assert entities("""
import os
from zoo import Ant, BEE, cat, dog as hound, EggError
x = os.walk(Ant) + os.Walker + os.WALK + os.error_ + os.Warning
y = cat, hound(), EggError
""") == [
        ["MODULE os"],
        ["MODULE zoo", "CLASS Ant", "FUNC dog", "FUNC hound", "EXC EggError"],
        ["MODULE os", "FUNC walk", "CLASS Ant", "MODULE os", "CLASS Walker", "MODULE os"]
        + ["MODULE os", "MODULE os", "EXC Warning"],
        ["FUNC hound", "EXC EggError"],
    ]


def test_methods_of_the_class_around_are_entities() -> None:
    source = """
class C:
    def f(self, other):
        self.f(cls.f, self.g, other.f, self.x.f)
def h(self): self.f()
"""
    assert entities(source) == [["CLASS C"], ["FUNC f"], ["FUNC f", "FUNC f"], ["FUNC h"]]


def test_spans_that_touch_are_told_apart() -> None:
    marks = [("A", 1), ("A", 1), ("A", 2), ("B", 3), None, ("A", 4), ("A", 5), ("A", 5)]
    assert iob2(marks) == ["B-A", "I-A", "B-A", "B-B", "O", "B-A", "B-A", "I-A"]
    assert iob1(marks) == ["I-A", "I-A", "B-A", "I-B", "O", "I-A", "B-A", "I-A"]


# Roles


def test_roles_say_where_a_name_is_bound() -> None:
    assert roles("""
import os.path, sys as system
from a.b import c as d
limit = len
class C(limit):
    size = limit
    sizes = [size for size in size], [lambda: size]
    __secret = 1
    def f(self, *rest, limit=limit, __private=C):
        def g(x=rest):
            nonlocal n
            global k
            n = k = print(x, rest, size, self.size, f=n, private=__private)
            import sys
            return sys, __class__
        n = lambda y: y + rest + os + limit
        return {v: n for v in rest}
    size
""") == [
        "os/IMPORTED path/MODULE sys/MODULE system/IMPORTED",
        "a/MODULE b/MODULE c/ATTRIBUTE d/IMPORTED",
        "limit/GLOBAL len/BUILTIN",
        "C/GLOBAL limit/GLOBAL",
        "size/MEMBER limit/GLOBAL",
        "sizes/MEMBER size/LOCAL size/LOCAL size/MEMBER size/GLOBAL",
        "__secret/MEMBER",
        "f/MEMBER self/PARAMETER rest/PARAMETER limit/PARAMETER limit/GLOBAL __private/PARAMETER "
        "C/GLOBAL",
        "g/LOCAL x/PARAMETER rest/PARAMETER",
        "n/FREE",
        "k/GLOBAL",
        "n/FREE k/GLOBAL print/BUILTIN x/PARAMETER rest/FREE size/GLOBAL self/FREE size/ATTRIBUTE "
        "f/ARGUMENT n/FREE private/ARGUMENT __private/FREE",
        "sys/IMPORTED",
        "sys/IMPORTED __class__/FREE",
        "n/LOCAL y/PARAMETER y/PARAMETER rest/PARAMETER os/IMPORTED limit/PARAMETER",
        "v/LOCAL n/LOCAL v/LOCAL rest/PARAMETER",
        "size/MEMBER",
    ]


def test_words_that_are_no_names_have_their_coarse_class() -> None:
    (line,) = labelled("x = not f(1, 'a', None)\n")
    assert with_words(line, line.roles) == (
        "x/GLOBAL =/OPERATOR not/OPERATOR f/GLOBAL (/BRACKET 1/NUMBER ,/SEPARATOR "
        '""/STRING ,/SEPARATOR None/CONSTANT )/BRACKET'
    )


@pytest.mark.parametrize("name", ["argparse", "functools", "poplib", "zipfile"])
def test_roles_agree_with_the_compiled_code(name: str) -> None:
    """The compiler keeps names of a function in lists by their scope."""
    path = library_folder() / f"{name}.py"
    path = path if path.exists() else library_folder() / name / "__init__.py"
    code = read_code(Module(name, "text", path))
    tree = SyntaxTree(code.source)
    names = code.names(tree, set())
    compiled = {
        (part.co_firstlineno, part.co_name): part
        for part in _code_objects(compile(code.source, name, "exec", dont_inherit=True))
    }
    inner = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    checked: Counter[str] = Counter()
    for line in code.lines:
        line_roles = label_line(line, tree, names).roles
        for word, nodes, role in zip(line, tree.paths(line), line_roles, strict=True):
            around = [
                node
                for node, below in pairwise(nodes)
                if isinstance(node, Definition) and below in node.body
            ]
            if not isinstance(nodes[-1], ast.Name) or any(
                isinstance(node, inner) for node in nodes
            ):
                continue
            if not around or isinstance(around[-1], ast.ClassDef):
                continue
            first = min([around[-1], *around[-1].decorator_list], key=lambda node: node.lineno)
            function = compiled[first.lineno, around[-1].name]
            parameters = function.co_argcount + function.co_kwonlyargcount
            parameters += bool(function.co_flags & 4) + bool(function.co_flags & 8)
            if word.text in function.co_varnames[:parameters]:
                assert role == "PARAMETER", word
            elif word.text in function.co_freevars:
                assert role in ("FREE", "IMPORTED"), word
            elif word.text in (*function.co_varnames, *function.co_cellvars):
                assert role in ("LOCAL", "IMPORTED"), word
            elif word.text in function.co_names:
                assert role in ("GLOBAL", "BUILTIN", "IMPORTED"), word
            checked[role] += 1
    assert checked["PARAMETER"] > 100
    assert checked["LOCAL"] > 30
    assert checked["GLOBAL"] + checked["BUILTIN"] > 30


def _code_objects(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _code_objects(part)


# Sizes (event factuality)


def test_sizes_count_the_words_that_a_call_or_an_operator_governs() -> None:
    source = "x = a.f(b + 1, -c) is not None or g()[0]\n"
    # a.f(b + 1, -c) has 11 words, with "is not None" 14; all but "x =" have 21. The minus is a
    # sign, and "not" the second word of an operator.
    want = {"f": 11, "+": 3, "is": 14, "or": 21, "g": 3}
    (line,) = labelled(source)
    got = {w: size for w, size in zip(line.words, line.sizes, strict=True) if size is not None}
    assert got == {word: math.log2(count) - 3 for word, count in want.items()}


def test_a_line_without_calls_and_operators_has_no_sizes() -> None:
    assert labelled("x = [y, 'a']\n")[0].sizes == [None] * 7


# Trees (ancestors)


def test_trees_hold_the_words_of_the_line_below_its_statement() -> None:
    assert bracketed("""
@a.b
def f(x, y=1):
    z = [i for i in x if i]
    if z:
        g(*z, k=f'{x}')
    elif f:
        return lambda: (z, 0)
    else:
        pass
    try:
        pass
    except E as e:
        with open(x) as g: print(g)
""") == [
        "(FunctionDef @ (Attribute (Name a) . b))",
        "(FunctionDef def f ( (arguments (arg x) , (arg y) = (Constant 1)) ) :)",
        "(Assign (Name z) = (ListComp [ (Name i) (comprehension for (Name i) in (Name x) if "
        "(Name i)) ]))".replace("(comprehension for (Name i)", "for (comprehension (Name i)"),
        "(If if (Name z) :)",
        '(Expr (Call (Name g) ( (Starred * (Name z)) , (keyword k = (JoinedStr f"")) )))',
        "(If elif (Name f) :)",
        "(Return return (Lambda lambda : (Tuple ( (Name z) , (Constant 0) ))))",
        "(If else :)",
        "(Pass pass)",
        "(Try try :)",
        "(Pass pass)",
        "(ExceptHandler except (Name E) as e :)",
        "(With with (withitem (Call (Name open) ( (Name x) )) as (Name g)) : (Expr (Call (Name "
        "print) ( (Name g) ))))",
    ]


# Files

LINES = labelled("import os\nx = {os.f(~1)}\nif None: pass\n")


def test_file_formats_are_those_of_the_paper() -> None:
    first = LINES[:1]
    assert list(conllx(first)) == [
        "1\timport\t_\tKEYWORD\tIMPORT\t_\t_\t_\t_\t_",
        "2\tos\t_\tNAME\tMODULE\t_\t_\t_\t_\t_",
        "",
    ]
    assert list(conll2000(first)) == ["import IMPORT O", "os MODULE B-PATH", ""]
    assert list(conll2003(first)) == ["import IMPORT O O", "os MODULE I-PATH I-MODULE", ""]
    assert list(tagged(first)) == ["import\tKEYWORD", "os\tIMPORTED", ""]
    assert list(trees(LINES[1:2])) == [
        "(Assign (Name (TARGET x)) (ASSIGN =) (Set (OPEN -LCB-) (Call (Attribute (Name (VARIABLE "
        "os)) (DOT .) (METHOD f)) (OPEN -LRB-) (UnaryOp (SIGN ~) (Constant (NUMBER 1))) (CLOSE "
        "-RRB-)) (CLOSE -RCB-)))"
    ]
    (text,) = factuality(LINES)
    assert json.loads(text) == {
        "sentence-1": {"sentence": ["import", "os"], "predicate_indices": [], "labels": []},
        "sentence-2": {
            "sentence": ["x", "=", "{", "os", ".", "f", "(", "~", "1", ")", "}"],
            "predicate_indices": [6],
            "labels": [round(math.log2(7) - 3, 4)],
        },
        "sentence-3": {
            "sentence": ["if", "None", ":", "pass"],
            "predicate_indices": [],
            "labels": [],
        },
    }


# Modules and what is drawn of them


def test_domains_are_all_and_the_themes() -> None:
    assert ["all", *THEMES] == list(DOMAINS)
    listed = [name for names in THEMES.values() for name in names.split()]
    assert len(listed) == len(set(listed))


def test_modules_are_found_below_the_folder_and_missing_ones_skipped(tmp_path: Path) -> None:
    files = ["http/__init__.py", "http/client.py", "http/test/a.py", "json/__init__.py", "re.py"]
    for name in [*files, "turtle.py", "ast.py", "asyncio/tests/__init__.py"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "shelve.py").touch()
    modules = library_modules(tmp_path)
    assert [(module.name, module.theme, module.package) for module in modules] == [
        ("ast", "language", ""),
        ("http", "network", "http"),
        ("http.client", "network", "http"),
        ("json", "text", "json"),
        ("re", "text", ""),
        ("shelve", "numeric", ""),
    ]
    assert {"http.client", "os.path", "tkinter"} <= known_modules(modules)


def test_a_library_without_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"source of Python's standard library is not here; use"):
        library_modules(tmp_path)


def test_every_module_is_in_one_share() -> None:
    modules = library_modules(library_folder())
    shares = share_out_modules(modules, 0)
    assert list(shares) == list(SHARES)
    names = [module.name for share in shares.values() for module in share]
    assert sorted(names) == [module.name for module in modules]
    assert all(shares.values())
    assert share_out_modules(modules, 1)["test"] != shares["test"]
    assert sum(SHARES.values()) == 100


def small_code(name: str, *lines: str) -> Code:
    words = [[Word(word, 1, (1, 0), (1, 1)) for word in line.split()] for line in lines]
    return Code(Module(name, "text", Path(name)), "", words)


def test_a_sentence_is_drawn_once_and_splits_do_not_depend_on_each_other() -> None:
    code = {
        "test": [small_code("a", "a b", "a b", "c d"), small_code("b", "c d", "a b c d e")],
        "train": [small_code("c", "a b", "e f", "g h", "i j", "e f")],
    }
    sizes = {"test_sentences": 1, "minimum_words": 2, "maximum_words": 3}
    for wanted in (1, 2, 3):
        settings = StdlibSource(**sizes, train_sentences=wanted)
        drawn = draw_sentences(code, settings, 0)
        assert len(drawn["test"]) == 1
        assert {text_of(line) for _, line in drawn["train"]} <= {"e f", "g h", "i j"}
        assert len({text_of(line) for _, line in drawn["train"]}) == wanted
    with pytest.raises(UserError) as caught:
        draw_sentences(code, StdlibSource(**sizes, train_sentences=4), 0)
    assert str(caught.value) == (
        "train_sentences asks for 4; the 1 modules set aside for it have 3 different sentences of "
        "2 to 3 words"
    )


SMALL = [
    *("--source", "python-stdlib", "--train-sentences", "300", "--dev-sentences", "60"),
    *("--test-sentences", "200", "--probe-sentences", "100", "--text-sentences", "200"),
]
READ = [
    ("pos/{split}.conllx", "conllx", "pos"),
    ("chunking/{split}.txt", "conll2000", "chunk"),
    ("ner/{split}.txt", "conll2003", "ner"),
    ("st/{split}.tsv", "tagged", "tag"),
    ("ef/{split}.json", "factuality", "factuality"),
    ("syn/{split}.trees", "trees", "parent"),
    ("syn/{split}.trees", "trees", "grandparent"),
    ("syn/{split}.trees", "trees", "great-grandparent"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stdlib")
    main([*SMALL, "--folder", str(path)])
    return path


def split_words(folder: Path, split: str) -> list[list[str]]:
    name, form, target = READ[0]
    return [one.words for one in FORMATS[form].read(folder / name.format(split=split), target)]


def test_all_files_are_written(folder: Path) -> None:
    tasks = {name.format(split=split) for name in TASK_FILES for split in ("train", "dev", "test")}
    texts = {f"text/{domain}.txt" for domain in DOMAINS}
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == tasks | texts | {"probe.txt"}


def test_all_tasks_are_on_the_same_sentences(folder: Path) -> None:
    for split, count in (("train", 300), ("dev", 60), ("test", 200)):
        words = split_words(folder, split)
        assert len(words) == count
        for name, form, target in READ:
            read = list(FORMATS[form].read(folder / name.format(split=split), target))
            if form == "factuality":  # sentences without predicates are no part of it
                kept = {tuple(one.words) for one in read}
                assert [one.words for one in read] == [one for one in words if tuple(one) in kept]
                assert len(read) > count / 2
            else:
                assert [one.words for one in read] == words


def test_no_sentence_stands_twice(folder: Path) -> None:
    drawn = [
        sentence for split in ("train", "dev", "test") for sentence in split_words(folder, split)
    ]
    drawn += read_sentences(folder / "probe.txt")
    assert len({tuple(sentence) for sentence in drawn}) == len(drawn) == 660
    assert all(4 <= len(sentence) <= 40 for sentence in drawn)
    assert all(word.split() == [word] for sentence in drawn for word in sentence)


def test_no_task_is_settled_by_its_commonest_class(folder: Path) -> None:
    for name, form, target in READ:
        targets = Counter(
            value
            for one in FORMATS[form].read(folder / name.format(split="train"), target)
            for value in one.targets
            if value is not None
        )
        share = max(targets.values()) / targets.total()
        least = {"conllx": 25, "conll2003": 5}.get(form, 8)
        assert len(targets) >= least
        assert share < (0.95 if form == "conll2003" else 0.6)
        if form == "conllx":
            assert set(targets) <= {label for text in CLASSES.values() for label in text.split()}


def test_words_need_their_context(folder: Path) -> None:
    seen: dict[str, set[object]] = {}
    for one in FORMATS["conllx"].read(folder / "pos/train.conllx", "pos"):
        for word, target in zip(one.words, one.targets, strict=True):
            seen.setdefault(word, set()).add(target)
    assert len(seen["="]) > 1
    assert len(seen[":"]) > 1
    assert sum(len(targets) > 1 for targets in seen.values()) > 20


def test_texts_have_as_many_sentences_as_asked_for(folder: Path) -> None:
    texts = {domain: read_sentences(folder / f"text/{domain}.txt") for domain in DOMAINS}
    assert {domain: len(text) for domain, text in texts.items()} == dict.fromkeys(DOMAINS, 200)
    joined = {theme: {" ".join(line) for line in texts[theme]} for theme in THEMES}
    everything = [" ".join(line) for line in texts["all"]]
    assert set(everything) <= set.union(*joined.values())
    for theme in THEMES:
        assert sum(line in joined[theme] for line in everything) >= 200 / len(THEMES)


def test_equal_seeds_give_equal_bytes_however_long_the_probe_is(
    folder: Path, tmp_path: Path
) -> None:
    main([*SMALL, "--folder", str(tmp_path), "--probe-sentences", "70"])
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.stem for path in files if path.parts[0] == "text"} == set(DOMAINS)
    for file in files - {Path("probe.txt")}:
        assert (tmp_path / file).read_bytes() == (folder / file).read_bytes()
    probe = read_sentences(folder / "probe.txt")
    assert read_sentences(tmp_path / "probe.txt") == probe[:70]


def test_lengths_out_of_order_are_refused(tmp_path: Path) -> None:
    flags = ["--minimum-words", "9", "--maximum-words", "8"]
    with pytest.raises(UserError, match="minimum_words must not be larger than maximum_words"):
        main(["--folder", str(tmp_path), *flags])


def test_more_sentences_than_there_are_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dev_sentences asks for 99999; the \d+ modules"):
        main(["--folder", str(tmp_path), "--dev-sentences", "99999"])
