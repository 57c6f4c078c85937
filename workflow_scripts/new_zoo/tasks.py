"""Tasks as they are named by flags and answers: files, and words such as ``format=conllu``."""

from collections.abc import Collection, Sequence
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.data.text_settings import FilesTask
from workflow_scripts.new_zoo.guess_format import possible_formats
from workflow_scripts.new_zoo.named_files import named_file
from workflow_scripts.new_zoo.names import as_name, checked_name
from workflow_scripts.new_zoo.settings_of import settings_of

_KEYS = ("name", "train", "dev", "test", "format", "target", "metric", "corpus")
_LISTS = ("train", "dev", "test")
_FILE = "name a labelled file"
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
    given: dict[str, list[str]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            key, value = "train", word
        if key not in _KEYS:
            raise UserError(f"a task has no {key}=; it has {', '.join(_KEYS)}")
        given.setdefault(key, []).append(value)
    twice = [key for key, values in given.items() if key not in _LISTS and len(values) > 1]
    if twice:
        raise UserError(f"{twice[0]}= stands twice in a task")
    if "train" not in given:
        raise UserError("a task needs a file to train on")
    for key in _LISTS:
        if key in given:
            given[key] = [named_file(path, _FILE).as_posix() for path in given[key]]
    formats = given.get("format") or possible_formats(Path(given["train"][0]))
    if not formats:
        raise UserError(f"{given['train'][0]}: no format fits this file; {_FORMATS_IN}")
    keys = {key: values if key in _LISTS else values[0] for key, values in given.items()}
    name = str(keys.pop("name", "")) or as_name(Path(given["train"][0]).stem, taken)
    if checked_name(name) in taken:
        raise UserError(f"there are two tasks {name}; name them apart, with name=")
    if name == "probe" or name.startswith("probe-"):
        raise UserError(f"a task cannot be named {name}, as the probe is; write name=")
    settings = settings_of(FilesTask, keys | {"format": formats[0]}, _FORMATS_IN)
    return name, settings, [] if "format" in given else formats
