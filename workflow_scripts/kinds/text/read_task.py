"""Writes one task on words, from labelled files in a format of their own."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.common.task_file import SPLITS, Task, write_task
from workflow_scripts.kinds.text.formats.formats import FORMATS, LabelledSentence, TaskFormat
from workflow_scripts.kinds.text.sentences import read_sentences

Splits = dict[str, list[LabelledSentence]]


def hold_out(
    sentences: Sequence[LabelledSentence], fraction: float, *key: object
) -> tuple[list[LabelledSentence], list[LabelledSentence]]:
    """Share sentences out at random: those kept, and a fraction held out, in their order.

    Sentences of the same words go the same way, so that none is both trained and tested on.

    Args:
        fraction: share of the distinct sentences that is held out; one at least, if there are two.
        key: what the choice is for, such as a seed.
    """
    distinct = {" ".join(one.words) for one in sentences}
    count = max(1, round(fraction * len(distinct)))
    held = set(seeded_order(distinct, *key)[: min(count, len(distinct) - 1)])
    return (
        [one for one in sentences if " ".join(one.words) not in held],
        [one for one in sentences if " ".join(one.words) in held],
    )


def read_splits(
    form: TaskFormat,
    target: str,
    files: Mapping[str, Sequence[Path]],
    fractions: Mapping[str, float],
    seed: int,
) -> Splits:
    """The labelled sentences of each split.

    Args:
        files: of each split; where test or dev has none, it is drawn from train.
        fractions: share of the sentences of train that is drawn, of test and of dev.
        seed: of what is drawn.

    Raises:
        UserError: if a file cannot be read or has no such target.
    """
    splits = {
        part: [one for path in files[part] for one in form.read(path, target)] for part in SPLITS
    }
    for part in ("test", "dev"):
        if not files[part]:
            splits["train"], splits[part] = hold_out(splits["train"], fractions[part], seed, part)
    return splits


def word_task(
    splits: Splits, corpus: Iterable[Sequence[str]], name: str, metric: str, positive: str
) -> Task:
    """The task of predicting the targets of words.

    Args:
        splits: the sentences of each split.
        corpus: the sentences whose words are the units; it must hold those of the task.
        name: of the corpus.
        metric: how predictions are scored.
        positive: the class that the metric f1 counts.

    Raises:
        ValueError: if a sentence is not in the corpus, no word has a target, or the metric is for
            other targets.
    """
    first_unit: dict[tuple[str, ...], int] = {}
    words = 0
    for sentence in corpus:
        first_unit.setdefault(tuple(sentence), words)
        words += len(sentence)
    unit: list[int] = []
    sequence: list[int] = []
    split: list[str] = []
    target: list[str | float] = []
    number = 0
    for part in SPLITS:
        for labelled in splits[part]:
            start = first_unit.get(tuple(labelled.words))
            if start is None:
                raise ValueError(f"{' '.join(labelled.words)!r} is not in the corpus")
            for offset, value in enumerate(labelled.targets):
                if value is not None:
                    unit.append(start + offset)
                    sequence.append(number)
                    split.append(part)
                    target.append(value)
            number += 1
    if not target:
        raise ValueError("no word has a target")
    labels: list[str] = []
    values: NDArray[np.float64] | NDArray[np.int64]
    if metric == "pearson":
        if not all(isinstance(value, float) for value in target):
            raise ValueError("the metric pearson is for numbers, its targets are classes")
        values = np.array(target, np.float64)
    else:
        if not all(isinstance(value, str) for value in target):
            raise ValueError(f"the metric {metric} is for classes, its targets are numbers")
        classes, values = np.unique(np.array(target), return_inverse=True)
        labels = classes.tolist()
        odd = [one for one in labels if one != "O" and one[:2] not in ("B-", "I-")]
        if metric == "span_f1" and odd:
            raise ValueError(f"the metric span_f1 is for tags such as B-NP and O, not {odd[0]!r}")
    return Task(
        corpus=name,
        metric=metric,
        kind="regression" if metric == "pearson" else "classification",
        labels=labels,
        unit=np.array(unit, np.int64),
        group=np.array(sequence, np.int64),
        split=np.array(split),
        target=values,
        positive=positive,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the files and the corpus, write the task."""
    flags = parser(__doc__)
    flags.add_argument("--format", choices=list(FORMATS), required=True, help="of the files")
    flags.add_argument("--target", required=True, help="what is predicted")
    flags.add_argument("--metric", required=True, help="how predictions are scored")
    flags.add_argument("--train", type=existing_file, nargs="+", required=True, help="files")
    for part in ("dev", "test"):
        flags.add_argument(
            f"--{part}", type=existing_file, nargs="*", default=[], help="files; or drawn of train"
        )
        flags.add_argument(
            f"--{part}-fraction", type=float, default=0.1, help="share of sentences, if drawn"
        )
    flags.add_argument("--seed", type=int, default=0, help="of what is drawn")
    flags.add_argument("--corpus", type=existing_file, required=True, help="its sentences, .txt")
    flags.add_argument("--output", type=Path, required=True, help="the task, .parquet")
    arguments = flags.parse_args(argv)

    form = FORMATS[arguments.format]
    splits = read_splits(
        form,
        arguments.target,
        {part: getattr(arguments, part) for part in SPLITS},
        {"dev": arguments.dev_fraction, "test": arguments.test_fraction},
        arguments.seed,
    )
    try:
        task = word_task(
            splits,
            read_sentences(arguments.corpus),
            arguments.corpus.stem,
            arguments.metric,
            form.positive if arguments.metric == "f1" else "",
        )
    except ValueError as error:
        raise UserError(f"{arguments.output.stem}: {error}") from error
    write_task(arguments.output, task)
    counts = Counter(task.split.tolist()).items()
    found(
        f"{len(task.unit):,} words of {sum(map(len, splits.values())):,} sentences "
        f"({', '.join(f'{count:,} for {part}' for part, count in counts)}); "
        f"{f'{len(task.labels)} classes' if task.labels else 'values'}"
    )


if __name__ == "__main__":
    run(main)
