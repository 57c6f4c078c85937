"""What selection methods pick from, and what they give."""

from dataclasses import dataclass

from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.common.low_rank_file import LowRank
from workflow_scripts.selection.probe_features import ProbeFeatures
from workflow_scripts.selection.replicated_kappa import ReplicatedKappa


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
    quality: dict[str, dict[str, float]] | None = None
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
