"""Begins a zoo of features: looks at a folder of feature files, and tells what a run costs."""

import argparse
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import Task
from workflow_scripts.drafting.answers import (
    as_name,
    checked_name,
    counted,
    named_file,
    settings_of,
)
from workflow_scripts.drafting.cost import Cost, Features, why_no_interval
from workflow_scripts.drafting.draft import AddFlags, Check, Draft
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.yaml_block import Commented, Entry, selection
from workflow_scripts.kinds.features.feature_source import open_source
from workflow_scripts.kinds.features.pattern import (
    CHECKPOINT,
    CORPUS,
    SUFFIXES,
    checkpoints_by_corpus,
    feature_source,
    pattern_problem,
)
from workflow_scripts.kinds.features.settings import TableTask
from workflow_scripts.kinds.features.zoo import FeaturesZoo
from workflow_scripts.tables.labelled_table import read_labelled_table, table_task

_KEYS = ("name", "corpus", "target", "split", "group", "metric")
_SEED = 0  # of a zoo that names none


@dataclass(frozen=True)
class FoundFeatures:
    """A folder of feature files that has been looked at.

    Attributes:
        pattern: that names the files.
        corpora: the checkpoints that have features on each corpus.
    """

    pattern: str
    corpora: dict[str, list[str]]


def find_features(text: str) -> FoundFeatures:
    """The pattern in a text, or the pattern that fits the files in a folder.

    In a folder, files lie in folders of their checkpoint or of their corpus; a corpus is what fewer
    names stand for, or what is called probe.

    Raises:
        UserError: if there are no such files.
    """
    if "{" in text:
        if problem := pattern_problem(text):
            raise UserError(problem.removeprefix("features: "))
        patterns = [text]
    else:
        folder = Path(text).expanduser()
        if not folder.is_dir():
            raise UserError(
                f"there is no folder {text}; name one of feature files, or a pattern such as "
                f"embeddings/{CHECKPOINT}/{CORPUS}.npy"
            )
        kinds = [suffix for suffix in SUFFIXES if any(folder.glob(f"*/*{suffix}"))]
        patterns = [
            f"{folder.as_posix()}/{first}/{second}{suffix}"
            for suffix in kinds
            for first, second in ((CHECKPOINT, CORPUS), (CORPUS, CHECKPOINT))
        ]
    found = [FoundFeatures(pattern, checkpoints_by_corpus(pattern)) for pattern in patterns]
    found = [one for one in found if one.corpora and max(map(len, one.corpora.values())) > 1]
    if not found:
        raise UserError(
            f"{text}: there are no features of two checkpoints on one corpus here; files lie as "
            f"{CHECKPOINT}/{CORPUS}.npy ({', '.join(SUFFIXES)}), or name a pattern"
        )
    return min(found, key=lambda one: ("probe" not in one.corpora, len(one.corpora)))


def find_task(
    words: Sequence[str], found: FoundFeatures, taken: Collection[str]
) -> tuple[str, TableTask, Task]:
    """Look at a table of labels.

    Args:
        words: its path, and ``key=value`` of ``_KEYS``.
        taken: the names of other tasks.

    Raises:
        UserError: if a key is unknown, the table fits no corpus, or cannot be learned from.
    """
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key not in _KEYS:
            raise UserError(f"a table of labels has no {key}=; it has {', '.join(_KEYS)}")
        if equals:
            given[key] = value
        else:
            given["table"] = named_file(word, "name a table of labels").as_posix()
    if "table" not in given:
        raise UserError("--labels needs a table: .csv, .tsv, .jsonl or .parquet")
    table = read_labelled_table(Path(given["table"]))
    name = given.pop("name", None) or as_name(Path(given["table"]).stem, taken)
    if checked_name(name) in taken:
        raise UserError(f"there are two tasks {name}; name them apart, with name=")
    given.setdefault("corpus", _fitting_corpus(found, len(table), given["table"]))
    columns = [str(one) for one in table.columns]
    given.setdefault("target", _likely_target(columns))
    if "split" in columns:
        given.setdefault("split", "split")
    settings = settings_of(TableTask, given)
    task = table_task(
        table,
        Path(settings.table),
        settings.corpus,
        np.arange(len(table)),
        settings.target,
        settings.split,
        settings.group,
        {"dev": settings.dev_fraction, "test": settings.test_fraction},
        _SEED,
        settings.metric,
    )
    return name, settings, task


def _likely_target(columns: list[str]) -> str:
    return next((one for one in ("target", "label") if one in columns), columns[-1])


