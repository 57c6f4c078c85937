"""Settings of stage 1 for text: where sentences and tasks come from."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PositiveInt, WithJsonSchema, field_validator

from workflow_scripts.common.settings import Fraction, Name, Settings, UserPath
from workflow_scripts.kinds.text.formats.formats import FORMATS

Format = Literal[
    "conll2000", "conll2003", "conllu", "conllx", "factuality", "ged", "tagged", "trees"
]
MetricName = Literal["accuracy", "top3_accuracy", "span_f1", "f1", "pearson"]
Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


# One path or several: Files in a config may be a text or a list of texts.
Files = Annotated[
    list[UserPath],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class TextFileProbe(Settings):
    """Sentences of a file."""

    source: Literal["text"] = "text"
    file: UserPath = Field(description="one sentence a line, words separated by blanks")
    format: Literal["sentences"] | Format = Field(
        "sentences", description="or the format of a labelled file, whose words are taken"
    )
    min_words: PositiveInt = Field(1, description="shorter sentences are left out")
    max_sentences: PositiveInt | None = Field(None, description="the first so many; default: all")
    home: str | None = Field(None, description="where the file is from; said when it is missing")


class WikitextProbe(Settings):
    """The training lines of wikitext-2 (Merity et al. 2017), as in the paper."""

    source: Literal["wikitext-2"] = "wikitext-2"
    variant: Literal["tokens", "raw"] = Field(
        "tokens", description="tokens: rare words are <unk>; raw: all words are kept"
    )
    min_words: PositiveInt = Field(10, description="shorter lines are left out")
    max_sentences: PositiveInt | None = Field(None, description="the first so many; default: all")

    @property
    def download(self) -> str:
        """The file's name among the downloads."""
        return {"tokens": "wikitext-2", "raw": "wikitext-2-raw"}[self.variant]


class StdlibProbe(Settings):
    """Sentences of modules of the Python standard library that nothing else reads."""

    source: Literal["python-stdlib"] = "python-stdlib"
    min_words: PositiveInt = Field(1, description="shorter sentences are left out")
    max_sentences: PositiveInt | None = Field(None, description="the first so many; default: all")


ProbeText = Annotated[TextFileProbe | WikitextProbe | StdlibProbe, Field(discriminator="source")]


class _TextTask(Settings):
    metric: MetricName | None = Field(None, description="default: the usual one of the target")
    corpus: Name | None = Field(
        None,
        description="tasks on the same sentences name one corpus, whose features are then "
        "extracted once; default: a corpus of its own",
    )
    dev_fraction: Fraction = Field(
        0.1, description="share of the training sentences kept for dev where there is no dev file"
    )
    test_fraction: Fraction = Field(
        0.2, description="share of all sentences kept for testing where there is no test file"
    )


class FilesTask(_TextTask):
    """A task in files of one of the known formats."""

    source: Literal["files"] = "files"
    format: Format = Field(description="of the files")
    target: str | None = Field(None, description="what is predicted, where a format has several")
    train: Files = Field(description="one path or several")
    dev: Files | None = Field(None, description="one path or several; default: drawn from train")
    test: Files | None = Field(None, description="one path or several; default: drawn from train")
    home: str | None = Field(None, description="where the files are from; said when one is missing")

    @field_validator("target")
    @classmethod
    def _is_in_the_format(cls, target: str | None, info: Any) -> str | None:
        form = info.data.get("format")
        if form and target is not None and target not in FORMATS[form].targets:
            raise ValueError(f"{form} has the targets {', '.join(FORMATS[form].targets)}")
        return target

    def files(self, split: Split, folder: str) -> list[str]:
        """The files of a split; none where it is drawn from train."""
        return getattr(self, split) or []


class Conll2000Task(_TextTask):
    """Chunking, or part of speech, of the shared task of CoNLL-2000, downloaded."""

    source: Literal["conll2000"] = "conll2000"
    target: Literal["chunk", "pos"] = Field("chunk", description="what is predicted")
    format: ClassVar[Format] = "conll2000"

    def files(self, split: Split, folder: str) -> list[str]:
        """The file of a split, among the downloads; there is none for dev."""
        return [] if split == "dev" else [f"results/downloads/conll2000/{split}.txt"]


class UdEnglishEwtTask(_TextTask):
    """The English Web Treebank of Universal Dependencies, downloaded."""

    source: Literal["ud-english-ewt"] = "ud-english-ewt"
    target: Literal["upos", "xpos", "deprel"] = Field("upos", description="what is predicted")
    format: ClassVar[Format] = "conllu"

    def files(self, split: Split, folder: str) -> list[str]:
        """The file of a split, among the downloads."""
        return [f"results/downloads/ud-english-ewt/{split}.conllu"]


class StdlibTask(_TextTask):
    """One of the eight tasks on the source code of the Python standard library."""

    source: Literal["python-stdlib"] = "python-stdlib"
    task: Literal["pos", "chunking", "ner", "st", "ef", "syn-p", "syn-gp", "syn-ggp"] = Field(
        description="after the paper's eight"
    )
    corpus: Name | None = Field("code", description="all eight are on the same sentences")

    # Format, target and files of each.
    FILES: ClassVar[dict[str, tuple[Format, str, str]]] = {
        "pos": ("conllx", "pos", "pos/{split}.conllx"),
        "chunking": ("conll2000", "chunk", "chunking/{split}.txt"),
        "ner": ("conll2003", "ner", "ner/{split}.txt"),
        "st": ("tagged", "tag", "st/{split}.tsv"),
        "ef": ("factuality", "factuality", "ef/{split}.json"),
        "syn-p": ("trees", "parent", "syn/{split}.trees"),
        "syn-gp": ("trees", "grandparent", "syn/{split}.trees"),
        "syn-ggp": ("trees", "great-grandparent", "syn/{split}.trees"),
    }

    @property
    def format(self) -> Format:
        """The format of its files."""
        return self.FILES[self.task][0]

    @property
    def target(self) -> str:
        """What is predicted."""
        return self.FILES[self.task][1]

    def files(self, split: Split, folder: str) -> list[str]:
        """The file of a split, under the folder of the zoo's source."""
        return [f"{folder}/{self.FILES[self.task][2].format(split=split)}"]


TextTask = Annotated[
    FilesTask | Conll2000Task | UdEnglishEwtTask | StdlibTask, Field(discriminator="source")
]


def target_of(task: TextTask) -> str:
    """What a task predicts: as it says, or the first target of its format."""
    return task.target or FORMATS[task.format].targets[0]


def metric_of(task: TextTask) -> str:
    """How a task is scored: as it says, or the usual way for its target."""
    return task.metric or FORMATS[task.format].metric[target_of(task)]
