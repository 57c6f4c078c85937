"""What a kind of zoo does for a new one: its flags, its questions, and what a run will cost."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from workflow_scripts.drafting.cost import Cost
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.yaml_block import Entry

# Turns what stands in the config into settings, or raises UserError.
Check = Callable[[Entry], Any]


@dataclass(frozen=True)
class Draft:
    """A zoo that could be written.

    Attributes:
        entry: what stands in the config under its name.
        price: what a run costs, from the number of jobs by stage.
    """

    entry: Entry
    price: Callable[[Mapping[str, int]], Cost]


AddFlags = Callable[[argparse.ArgumentParser], None]


class Drafter(Protocol):
    """How a kind begins a zoo.

    Attributes:
        groups: add the flags that the kind reads beside those of all; kinds may share a group.
        task_flags: those of them that name tasks, as argparse calls them.
    """

    groups: tuple[AddFlags, ...]
    task_flags: tuple[str, ...]

    def begin(self, flags: argparse.Namespace, questions: Questions, check: Check) -> Draft:
        """Look at everything that the flags name, and ask for what they do not.

        Args:
            check: the config's own validation.

        Raises:
            UserError: on the first thing that a flag names and that cannot be used.
        """
