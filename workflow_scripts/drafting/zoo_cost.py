"""What a run of a zoo costs, from what was found of its parts."""

from collections.abc import Mapping, Sequence

from workflow_scripts.common.zoos import ImageZoo, OwnImageZoo, TextZoo
from workflow_scripts.drafting.checkpoints import FoundCheckpoint
from workflow_scripts.drafting.cost import Cost, Features
from workflow_scripts.kinds.agents.sizes import image_counts, image_download, network_size
from workflow_scripts.drafting.intervals import why_no_interval
from workflow_scripts.kinds.image.draft import FoundOwnImageZoo
from workflow_scripts.kinds.text.found import Words, words_of
from workflow_scripts.kinds.text.draft import FoundTextZoo

# Bytes of a pixel as corpora hold it: red, green and blue.
_COLOURS = 3


def text_cost(zoo: TextZoo, found: FoundTextZoo, jobs: Mapping[str, int]) -> Cost:
    """What a run of a text zoo costs.

    Args:
        found: its parts, looked at.
        jobs: how many, by stage.
    """
    corpora: dict[str, set[Words]] = {}
    for task in found.tasks:
        corpora.setdefault(zoo.corpus_of(task.name), set()).update(task.sentences)
    features = [Features("probe", found.probe.words, "words")] + [
        Features(corpus, words_of(sentences), "words") for corpus, sentences in corpora.items()
    ]
    return _cost_of_checkpoints(
        zoo,
        found.checkpoints,
        features,
        jobs,
        other_downloads={"wikitext-2": found.probe.download},
        images=0,
        rule="extract_word_features",
    )


def own_image_cost(zoo: OwnImageZoo, found: FoundOwnImageZoo, jobs: Mapping[str, int]) -> Cost:
    """What a run of an image zoo of checkpoints costs.

    Args:
        found: its parts, looked at.
        jobs: how many, by stage.
    """
    counts = {"probe": found.probe.images} | {one.name: one.images for one in found.tasks}
    return _cost_of_checkpoints(
        zoo,
        found.checkpoints,
        [Features(corpus, images, "images") for corpus, images in counts.items()],
        jobs,
        other_downloads={},
        images=sum(counts.values()) * zoo.image_size**2 * _COLOURS,
        rule="extract_vision_features",
    )


def _cost_of_checkpoints(
    zoo: TextZoo | OwnImageZoo,
    checkpoints: Sequence[FoundCheckpoint],
    features: Sequence[Features],
    jobs: Mapping[str, int],
    other_downloads: Mapping[str, int],
    images: int,
    rule: str,
) -> Cost:
    return Cost(
        jobs=jobs,
        downloads={one.name: one.download for one in checkpoints} | dict(other_downloads),
        features=features,
        dims=[one.width for one in checkpoints if one.width],
        unknown=[one.name for one in checkpoints if not one.width],
        dtype=zoo.features.dtype,
        networks=0,
        images=images,
        largest=max(one.network for one in checkpoints),
        rule=rule,
        note=why_no_interval(zoo),
    )


def image_cost(zoo: ImageZoo, jobs: Mapping[str, int]) -> Cost:
    """What a run of an image zoo of agents costs.

    Args:
        jobs: how many, by stage.
    """
    size, count = network_size(zoo), zoo.agents.count
    return Cost(
        jobs=jobs,
        downloads={"CIFAR-100": image_download(zoo)},
        features=[Features(name, units, "images") for name, units in image_counts(zoo).items()],
        dims=[size.dims] * count,
        unknown=[],
        dtype=zoo.features.dtype,
        networks=4 * size.parameters * count,
        images=0,
        largest=4 * size.parameters,
        rule="extract_image_features",
        note=why_no_interval(zoo),
    )
