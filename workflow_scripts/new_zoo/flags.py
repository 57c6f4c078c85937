"""The flags of the command, each of which is asked for where it is missing."""

import argparse
from collections.abc import Sequence

from workflow_scripts.common.script import UserError, parser, positive_int
from workflow_scripts.common.zoos import ImageZoo, OwnImageZoo, TextZoo
from workflow_scripts.kinds.text.formats.formats import FORMATS

_OF_CHECKPOINTS = ("checkpoints", "probe", "task")
_OF_TEXT = ("probe_format", "min_words")
_OF_AGENTS = (
    "source",
    "folder",
    "agents",
    "agent_classes",
    "network",
    "epochs",
    "unseen_tasks",
    "task_classes",
)
_OF_TASKS = ("task", "unseen_tasks", "task_classes")

Kind = type[TextZoo] | type[OwnImageZoo] | type[ImageZoo]
# What a zoo of each kind is called, and the flags that are not for it.
_FOREIGN: dict[Kind, tuple[str, tuple[str, ...]]] = {
    TextZoo: ("text zoos", _OF_AGENTS),
    OwnImageZoo: ("image zoos of checkpoints", (*_OF_TEXT, *_OF_AGENTS)),
    ImageZoo: ("image zoos of agents", _OF_TEXT),
}


def read_flags(description: str | None, argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags; ``None`` where one is missing."""
    flags = parser(description)
    flags.prog = "python -m workflow_scripts.new_zoo"
    flags.add_argument("--name", help="of the zoo")
    flags.add_argument("--modality", choices=["text", "image"], help="what checkpoints read")
    flags.add_argument("--sizes", type=positive_int, nargs="+", help="how many checkpoints to keep")
    flags.add_argument("--no-tasks", action="store_true", help="the run ends with the selections")
    flags.add_argument("--output", help="the config [default: NAME.yaml; - for the screen]")
    flags.add_argument(
        "--force", action="store_true", help="write over a file, and take a name in results/"
    )
    own = flags.add_argument_group("zoos of checkpoints")
    own.add_argument(
        "--checkpoints",
        nargs="+",
        metavar="WHERE",
        help="hub ids, id@revision, or folders; NAME= may stand before each",
    )
    own.add_argument(
        "--probe",
        help="file with a sentence a line, wikitext-2 or wikitext-2-raw; or a folder of images",
    )
    own.add_argument(
        "--task",
        nargs="+",
        action="append",
        metavar="WORD",
        help="a training file, and key=value of name, dev, test, format, target, metric, corpus; "
        "or a folder that holds a folder of images for each class, and name, dev, test; once for "
        "each task",
    )
    text = flags.add_argument_group("text zoos")
    text.add_argument(
        "--probe-format", choices=["sentences", *FORMATS], help="[default: what it looks like]"
    )
    text.add_argument("--min-words", type=positive_int, help="of a sentence of the probe")
    image = flags.add_argument_group("image zoos of agents trained here")
    image.add_argument("--source", help="digits or cifar100")
    image.add_argument("--folder", help="that holds cifar-100-python/ [default: it is downloaded]")
    image.add_argument("--agents", help="how many networks to train")
    image.add_argument("--agent-classes", help="that each of them learns")
    image.add_argument("--network", help="convnet, or one of torchvision, such as resnet18")
    image.add_argument("--epochs", help="of training")
    image.add_argument("--unseen-tasks", help="how many tasks to score on")
    image.add_argument("--task-classes", help="of each task")
    return flags.parse_args(argv)


def kind_of_flags(flags: argparse.Namespace, modality: str) -> Kind | None:
    """The kind of zoo that flags are for; ``None`` if they are for image zoos of both kinds."""
    if modality == "text":
        return TextZoo
    for kind, names in ((OwnImageZoo, _OF_CHECKPOINTS), (ImageZoo, _OF_AGENTS)):
        if any(getattr(flags, name) is not None for name in names):
            return kind
    return None


def refuse_misfits(flags: argparse.Namespace, kind: Kind) -> None:
    """Refuse flags that do not go together, of which one would be left out without a word.

    Raises:
        UserError: naming the first.
    """
    called, foreign = _FOREIGN[kind]
    for name in foreign:
        if getattr(flags, name) is not None:
            raise UserError(f"{_flag(name)} is not for {called}; leave it out")
    for name in _OF_TASKS:
        if flags.no_tasks and getattr(flags, name) is not None:
            raise UserError(f"--no-tasks and {_flag(name)} do not go together; leave out one")
    sizes = flags.sizes or []
    if len(set(sizes)) < len(sizes):
        raise UserError("--sizes names a size twice; leave it out once")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
