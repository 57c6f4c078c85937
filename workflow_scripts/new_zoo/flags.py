"""The flags of the command, each of which is asked for where it is missing."""

import argparse
from collections.abc import Mapping, Sequence

from workflow_scripts.common.script import UserError, parser, positive_int
from workflow_scripts.drafting.draft import Drafter

Drafters = Mapping[str, Drafter]


def read_flags(
    description: str | None, argv: Sequence[str] | None, drafters: Drafters
) -> argparse.Namespace:
    """The flags; ``None`` where one is missing.

    Args:
        drafters: of every kind, by its name.
    """
    flags = parser(description)
    flags.prog = "python -m workflow_scripts.new_zoo"
    flags.add_argument("--name", help="of the zoo")
    flags.add_argument("--modality", choices=list(drafters), help="what kind of zoo")
    flags.add_argument("--sizes", type=positive_int, nargs="+", help="how many checkpoints to keep")
    flags.add_argument("--no-tasks", action="store_true", help="the run ends with the selections")
    flags.add_argument("--output", help="the config [default: NAME.yaml; - for the screen]")
    flags.add_argument(
        "--force", action="store_true", help="write over a file, and take a name in results/"
    )
    # Kinds may share groups of flags.
    for add in dict.fromkeys(group for one in drafters.values() for group in one.groups):
        add(flags)
    return flags.parse_args(argv)


def flags_of(drafter: Drafter) -> set[str]:
    """The flags that a kind reads beside those of all."""
    flags = argparse.ArgumentParser()
    for add in drafter.groups:
        add(flags)
    return set(vars(flags.parse_args([])))


def kind_of_flags(flags: argparse.Namespace, drafters: Drafters) -> str | None:
    """The one kind that reads all flags given; ``None`` where several do."""
    given = {name for name, value in vars(flags).items() if value not in (None, False)}
    own = {name: flags_of(drafter) for name, drafter in drafters.items()}
    of_some_kind = given & set().union(*own.values())
    fitting = [name for name, reads in own.items() if of_some_kind and of_some_kind <= reads]
    return fitting[0] if len(fitting) == 1 else None


def refuse_misfits(flags: argparse.Namespace, kind: str, drafters: Drafters) -> None:
    """Refuse flags that do not go together, of which one would be left out without a word.

    Raises:
        UserError: naming the first.
    """
    own = flags_of(drafters[kind])
    for drafter in drafters.values():
        for name in sorted(flags_of(drafter) - own):
            if getattr(flags, name) is not None:
                raise UserError(f"{_flag(name)} is not for zoos of modality: {kind}; leave it out")
    for name in drafters[kind].task_flags:
        if flags.no_tasks and getattr(flags, name) is not None:
            raise UserError(f"--no-tasks and {_flag(name)} do not go together; leave out one")
    sizes = flags.sizes or []
    if len(set(sizes)) < len(sizes):
        raise UserError("--sizes names a size twice; leave it out once")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
