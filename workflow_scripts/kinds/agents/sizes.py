"""What can be known of a zoo of agents before a run: how many images, how large networks are."""

from dataclasses import dataclass

from workflow_scripts.common.zoos import ImageZoo
from workflow_scripts.kinds.agents.settings import Cifar100Source

_CIFAR100_DOWNLOAD = 169_001_437
_SHAPES = {"digits": (8, 8, 1), "cifar100": (32, 32, 3)}


@dataclass(frozen=True)
class NetworkSize:
    """The size of a network.

    Attributes:
        parameters: how many numbers it has.
        dims: width of its features.
    """

    parameters: int
    dims: int


def network_size(zoo: ImageZoo) -> NetworkSize:
    """The size of a zoo's networks, which are built without their memory."""
    import torch

    from workflow_scripts.kinds.agents.networks import build_network, feature_dim

    with torch.device("meta"):
        network = build_network(zoo.agents.network, zoo.agents.classes, _SHAPES[zoo.data.source])
    return NetworkSize(sum(one.numel() for one in network.parameters()), feature_dim(network))


def image_counts(zoo: ImageZoo) -> dict[str, int]:
    """About how many images each corpus holds that features are extracted from."""
    classes = zoo.data.class_count
    probe = zoo.probe.samples_per_class * (1 + len(zoo.probe.rotations))
    counts = {"probe": classes * probe}
    if zoo.tasks:
        tested = zoo.tasks.test_per_class or zoo.data.test_per_class
        counts["tasks"] = classes * (zoo.tasks.samples_per_class + tested)
    return counts


def image_download(zoo: ImageZoo) -> int:
    """Bytes to fetch."""
    data = zoo.data
    return _CIFAR100_DOWNLOAD if isinstance(data, Cifar100Source) and data.folder is None else 0
