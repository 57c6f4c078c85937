"""What a run of a zoo costs, from what was found of its parts."""

from collections.abc import Mapping

from workflow_scripts.common.zoos import ImageZoo, TextZoo
from workflow_scripts.new_zoo.cost import Cost, Features
from workflow_scripts.new_zoo.images import image_counts, image_download, network_size
from workflow_scripts.new_zoo.intervals import why_no_interval
from workflow_scripts.new_zoo.text import Words, words_of
from workflow_scripts.new_zoo.text_zoo import FoundTextZoo


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
    downloads = {one.name: one.download for one in found.checkpoints}
    return Cost(
        jobs=jobs,
        downloads=downloads | {"wikitext-2": found.probe.download},
        features=features,
        dims=[one.width for one in found.checkpoints if one.width],
        unknown=[one.name for one in found.checkpoints if not one.width],
        dtype=zoo.features.dtype,
        networks=0,
        largest=max(one.network for one in found.checkpoints),
        note=why_no_interval(zoo),
    )


def image_cost(zoo: ImageZoo, jobs: Mapping[str, int]) -> Cost:
    """What a run of an image zoo costs.

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
        largest=4 * size.parameters,
        note=why_no_interval(zoo),
    )
