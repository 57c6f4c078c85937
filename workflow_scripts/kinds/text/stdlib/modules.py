"""Which modules of the Python standard library are read, and what each of them is used for."""

import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order

# Modules and packages by theme. What an interpreter lacks is skipped. Left out: tests, tables that
# a program wrote, big applications (idlelib, turtle), and what belongs to one platform alone.
THEMES: dict[str, str] = {
    "network": """
        asyncio cgi ftplib http imaplib ipaddress mailbox netrc nntplib poplib selectors smtplib
        socket socketserver ssl telnetlib urllib webbrowser wsgiref xmlrpc
    """,
    "text": """
        _markupbase _strptime argparse base64 cmd codecs configparser csv difflib email fnmatch
        getopt gettext html json locale mimetypes optparse plistlib pprint quopri re reprlib shlex
        string stringprep textwrap tomllib xml
    """,
    "numeric": """
        _collections_abc _py_abc _pydatetime _pydecimal _pylong _threading_local _weakrefset abc
        bisect calendar collections colorsys contextlib copy copyreg dataclasses datetime dbm enum
        fractions functools graphlib hashlib heapq hmac numbers operator pickle queue random sched
        secrets shelve sqlite3 statistics types typing uuid wave weakref zoneinfo
    """,
    "system": """
        _compression _pyio bz2 compression concurrent ctypes curses filecmp fileinput genericpath
        getpass glob gzip io linecache logging lzma multiprocessing ntpath os pathlib platform
        posixpath pty shutil signal site stat subprocess sysconfig tarfile tempfile threading tty
        zipapp zipfile
    """,
    "language": """
        _pyrepl ast bdb code codeop compileall dis doctest importlib inspect modulefinder opcode
        pdb pickletools pkgutil profile pstats py_compile pyclbr pydoc rlcompleter runpy symtable
        tabnanny timeit tokenize trace traceback tracemalloc unittest venv warnings zipimport
    """,
}

# Every module goes to one share, so that no two shares have a module in common; in per cent.
SHARES = {"probe": 8, "test": 8, "train": 8, "dev": 4, "text": 72}


@dataclass(frozen=True)
class Module:
    """A module of the standard library.

    Attributes:
        name: dotted, such as ``http.client``; that of a package for its ``__init__.py``.
    """

    name: str
    theme: str
    path: Path

    @property
    def package(self) -> str:
        """What a relative import of one dot names."""
        is_package = self.path.name == "__init__.py"
        return self.name if is_package else self.name.rpartition(".")[0]


def library_folder() -> Path:
    """Where the running interpreter has its standard library."""
    return Path(sysconfig.get_path("stdlib"))


def library_modules(folder: Path) -> list[Module]:
    """The modules of all themes, in the order of their names.

    Raises:
        UserError: if the folder has none of them, as where the library is zipped or frozen.
    """
    modules = []
    for theme, prefixes in THEMES.items():
        for prefix in prefixes.split():
            for path in (folder / f"{prefix}.py", *sorted((folder / prefix).rglob("*.py"))):
                parts = list(path.relative_to(folder).with_suffix("").parts)
                if path.is_file() and not {"test", "tests"} & set(parts):
                    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                    modules.append(Module(name, theme, path))
    if len(modules) < len(SHARES):
        raise UserError(
            f"{folder}: the source of Python's standard library is not here; use an interpreter "
            "that has it as .py files, or another data source"
        )
    return sorted(modules, key=lambda module: module.name)


def known_modules(modules: Sequence[Module]) -> set[str]:
    """Dotted names that are modules; of packages outside the themes only the top is known."""
    return {*sys.stdlib_module_names, "os.path", *(module.name for module in modules)}


def share_out_modules(modules: Sequence[Module], seed: int) -> dict[str, list[Module]]:
    """The modules of each of :data:`SHARES`, each in random order; a module is in one of them."""
    by_name = {module.name: module for module in modules}
    order = [by_name[name] for name in seeded_order(by_name, seed, "stdlib", "modules")]
    shares = {}
    start, per_cent = 0, 0
    for share, part in SHARES.items():
        per_cent += part
        end = round(len(order) * per_cent / 100)
        shares[share] = order[start:end]
        start = end
    return shares
