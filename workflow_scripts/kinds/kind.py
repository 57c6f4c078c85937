"""What a kind of zoo registers: its settings, its rules, and how it begins a new zoo."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from workflow_scripts.drafting.draft import Drafter
from workflow_scripts.kinds.zoo import ZooSettings

# The stages that differ between kinds, in their order.
OWN_STAGES = ("data", "checkpoints", "features")


@dataclass(frozen=True)
class Kind:
    """A kind of zoo.

    Attributes:
        settings: the model of its zoos; ``modality:`` in the config names it.
        stages: the rules of ``rules/{name}.smk`` and those it shares, by stage (``OWN_STAGES``).
        drafter: the module and name of its :class:`Drafter`, imported when a zoo is begun.
    """

    settings: type[ZooSettings]
    stages: Mapping[str, tuple[str, ...]]
    drafter: tuple[str, str]

    @property
    def name(self) -> str:
        """What the config calls it."""
        return str(self.settings.model_fields["modality"].default)

    def load_drafter(self) -> Drafter:
        """What begins a zoo of this kind."""
        module, name = self.drafter
        drafter: Drafter = getattr(importlib.import_module(module), name)()
        return drafter
