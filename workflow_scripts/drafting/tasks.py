"""Tasks as flags and answers name them: files or folders, and words such as ``format=conllu``."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.image.settings import SPLITS, FolderTask
from workflow_scripts.kinds.text.settings import FilesTask
from workflow_scripts.kinds.text.formats.guess_format import possible_formats
from workflow_scripts.drafting.named_files import named_file, named_folder
from workflow_scripts.drafting.names import as_name, checked_name
from workflow_scripts.drafting.settings_of import settings_of

_OF_IMAGES = ("name", *SPLITS)
_OF_TEXT = (*_OF_IMAGES, "format", "target", "metric", "corpus")
_FORMATS_IN = "the README's table of formats says what a file of each holds"


def read_task(words: Sequence[str], taken: Collection[str]) -> tuple[str, FilesTask, list[str]]:
    """What names a task, and the formats that its first file can be read in, if none is named.

    Args:
        words: paths of training files, or ``key=value``; ``name``, and the keys of the config.
        taken: the names of other tasks.

    Returns:
        name, settings, and formats, of which the settings have the first.

    Raises:
        UserError: if a key is unknown, a file is missing, or no format fits.
    """
    named = partial(named_file, meant="name a labelled file")
    name, given = _read_words(words, taken, _OF_TEXT, SPLITS, "file", named)
    formats = given.get("format") or possible_formats(Path(given["train"][0]))
    if not formats:
        raise UserError(f"{given['train'][0]}: no format fits this file; {_FORMATS_IN}")
    keys = {key: values if key in SPLITS else values[0] for key, values in given.items()}
    settings = settings_of(FilesTask, keys | {"format": formats[0]}, _FORMATS_IN)
    return name, settings, [] if "format" in given else formats


def read_image_task(words: Sequence[str], taken: Collection[str]) -> tuple[str, FolderTask]:
    """The name of a task on images, and its settings.

    Args:
        words: the path of a training folder, or ``key=value`` of ``name``, ``dev`` and ``test``.
        taken: the names of other tasks.

    Raises:
        UserError: if a key is unknown or stands twice, or a folder is missing.
    """
    name, given = _read_words(words, taken, _OF_IMAGES, (), "folder", named_classes)
    return name, settings_of(FolderTask, {split: folders[0] for split, folders in given.items()})


def named_classes(text: str) -> Path:
    """A folder that a task on images names, which is there.

    Raises:
        UserError: if there is none.
    """
    return named_folder(text, "name one that holds a folder of images for each class")


def _read_words(
    words: Sequence[str],
    taken: Collection[str],
    keys: Collection[str],
    lists: Collection[str],
    what: str,
    named: Callable[[str], Path],
) -> tuple[str, dict[str, list[str]]]:
    """The name of a task, and what its words say by key, with paths as the config has them.

    Args:
        keys: that a word may begin with.
        lists: those of them that may stand several times.
        what: it takes to train on.
        named: finds what a path names.
    """
    given: dict[str, list[str]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            key, value = "train", word
        if key not in keys:
            raise UserError(f"a task has no {key}=; it has {', '.join(keys)}")
        given.setdefault(key, []).append(value)
    twice = [key for key, values in given.items() if key not in lists and len(values) > 1]
    if twice:
        raise UserError(f"{twice[0]}= stands twice in a task")
    if "train" not in given:
        raise UserError(f"a task needs a {what} to train on")
    for split in SPLITS:
        if split in given:
            given[split] = [named(path).as_posix() for path in given[split]]
    name = given.pop("name", [as_name(Path(given["train"][0]).stem, taken)])[0]
    return free_task_name(name, taken), given


def free_task_name(name: str, taken: Collection[str]) -> str:
    """A name that a task may have.

    Raises:
        UserError: if it may not, or another task has it.
    """
    if checked_name(name) in taken:
        raise UserError(f"there are two tasks {name}; name them apart, with name=")
    if name == "probe" or name.startswith("probe-"):
        raise UserError(f"a task cannot be named {name}, as the probe is; write name=")
    return name
