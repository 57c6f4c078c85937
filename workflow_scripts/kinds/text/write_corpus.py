"""Writes a corpus: the sentences of files, in their order, and which words belong to each.

A probe takes the sentences that are long enough. The corpus of tasks takes each distinct sentence
of their files once (``--distinct``): tasks on the same sentences thus share features, and a
sentence that stands twice in a file is encoded once.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.sentences import Sentence, read_sentences, write_corpus

SENTENCES = "sentences"


def long_sentences(
    sentences: Iterable[Sentence], min_words: int, max_sentences: int | None
) -> Iterator[Sentence]:
    """The first ``max_sentences`` of at least ``min_words`` words."""
    return islice((one for one in sentences if len(one) >= min_words), max_sentences)


def read_text(path: Path, form: str) -> Iterable[Sentence]:
    """The sentences of a file of one sentence a line, or the words of a labelled file."""
    if form == SENTENCES:
        return read_sentences(path)
    return FORMATS[form].words(path)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and files, write the corpus and its units."""
    flags = parser(__doc__)
    flags.add_argument(
        "--read",
        nargs=2,
        action="append",
        required=True,
        metavar=("FORMAT", "FILE"),
        help=f"a file and how it is read: {SENTENCES} (one a line), {', '.join(FORMATS)}",
    )
    flags.add_argument("--distinct", action="store_true", help="take each sentence once")
    flags.add_argument("--min-words", type=positive_int, default=1, help="of a sentence")
    flags.add_argument("--max-sentences", type=positive_int, help="the first so many")
    flags.add_argument("--output", type=Path, required=True, help="the corpus, .txt")
    flags.add_argument(
        "--units", type=Path, required=True, help="its words and their sentences, .parquet"
    )
    arguments = flags.parse_args(argv)
    sentences: list[tuple[str, ...]] = []
    for form, name in arguments.read:
        if form not in (SENTENCES, *FORMATS):
            raise UserError(
                f"--read {form}: unknown format; choose {', '.join((SENTENCES, *FORMATS))}"
            )
        sentences += map(tuple, read_text(Path(name), form))
    if arguments.distinct:
        sentences = list(dict.fromkeys(sentences))
    chosen = list(long_sentences(sentences, arguments.min_words, arguments.max_sentences))
    names = ", ".join(name for _, name in arguments.read)
    if not chosen and arguments.min_words == 1:
        raise UserError(f"{names}: this file holds no sentence; name another")
    if not chosen:
        raise UserError(
            f"{names}: no sentence has {arguments.min_words} words or more; "
            "lower the probe's min_words, or name another file"
        )
    write_corpus(arguments.output, arguments.units, chosen)
    found(f"{len(chosen):,} sentences, {sum(map(len, chosen)):,} words")


if __name__ == "__main__":
    run(main)
