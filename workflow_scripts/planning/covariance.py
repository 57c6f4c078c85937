"""Stage 4: jobs on the features of all checkpoints on a probe."""

from workflow_scripts.common.settings import to_flags
from workflow_scripts.kinds.zoo import Zoo, ZooSettings

AnyZoo = Zoo[ZooSettings]


def probe_features(zoo: AnyZoo, probe: str = "probe") -> list[str]:
    """The features of every checkpoint on a probe."""
    return [zoo.paths.features(probe, name) for name in zoo.settings.checkpoint_names]


def covariance_flags(zoo: AnyZoo) -> list[str]:
    """How the covariance is estimated, and at which numbers of groups beside half and all."""
    sizes = sorted(zoo.settings.convergence)
    flags = to_flags(zoo.settings.covariance, exclude={"precomputed", "names"})
    return flags + (["--prefixes", *map(str, sizes)] if sizes else [])


def resampling_flags(zoo: AnyZoo) -> list[str]:
    """How the probe is resampled."""
    return ["--seed", str(zoo.settings.seed), *to_flags(zoo.settings.stability)]


def resampling_memory(zoo: AnyZoo) -> int:
    """MB of a job that resamples the probe; a third of it is for features."""
    settings, count = zoo.settings.stability, len(zoo.checkpoints)
    # Replicates twice, and of every unit what its rows sum up to over each block.
    kept = 16 * settings.replicates * count**2
    kept += 4 * settings.units * (settings.blocks + 5) * count
    return 3000 + (kept * 3 // 2 >> 20)


def precomputed_files(zoo: AnyZoo) -> dict[str, list[str]]:
    """The files of a covariance that was brought along, under the names of their flags."""
    settings = zoo.settings.covariance
    given = {"covariance": settings.precomputed, "names": settings.names}
    return {flag: zoo.given([path]) for flag, path in given.items() if path is not None}


def precomputed_flags(zoo: AnyZoo) -> list[str]:
    """The same, as flags."""
    settings = zoo.settings.covariance
    assert settings.precomputed is not None
    flags = ["--covariance", settings.precomputed]
    return flags + (["--names", settings.names] if settings.names else [])
