"""Examples: what a head is trained, chosen and scored on."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Examples:
    """Consecutive units of a task, with their targets.

    Attributes:
        targets: [n], classes from 0, or values (floats). A class that train never saw has a number
            that no head predicts.
        sequences: [n], the sequence that a unit belongs to; default: each to one of its own. The
            units of a sequence stand together.
        start: the row of the task's features that belongs to the first.
    """

    targets: NDArray[np.int64] | NDArray[np.float64]
    sequences: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    start: int = 0

    def __post_init__(self) -> None:
        if len(self.sequences) != len(self.targets):
            object.__setattr__(self, "sequences", np.arange(len(self.targets)))

    @property
    def are_classes(self) -> bool:
        """Whether targets are classes rather than values."""
        return self.targets.dtype.kind == "i"

    def rows(self, start: int = 0, stop: int | None = None) -> slice:
        """The rows of the features that belong to some of them, or all."""
        stop = len(self.targets) if stop is None else min(stop, len(self.targets))
        return slice(self.start + start, self.start + stop)
