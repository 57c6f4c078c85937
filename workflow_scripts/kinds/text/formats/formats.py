"""The formats of labelled files, by name, and what can be read from each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.formats.conll import conll2000, conll2003, conllu, conllx
from workflow_scripts.kinds.text.formats.factuality import factuality
from workflow_scripts.kinds.text.formats.labelled_lines import LabelledSentence
from workflow_scripts.kinds.text.formats.tagged_words import ged, tagged
from workflow_scripts.kinds.text.formats.trees import trees

__all__ = ["FORMATS", "LabelledSentence", "TaskFormat"]


@dataclass(frozen=True)
class TaskFormat:
    """A file format.

    Attributes:
        reader: gives the labelled sentences of a file, with one of the targets.
        metric: the usual metric of each target; the first target is the default.
        positive: the class that the metric f1 counts.
    """

    reader: Callable[[Path, str], Iterator[LabelledSentence]]
    metric: Mapping[str, str]
    positive: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of what can be read; the first is the default."""
        return tuple(self.metric)

    def read(self, path: Path, target: str) -> Iterator[LabelledSentence]:
        """The labelled sentences of a file, one at a time.

        Raises:
            UserError: if there is no such target; on the way, if the file cannot be read or is
                malformed; at its end, if it holds no sentence, no real word or no target.
        """
        if target not in self.metric:
            raise UserError(
                f"{path}: no target {target!r} in this format; choose {', '.join(self.targets)}"
            )
        return self._labelled(path, target)

    def words(self, path: Path) -> Iterator[list[str]]:
        """The sentences of a file without their labels.

        Raises:
            UserError: on the way, if the file cannot be read or is malformed; at its end, if it
                holds no sentence or no real word.
        """
        return (sentence.words for sentence in self._sentences(path, self.targets[0]))

    def _labelled(self, path: Path, target: str) -> Iterator[LabelledSentence]:
        unlabelled = True
        for sentence in self._sentences(path, target):
            unlabelled = unlabelled and all(value is None for value in sentence.targets)
            yield sentence
        if unlabelled:
            raise UserError(
                f"{path}: no word has a value of {target}; name another file, or another target "
                f"({', '.join(self.targets)})"
            )

    def _sentences(self, path: Path, target: str) -> Iterator[LabelledSentence]:
        empty = withheld = True
        for sentence in self.reader(path, target):
            empty = False
            # Some treebanks are published without the words of texts that others own.
            withheld = withheld and set(sentence.words) == {"_"}
            yield sentence
        if empty:
            raise UserError(f"{path}: this file holds no labelled sentence; name another")
        if withheld:
            raise UserError(f"{path}: every word is _, so they were withheld; put them back first")


FORMATS: dict[str, TaskFormat] = {
    "conll2000": TaskFormat(conll2000, {"chunk": "span_f1", "pos": "accuracy"}),
    "conll2003": TaskFormat(conll2003, {"ner": "span_f1", "chunk": "span_f1", "pos": "accuracy"}),
    "conllx": TaskFormat(conllx, {"pos": "accuracy", "coarse-pos": "accuracy"}),
    "conllu": TaskFormat(conllu, dict.fromkeys(("upos", "xpos", "deprel"), "accuracy")),
    "tagged": TaskFormat(tagged, {"tag": "accuracy"}),
    "factuality": TaskFormat(factuality, {"factuality": "pearson"}),
    "trees": TaskFormat(
        trees, dict.fromkeys(("parent", "grandparent", "great-grandparent"), "accuracy")
    ),
    "ged": TaskFormat(ged, {"error": "f1"}, positive="i"),
}