def _fitting_corpus(found: FoundFeatures, rows: int, table: str) -> str:
    """The corpus that has as many units as a table has rows."""
    counts = {
        corpus: len(open_source(Path(feature_source(found.pattern, names[0], corpus))).values)
        for corpus, names in found.corpora.items()
        if names
    }
    fitting = [corpus for corpus, count in counts.items() if count == rows]
    if len(fitting) != 1:
        said = ", ".join(f"{corpus} {count:,}" for corpus, count in counts.items())
        raise UserError(f"{table} has {rows:,} rows; units: {said}; say which with corpus=")
    return fitting[0]


def features_cost(
    zoo: FeaturesZoo, found: FoundFeatures, corpora: Collection[str], jobs: Mapping[str, int]
) -> Cost:
    """What a run costs.

    Args:
        corpora: those that are used.
        jobs: how many, by stage.
    """
    first = zoo.checkpoint_names[0]
    units = {
        corpus: len(open_source(Path(feature_source(found.pattern, first, corpus))).values)
        for corpus in corpora
    }
    return Cost(
        jobs=jobs,
        downloads={},
        features=[Features(corpus, count, "units") for corpus, count in units.items()],
        # They lie where they are.
        dims=[0] * len(zoo.checkpoint_names),
        unknown=[],
        dtype="float32",
        networks=0,
        images=0,
        largest=0,
        rule="import_features",
        note=why_no_interval(len(zoo.task_names), zoo.selection),
    )


def add_flags(flags: argparse.ArgumentParser) -> None:
    """Add the flags that name feature files and tables of labels."""
    own = flags.add_argument_group("zoos of features brought along")
    own.add_argument(
        "--features",
        metavar="WHERE",
        help="a folder of feature files, or a pattern with {checkpoint} and {corpus}",
    )
    own.add_argument("--probe-corpus", help="the corpus to estimate from [default: probe]")
    own.add_argument(
        "--labels",
        nargs="+",
        action="append",
        metavar="WORD",
        help="a table with a row for each unit, and key=value of name, corpus, target, split, "
        "group, metric; once for each task",
    )


class FeaturesDrafter:
    """Begins zoos of features brought along."""

    groups: tuple[AddFlags, ...] = (add_flags,)
    task_flags: tuple[str, ...] = ("labels",)

    def begin(self, flags: argparse.Namespace, questions: Questions, check: Check) -> Draft:
        """Look at everything that the flags name, and ask for what they do not.

        Raises:
            UserError: on the first thing that a flag names and that cannot be used.
        """
        found: FoundFeatures = questions.get(
            "--features", flags.features, "Features: a folder, or a pattern", find_features
        )
        for corpus, names in found.corpora.items():
            questions.say(f"    {corpus}: features of {counted(len(names), 'checkpoint')}")
        probe: str = questions.get(
            "--probe-corpus",
            flags.probe_corpus,
            "Probe: the corpus to estimate from",
            partial(_known_corpus, found),
            "probe" if "probe" in found.corpora else next(iter(found.corpora)),
        )
        tasks: dict[str, tuple[TableTask, Task]] = {}

        def add(words: Sequence[str]) -> None:
            name, settings, task = find_task(words, found, tasks)
            tasks[name] = settings, task
            questions.say(f"    {name}: {_described(task)}")

        for words in flags.labels or []:
            add(words)
        if questions.asks and flags.labels is None and not flags.no_tasks:
            question = "Task: a table of labels (empty: no more)"
            while text := questions.ask(question, str, ""):
                try:
                    add(text.split())
                except UserError as error:
                    questions.say(f"    {error}")
        entry: Entry = {
            "modality": "features",
            "features": found.pattern,
            "probe": Commented({"corpus": probe}, "unlabelled units"),
        }
        if tasks:
            entry["tasks"] = Commented(
                {
                    name: Commented(settings.model_dump(exclude_defaults=True), _described(task))
                    for name, (settings, task) in tasks.items()
                },
                "that no selection sees, but which it is scored on",
            )
        entry |= {"selection": selection(len(found.corpora[probe]), flags.sizes)}
        corpora = dict.fromkeys([probe, *(settings.corpus for settings, _ in tasks.values())])
        return Draft(entry, partial(features_cost, check(entry), found, list(corpora)))


def _known_corpus(found: FoundFeatures, text: str) -> str:
    if text not in found.corpora:
        raise UserError(f"there is no corpus {text}; there are {', '.join(found.corpora)}")
    return text


def _described(task: Task) -> str:
    kind = counted(len(task.labels), "class", "classes") if task.labels else "numbers"
    return f"{counted(len(task.unit), 'unit')} ({kind})"
