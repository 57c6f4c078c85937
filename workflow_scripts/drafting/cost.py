"""What a run will cost, before anything starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflow_scripts.selection.settings import RandomSettings, SelectionSettings

_BYTES = {"float32": 4, "float16": 2}
# What the rules that run checkpoints ask for, and what libraries and batches take of it.
_ASKED, _BESIDE = 4_000_000_000, 1_000_000_000


@dataclass(frozen=True)
class Features:
    """The features of all checkpoints on a corpus.

    Attributes:
        corpus: its name.
        units: how many words or images it has.
        what: words or images.
    """

    corpus: str
    units: int
    what: str


@dataclass(frozen=True)
class Cost:
    """What a run costs.

    Attributes:
        jobs: how many, by stage.
        downloads: bytes to fetch, by name.
        features: on each corpus.
        dims: widths of the checkpoints' features, of each one.
        unknown: names of the checkpoints whose width is not known, which dims are without.
        dtype: of the stored features.
        networks: bytes of all networks that the run writes.
        images: bytes of the images that it gathers from folders.
        largest: bytes of the largest network in memory.
        rule: that runs the networks to get features.
        note: what its results will not tell; empty if there is nothing.
    """

    jobs: Mapping[str, int]
    downloads: Mapping[str, int]
    features: Sequence[Features]
    dims: Sequence[int]
    unknown: Sequence[str]
    dtype: str
    networks: int
    images: int
    largest: int
    rule: str
    note: str

    @property
    def feature_bytes(self) -> int:
        """Of all features on the disk: units × dims × bytes of a number."""
        units = sum(one.units for one in self.features)
        return units * sum(self.dims) * _BYTES[self.dtype]

    @property
    def disk(self) -> int:
        """Bytes that a run adds to the disk, but for figures and tables."""
        return self.feature_bytes + sum(self.downloads.values()) + self.networks + self.images

    @property
    def memory(self) -> int:
        """Bytes that the job with the largest network takes, about."""
        return self.largest + _BESIDE


def cost_lines(cost: Cost, free: int) -> list[str]:
    """What a run costs, in lines.

    Args:
        free: bytes that the disk has left.
    """
    stages = ", ".join(f"{stage} {count}" for stage, count in cost.jobs.items() if count)
    total = sum(cost.jobs.values())
    lines = [f"jobs       {total}" + (f": {stages}" if total else ", all is done already")]
    fetched = [f"{name} {in_bytes(size)}" for name, size in cost.downloads.items() if size]
    lines.append(
        f"downloads  {in_bytes(sum(cost.downloads.values()))}"
        + (f": {', '.join(fetched)}" if fetched else "")
    )
    corpora = ", ".join(f"{one.corpus} {one.units:,} {one.what}" for one in cost.features)
    images = f" and {in_bytes(cost.images)} images" if cost.images else ""
    lines.append(
        f"disk       {in_bytes(cost.disk)}, {in_bytes(cost.feature_bytes)} of it features "
        f"({corpora}; {sum(cost.dims):,} dims of {len(cost.dims)} checkpoints){images}; figures "
        f"and tables come on top, some MB; {in_bytes(free)} are free"
    )
    lines.append(f"memory     {in_bytes(cost.memory)} for a job that runs a network, about")
    if cost.unknown:
        lines.append(f"not known  the width of {', '.join(cost.unknown)}, which comes on top")
    if cost.note:
        lines.append(f"note       {cost.note}")
    if cost.disk > free:
        lines.append("warning    this does not fit on the disk")
    if cost.memory > _ASKED:
        lines.append(
            "warning    on a cluster, give these jobs more memory: "
            f"--set-resources {cost.rule}:mem_mb={-(-cost.memory // 10**9) * 1000}"
        )
    return lines


def in_bytes(size: int) -> str:
    """A number of bytes in the unit that suits it."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size / 1e3:.1f} kB" if size else "nothing"


def least_of_interval() -> int:
    """How many tasks, and how many random sets of each size, an interval takes."""
    # It imports scipy.stats, which takes longer than all else here.
    from workflow_scripts.report.bootstrap import LEAST

    return LEAST


def why_no_interval(tasks: int, selection: SelectionSettings) -> str:
    """Why no gain will have an interval; empty if they will, or there are no scores.

    Args:
        tasks: how many there are.
    """
    least = least_of_interval()
    methods = selection.methods.values()
    sets = sum(one.draws for one in methods if isinstance(one, RandomSettings))
    if not tasks or min(tasks, sets) >= least:
        return ""
    return (
        f"scores will have no intervals, which take {least} tasks and {least} random sets of each "
        f"size: here are {tasks} and {sets}"
    )
