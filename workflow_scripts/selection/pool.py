"""What selection methods pick from, and what they give."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.low_rank_file import LowRank
from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import QUALITY_COLUMNS, read_table
from workflow_scripts.selection.probe_features import ProbeFeatures

Quality = dict[str, dict[str, float]]

# A replicate's smallest eigenvalue is raised to this. It can lie below zero.
_SMALLEST_EIGENVALUE = 1e-6


def positive_definite(
    matrix: NDArray[np.float64], smallest: float = _SMALLEST_EIGENVALUE
) -> NDArray[np.float64]:
    """A matrix [N, N] with unit diagonal, its eigenvalues raised to ``smallest`` where below.

    The diagonal is scaled back to one, so eigenvalues may end a little below.
    """
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= smallest:
        return matrix
    raised = (vectors * np.maximum(values, smallest)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    scaled: NDArray[np.float64] = (raised + raised.T) / 2 / np.outer(scale, scale)
    np.fill_diagonal(scaled, 1.0)
    return scaled


@dataclass(frozen=True)
class ReplicatedKappa:
    """Replicates of κ that a selection can be made from.

    Attributes:
        values: [R, N, N], each positive definite with unit diagonal.
    """

    values: NDArray[np.float64]

    @classmethod
    def of(cls, replicates: NDArray[np.float64], jitter: float) -> "ReplicatedKappa":
        """Replicates [R, N, N] with unit diagonals, as estimated.

        Args:
            jitter: added to the diagonals, which are then scaled back to one.
        """
        scaled = replicates / (1 + jitter)
        every = range(scaled.shape[1])
        scaled[:, every, every] = 1.0
        return cls(np.stack([positive_definite(one) for one in scaled]))

    @cached_property
    def precisions(self) -> NDArray[np.float64]:
        """The inverse of each, [R, N, N]."""
        return np.linalg.inv(self.values).astype(np.float64, copy=False)

    def gain_errors(self, order: Sequence[int]) -> NDArray[np.float64]:
        """How far the gain of mutual information by each pick varies over the replicates.

        Args:
            order: indices of the k picks.

        Returns:
            The standard deviation of each gain, [k]: that of
            ½ log [det M_AA / det M_BB] over M = κ and κ⁻¹, A being the picks so far and B those
            before, which is the sum of the logarithms of the last pivots of M_AA's Cholesky
            factors.
        """
        block = np.ix_(range(len(self.values)), order, order)
        pivots = [
            np.diagonal(np.linalg.cholesky(matrices[block]), axis1=1, axis2=2)
            for matrices in (self.values, self.precisions)
        ]
        errors: NDArray[np.float64] = np.log(pivots).sum(axis=0).std(axis=0, ddof=1)
        return errors


@dataclass(frozen=True)
class Pool:
    """What a method picks from; parts that it does not read may be missing.

    Attributes:
        names: the checkpoints, sorted.
        covariance: κ between them, checked.
        low_rank: κ of low rank plus a diagonal, instead; few methods pick from it.
        singles: dev score of each checkpoint alone on a task.
        forward: dev score after each pick of a forward selection on a task, in its order.
        transferability: how well each checkpoint's features fit the labels of a task, by the
            score's name.
        quality: scores of each checkpoint's features on the probe, by the score's name.
        parameters: number of weights of each checkpoint.
        features: of each checkpoint on the probe.
        replicates: of κ, as it varies with the probe.
        certify: whether to bound the objectives from above, which takes longer than to pick.
    """

    names: list[str]
    covariance: NamedMatrix | None = None
    low_rank: LowRank | None = None
    singles: dict[str, float] | None = None
    forward: dict[str, float] | None = None
    transferability: dict[str, dict[str, float]] | None = None
    quality: Quality | None = None
    parameters: dict[str, float] | None = None
    features: ProbeFeatures | None = None
    replicates: ReplicatedKappa | None = None
    certify: bool = True


@dataclass(frozen=True)
class Selection:
    """A set of checkpoints in the order in which they were picked.

    Attributes:
        picks: names.
        draw: number of the set among those of the same method and size.
        task: the task that was looked at, or empty.
        objective: the method's objective after each pick, or ``None`` where it has none.
        bound: no set of this size has a higher objective; ``None`` where nothing is proven.
    """

    picks: list[str]
    draw: int = 0
    task: str = ""
    objective: list[float] | None = None
    bound: float | None = None


def read_quality(path: Path, names: Sequence[str]) -> Quality:
    """Each score of every checkpoint, by the score's name and the checkpoint's.

    Args:
        path: the table that workflow_scripts.covariance.score_quality writes.

    Raises:
        UserError: if it is no such table, or lacks a checkpoint.
    """
    table = read_table(path, QUALITY_COLUMNS)
    known = table["checkpoint"].astype(str).tolist()
    for name in names:
        if name not in known:
            raise UserError(f"{path}: the table has no row for {name}; score the quality again")
    return {
        score: dict(zip(known, map(float, table[score]), strict=True))
        for score in QUALITY_COLUMNS
        if score != "checkpoint"
    }


def read_parameters(cards: Sequence[Path], names: Sequence[str]) -> dict[str, float]:
    """The number of weights of every checkpoint.

    Args:
        cards: their checkpoint.json files.

    Raises:
        UserError: if a file is no card, or a checkpoint has none that says its number.
    """
    found: dict[str, float] = {}
    for card in map(read_card, cards):
        if card.parameters is not None:
            found[card.checkpoint] = float(card.parameters)
    for name in names:
        if name not in found:
            raise UserError(
                f"{name}: its card says no number of parameters; leave out cost, and give costs"
            )
    return found
