"""The zoo's features on the probe, for methods that look at them rather than at κ."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_names import feature_path
from workflow_scripts.common.feature_file import (
    Features,
    check_same_corpus,
    common_units,
    open_features,
)
from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_order
from workflow_scripts.common.units_file import read_units


@dataclass(frozen=True)
class ProbeFeatures:
    """Features of N checkpoints on one probe.

    Attributes:
        features: one for each checkpoint; [n, d_i] are memory maps.
        groups: [n], the sentence or source image of every unit.
    """

    features: Sequence[Features]
    groups: NDArray[np.int64]

    def sample(self, units: int, seed: int) -> list[NDArray[np.floating]]:
        """The features of a random part of the probe, the same units for every checkpoint.

        Args:
            units: how many at most; sentences and source images are taken whole. Units that some
                checkpoint has no vector for are left out first.
            seed: of the part.

        Raises:
            UserError: if fewer than two units are left.
        """
        rows = common_units(self.features)
        rows = rows[sampled_units(self.groups[rows], units, seed)]
        if len(rows) < 2:
            raise UserError(
                f"{len(rows)} units of the probe are left at units = {units}, which is shorter "
                "than a sentence; raise it, or use a larger probe"
            )
        return [one.read(rows) for one in self.features]


def sampled_units(groups: NDArray[np.int64], units: int, seed: int) -> NDArray[np.int64]:
    """Random whole groups of at most ``units`` units together: their units, in order.

    The groups are taken in a seeded order up to the first that is too many.
    """
    numbers, counts = np.unique(groups, return_counts=True)
    size = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    order = seeded_order(size, seed, "probe units")
    ends = np.cumsum([size[group] for group in order])
    taken = order[: int(np.searchsorted(ends, units, side="right"))]
    return np.flatnonzero(np.isin(groups, taken))


def read_probe_features(folder: Path, names: Sequence[str], corpus: Path) -> ProbeFeatures:
    """Open the features of checkpoints on the probe.

    Args:
        folder: holds NAME.safetensors.
        corpus: the units of the probe, .parquet.

    Raises:
        UserError: if a file is missing, or they are not of one corpus.
    """
    features = [open_features(feature_path(folder, name)) for name in names]
    check_same_corpus(names, features)
    groups = read_units(corpus).group
    if len(groups) != len(features[0].present):
        raise UserError(
            f"{corpus} has {len(groups)} units, the features in {folder} have "
            f"{len(features[0].present)}; extract them again"
        )
    return ProbeFeatures(features, groups)
