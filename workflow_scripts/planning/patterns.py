"""Patterns of wildcards: which names a rule may claim, so that no two rules ever claim one file."""

import re
from collections.abc import Callable, Iterable, Mapping

from workflow_scripts.common.checkpoint_names import file_name
from workflow_scripts.kinds.zoo import Zoo, ZooSettings

Zoos = Mapping[str, Zoo[ZooSettings]]
NOTHING = "(?!)"


def one_of(names: Iterable[str]) -> str:
    """A pattern for any of these names, or for nothing at all."""
    return "|".join(map(re.escape, sorted(names))) or NOTHING


def zoos_of_kind(zoos: Zoos, kind: str) -> str:
    """A pattern for the zoos of a kind."""
    return one_of(name for name, zoo in zoos.items() if zoo.settings.modality == kind)


def zoos_with_probe(zoos: Zoos) -> str:
    """A pattern for the zoos whose covariance is estimated."""
    return one_of(name for name, zoo in zoos.items() if zoo.settings.probe_names)


def zoos_with_covariance(zoos: Zoos) -> str:
    """A pattern for the zoos that bring their covariance along."""
    return one_of(name for name, zoo in zoos.items() if not zoo.settings.probe_names)


def zoos_with_checkpoint(zoos: Zoos, is_meant: Callable[[ZooSettings, str], bool]) -> str:
    """A pattern for the zoos, only where the folder of a checkpoint that is meant follows.

    Zoos may give the same name to a checkpoint of the hub and to one that is trained; the name
    alone does not say which rule makes it. The slash behind the name ends it: ``qwen2.5`` goes on
    where ``qwen2`` ends.

    Args:
        is_meant: whether a checkpoint of a zoo is, by its settings and name.
    """
    patterns = []
    for name, zoo in zoos.items():
        meant = [file_name(one) for one in zoo.checkpoints if is_meant(zoo.settings, one)]
        if meant:
            patterns.append(f"{re.escape(name)}(?=/checkpoints/(?:{one_of(meant)})/)")
    return "|".join(patterns) or NOTHING
