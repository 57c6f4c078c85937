"""Stages 1 to 3 of text zoos: paths and flags of their jobs."""

from workflow_scripts.common.paths import DOWNLOADS
from workflow_scripts.common.settings import to_flags
from workflow_scripts.kinds.text.miniatures.settings import PretrainSettings
from workflow_scripts.kinds.text.settings import (
    SPLITS,
    Split,
    StdlibTask,
    TextFileProbe,
    WikitextProbe,
    metric_of,
    target_of,
)
from workflow_scripts.kinds.text.stdlib.settings import DOMAINS
from workflow_scripts.kinds.text.zoo import TextZoo
from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.pretrained.settings import ReadingSettings

TextZooPlan = Zoo[TextZoo]

# The files of the embedded source, below its folder.
STDLIB_FILES = sorted(
    {"probe.txt"}
    | {f"text/{domain}.txt" for domain in DOMAINS}
    | {file.format(split=split) for _, _, file in StdlibTask.FILES.values() for split in SPLITS}
)


def stdlib_folder(zoo: TextZooPlan) -> str:
    """Where the embedded text and tasks of a zoo are."""
    return f"{zoo.paths.folder}/stdlib"


def stdlib_flags(zoo: TextZooPlan) -> list[str]:
    """What decides the embedded text and its tasks, apart from the library itself."""
    assert zoo.settings.data is not None
    return ["--seed", str(zoo.settings.seed), *to_flags(zoo.settings.data)]


def corpus_reads(zoo: TextZooPlan, corpus: str) -> list[tuple[str, str]]:
    """The files that the sentences of a corpus are from, each with its format."""
    probe = zoo.settings.probe_texts.get(corpus)
    if isinstance(probe, TextFileProbe):
        return [(probe.format, path) for path in zoo.given([probe.file])]
    if isinstance(probe, WikitextProbe):
        return [("sentences", f"{DOWNLOADS}/{probe.download}.txt")]
    if probe is not None:
        return [("sentences", f"{stdlib_folder(zoo)}/probe.txt")]
    return sorted(
        {
            (zoo.settings.tasks[task].format, path)
            for task in zoo.settings.task_names
            if zoo.settings.corpus_of(task) == corpus
            for split in SPLITS
            for path in _files_of_split(zoo, task, split)
        }
    )


def corpus_files(zoo: TextZooPlan, corpus: str) -> list[str]:
    """The files of a corpus, each once."""
    return sorted({path for _, path in corpus_reads(zoo, corpus)})


def corpus_flags(zoo: TextZooPlan, corpus: str) -> list[str]:
    """How the sentences of a corpus are read, and which of them it takes."""
    flags = [part for one in corpus_reads(zoo, corpus) for part in ("--read", *one)]
    probe = zoo.settings.probe_texts.get(corpus)
    if probe is None:
        return [*flags, "--distinct"]
    taken = {"min_words", "max_sentences"}
    return flags + to_flags(probe, exclude=type(probe).model_fields.keys() - taken)


def task_files(zoo: TextZooPlan, task: str) -> dict[str, list[str]]:
    """The files of every split of a task, by split; none where it is drawn from another."""
    return {split: _files_of_split(zoo, task, split) for split in SPLITS}


def task_corpus(zoo: TextZooPlan, task: str) -> str:
    """The corpus that a task is on."""
    return corpus_file(zoo, zoo.settings.corpus_of(task))


def corpus_file(zoo: TextZooPlan, corpus: str) -> str:
    """The sentences of a corpus."""
    return f"{zoo.paths.folder}/corpora/{corpus}.txt"


def task_flags(zoo: TextZooPlan, task: str) -> list[str]:
    """How a task is read from its files, and what is drawn from them."""
    settings = zoo.settings.tasks[task]
    flags = ["--format", settings.format, "--target", target_of(settings)]
    flags += ["--metric", metric_of(settings)]
    for split, files in task_files(zoo, task).items():
        flags += [f"--{split}", *files] if files else []
    drawn = [split for split in ("dev", "test") if not settings.files(split, "")]
    for split in drawn:
        flags += [f"--{split}-fraction", str(getattr(settings, f"{split}_fraction"))]
    return flags + (["--seed", str(zoo.settings.seed)] if drawn else [])


def is_pretrained_here(zoo: ZooSettings, checkpoint: str) -> bool:
    """Whether a checkpoint is a miniature."""
    return isinstance(zoo, TextZoo) and isinstance(zoo.checkpoints[checkpoint], PretrainSettings)


def pretraining_text(zoo: TextZooPlan, checkpoint: str) -> str:
    """What a miniature model is trained on."""
    settings = zoo.settings.checkpoints[checkpoint]
    assert isinstance(settings, PretrainSettings)
    return f"{stdlib_folder(zoo)}/text/{settings.domain}.txt"


def pretraining_flags(zoo: TextZooPlan, checkpoint: str) -> list[str]:
    """How a miniature model is made and trained."""
    settings = zoo.settings.checkpoints[checkpoint]
    elsewhere = {"kind", *ReadingSettings.model_fields}
    return ["--seed", str(zoo.settings.seed), *to_flags(settings, exclude=elsewhere)]


def feature_flags(zoo: TextZooPlan, checkpoint: str) -> list[str]:
    """How words get their vectors from a checkpoint."""
    return to_flags(zoo.settings.features_of(checkpoint))


def _files_of_split(zoo: TextZooPlan, task: str, split: Split) -> list[str]:
    settings = zoo.settings.tasks[task]
    files = settings.files(split, stdlib_folder(zoo))
    return zoo.given(files) if settings.source == "files" else files
