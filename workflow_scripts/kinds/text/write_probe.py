"""Writes a text probe: the sentences of a file that are long enough, in its order."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, positive_int, run
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.sentences import Sentence, read_sentences, write_corpus

SENTENCES = "sentences"


def probe_sentences(
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
    """Read the flags and the text, write the probe."""
    flags = parser(__doc__)
    flags.add_argument("--text", type=existing_file, required=True, help="the sentences")
    flags.add_argument("--format", choices=[SENTENCES, *FORMATS], default=SENTENCES, help="of them")
    flags.add_argument("--min-words", type=positive_int, default=1, help="of a sentence")
    flags.add_argument("--max-sentences", type=positive_int, help="the first so many")
    flags.add_argument("--output", type=Path, required=True, help="the corpus, .txt")
    flags.add_argument(
        "--units", type=Path, required=True, help="its words and their sentences, .parquet"
    )
    arguments = flags.parse_args(argv)
    text = read_text(arguments.text, arguments.format)
    chosen = list(probe_sentences(text, arguments.min_words, arguments.max_sentences))
    if not chosen and arguments.min_words == 1:
        raise UserError(f"{arguments.text}: this file holds no sentence; name another")
    if not chosen:
        raise UserError(
            f"{arguments.text}: no sentence has {arguments.min_words} words or more; "
            "lower the probe's min_words, or name another file"
        )
    write_corpus(arguments.output, arguments.units, chosen)
    found(f"{len(chosen):,} sentences, {sum(map(len, chosen)):,} words")


if __name__ == "__main__":
    run(main)
