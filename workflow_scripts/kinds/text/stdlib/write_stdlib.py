"""Writes the text, the probe and the tasks that are made of Python's standard library.

Below --folder: text/{domain}.txt for each domain to pre-train on, probe.txt, and the train, dev and
test files of the tasks. No module of the library serves two of these ends, and no sentence stands
twice in the tasks and the probe.
"""

import logging
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.common.settings import add_flags, from_flags
from workflow_scripts.kinds.text.sentences import write_sentences
from workflow_scripts.kinds.text.stdlib.labels import LabelledLine, label_line
from workflow_scripts.kinds.text.stdlib.logical_lines import Word, is_sentence, logical_lines
from workflow_scripts.kinds.text.stdlib.modules import (
    THEMES,
    Module,
    known_modules,
    library_folder,
    library_modules,
    share_out_modules,
)
from workflow_scripts.kinds.text.stdlib.names import ModuleNames
from workflow_scripts.kinds.text.stdlib.settings import StdlibSource
from workflow_scripts.kinds.text.stdlib.syntax_trees import SyntaxTree
from workflow_scripts.kinds.text.stdlib.writers import write_tasks

log = logging.getLogger(__name__)
TASK_SPLITS = ("test", "dev", "train")


@dataclass(frozen=True)
class Code:
    """A module that was read.

    Attributes:
        lines: all its logical lines.
    """

    module: Module
    source: str
    lines: list[list[Word]]

    def sentences(self, settings: StdlibSource) -> Iterator[list[Word]]:
        """The lines that are long enough and not too long."""
        shortest, longest = settings.minimum_words, settings.maximum_words
        return (line for line in self.lines if is_sentence(line, shortest, longest))

    def names(self, tree: SyntaxTree, known: set[str]) -> ModuleNames:
        """What its names are bound to."""
        pairs = (pair for line in self.lines for pair in pairwise(line))
        called = {word.text for word, after in pairs if after.text == "("}
        return ModuleNames(self.module, self.source, tree.module, called, known)


def read_code(module: Module) -> Code:
    """Read a module and cut it into logical lines."""
    with tokenize.open(module.path) as file:
        source = file.read()
    return Code(module, source, list(logical_lines(source)))


def text_of(line: Iterable[Word]) -> str:
    """The words of a sentence with blanks between."""
    return " ".join(word.text for word in line)


def draw_sentences(
    code: Mapping[str, Sequence[Code]], settings: StdlibSource, seed: int
) -> dict[str, list[tuple[Code, list[Word]]]]:
    """The sentences of each split of the tasks and of the probe, in random order.

    A sentence that stands in the modules of several is drawn from the first of them only, so a
    split does not depend on how many sentences are asked for in another.

    Args:
        code: the modules of each, in the order in which they may keep a sentence.

    Raises:
        UserError: if more sentences are asked for than there are.
    """
    drawn = {}
    taken: set[str] = set()
    for share, modules in code.items():
        pool: dict[str, tuple[Code, list[Word]]] = {}
        for one in modules:
            for line in one.sentences(settings):
                if (text := text_of(line)) not in taken:
                    pool.setdefault(text, (one, line))
        taken |= pool.keys()
        count = getattr(settings, f"{share}_sentences")
        if count > len(pool):
            raise UserError(
                f"{share}_sentences asks for {count}; the {len(modules)} modules set aside for it "
                f"have {len(pool)} different sentences of {settings.minimum_words} to "
                f"{settings.maximum_words} words"
            )
        drawn[share] = [pool[text] for text in seeded_order(pool, seed, "stdlib", share)[:count]]
    return drawn


def label_sentences(
    drawn: Sequence[tuple[Code, list[Word]]], known: set[str]
) -> list[LabelledLine]:
    """The gold labels of sentences; each module is parsed once."""
    parsed: dict[str, tuple[SyntaxTree, ModuleNames]] = {}
    labelled = []
    for code, line in drawn:
        name = code.module.name
        if name not in parsed:
            tree = SyntaxTree(code.source)
            parsed[name] = tree, code.names(tree, known)
        labelled.append(label_line(line, *parsed[name]))
    return labelled


def domain_texts(
    modules: Sequence[Module], settings: StdlibSource, seed: int
) -> dict[str, list[str]]:
    """The text of each domain, in random order; ``all`` has equal parts of every theme.

    Args:
        modules: those for pre-training, in random order; read until there is text enough.
    """
    limit = settings.text_sentences
    texts: dict[str, list[str]] = {}
    for theme in THEMES:
        text: list[str] = []
        for module in (module for module in modules if module.theme == theme):
            if len(text) >= limit:
                break
            text += map(text_of, read_code(module).sentences(settings))
        order = seeded_order(range(len(text)), seed, "stdlib", theme)
        texts[theme] = [text[i] for i in order[:limit]]
    part = -(-limit // len(THEMES))
    parts = [sentence for text in texts.values() for sentence in text[:part]]
    texts["all"] = [
        parts[i] for i in seeded_order(range(len(parts)), seed, "stdlib", "all")[:limit]
    ]
    return texts


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and the library, write everything."""
    flags = parser(__doc__)
    add_flags(flags, StdlibSource)
    flags.add_argument("--seed", type=int, default=0, help="of what is drawn")
    flags.add_argument("--folder", type=Path, required=True, help="to write to")
    arguments = flags.parse_args(argv)
    settings = from_flags(StdlibSource, arguments)

    modules = library_modules(library_folder())
    shares = share_out_modules(modules, arguments.seed)
    code = {
        share: [read_code(module) for module in shares[share]] for share in (*TASK_SPLITS, "probe")
    }
    drawn = draw_sentences(code, settings, arguments.seed)
    write_sentences(
        arguments.folder / "probe.txt", ([word.text for word in line] for _, line in drawn["probe"])
    )
    known = known_modules(modules)
    for split in TASK_SPLITS:
        write_tasks(arguments.folder, split, label_sentences(drawn[split], known))
    for share, sentences in drawn.items():
        log.info(
            "%s: %d sentences, %d words, of %d modules",
            share,
            len(sentences),
            sum(len(line) for _, line in sentences),
            len(shares[share]),
        )
    texts = domain_texts(shares["text"], settings, arguments.seed)
    for domain, text in texts.items():
        write_sentences(
            arguments.folder / f"text/{domain}.txt", (sentence.split(" ") for sentence in text)
        )
        log.info("text of %s: %d sentences", domain, len(text))
    words = sum(len(line) for sentences in drawn.values() for _, line in sentences)
    found(
        f"{sum(map(len, drawn.values())):,} sentences, {words:,} words of probe and tasks; "
        f"text of {len(texts)} domains"
    )


if __name__ == "__main__":
    run(main)
