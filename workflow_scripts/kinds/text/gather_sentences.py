"""Writes the corpus of one or several tasks: each distinct sentence of their files, once.

Tasks on the same sentences thus share features, and a sentence that stands twice in a file is
encoded once.
"""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.sentences import write_corpus


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and files, write the corpus."""
    flags = parser(__doc__)
    flags.add_argument(
        "--read",
        nargs=2,
        action="append",
        required=True,
        metavar=("FORMAT", "FILE"),
        help=f"a file and how it is read; formats: {', '.join(FORMATS)}",
    )
    flags.add_argument("--output", type=Path, required=True, help="the corpus, .txt")
    flags.add_argument(
        "--units", type=Path, required=True, help="its words and their sentences, .parquet"
    )
    arguments = flags.parse_args(argv)
    distinct: dict[tuple[str, ...], None] = {}
    for form, path in arguments.read:
        if form not in FORMATS:
            raise UserError(f"--read {form}: unknown format; choose {', '.join(FORMATS)}")
        for words in FORMATS[form].words(Path(path)):
            distinct[tuple(words)] = None
    write_corpus(arguments.output, arguments.units, distinct)
    found(f"{len(distinct):,} sentences, {sum(map(len, distinct)):,} words")


if __name__ == "__main__":
    run(main)
