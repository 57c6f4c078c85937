"""Tasks as flags and answers name them: paths, and words such as ``test=there.txt``."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import SPLITS
from workflow_scripts.drafting.answers import as_name, checked_name


def read_words(
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
