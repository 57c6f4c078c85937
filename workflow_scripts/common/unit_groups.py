"""Which units of a corpus belong together: the words of a sentence, the images of one source."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.kinds.text.sentences import read_sentences


def read_unit_groups(path: Path) -> NDArray[np.int64]:
    """The group of every unit of a corpus, [n]: its sentence, or the image that it was made from.

    Units of a group depend on each other, so they are drawn together or not at all.

    Args:
        path: a text corpus (.txt), or the units of an image corpus (.units.parquet).

    Raises:
        UserError: if there is no such corpus.
    """
    if path.suffix == ".parquet":
        # Reading parquet takes half a second to import, which words need not wait for.
        from workflow_scripts.images.image_units import read_units

        return read_units(path).image
    lengths = [len(words) for words in read_sentences(path)]
    return np.repeat(np.arange(len(lengths)), lengths)
