"""Examples: what a head is trained, chosen and scored on."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Examples:
    """Units with their features and targets.

    Attributes:
        features: [n, d].
        targets: [n], classes from 0, or values (floats). A class that train never saw has a number
            that no head predicts.
        sequences: [n], the sequence that a unit belongs to; default: each to one of its own. The
            units of a sequence stand together.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64] | NDArray[np.float64]
    sequences: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if len(self.sequences) != len(self.targets):
            object.__setattr__(self, "sequences", np.arange(len(self.targets)))

    @property
    def are_classes(self) -> bool:
        """Whether targets are classes rather than values."""
        return self.targets.dtype.kind == "i"
