"""What many heads read at a time: blocks of columns, each of which some of the heads share.

The outputs of a head are the sum of what it makes of its blocks. So the products of all heads with
a block are one matrix product, and the block is read once for all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.evaluation.task_features import Rows, TaskFeatures, row_blocks

Subset = tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Columns of features, and the heads that read them.

    Attributes:
        width: number of columns d.
        heads: [s], their numbers, increasing.
        read: the columns [len(rows), d] of some rows.
    """

    width: int
    heads: NDArray[np.int64]
    read: Callable[[Rows], NDArray[np.float32]]


@dataclass(frozen=True)
class HeadInputs:
    """What each of S heads reads.

    Attributes:
        count: S.
        blocks: each read by one head or more.
    """

    count: int
    blocks: list[Block]

    def of(self, head: int) -> list[int]:
        """The numbers of the blocks that a head reads."""
        return [number for number, block in enumerate(self.blocks) if head in block.heads]

    def only(self, heads: Sequence[int] | NDArray[np.int64]) -> "HeadInputs":
        """The same for some of the heads, numbered anew in the order given, which increases."""
        kept = np.asarray(heads, np.int64)
        blocks = [
            replace(block, heads=np.flatnonzero(np.isin(kept, block.heads)))
            for block in self.blocks
            if np.isin(block.heads, kept).any()
        ]
        return HeadInputs(len(kept), blocks)


def concatenated(features: TaskFeatures, subsets: Sequence[Subset]) -> HeadInputs:
    """Heads on the features of each subset's checkpoints side by side."""
    return HeadInputs(
        len(subsets),
        [
            Block(
                features.width(name),
                np.array([head for head, subset in enumerate(subsets) if name in subset]),
                lambda rows, name=name: features.read(name, rows),  # type: ignore[misc]
            )
            for name in sorted({name for subset in subsets for name in subset})
        ],
    )


def projected(
    features: TaskFeatures, subsets: Sequence[Subset], width: int, memory_bytes: int
) -> HeadInputs:
    """Heads on random projections of the same, all of one width.

    A projection multiplies the features, side by side, by a matrix of random signs over √width,
    which leaves distances about as they were (Achlioptas 2003). The part of a checkpoint is the
    same in every subset, drawn by its name, and computed once if all fit into ``memory_bytes``.
    """
    names = sorted({name for subset in subsets for name in subset})
    signs = {name: random_signs(features.width(name), width, name) for name in names}
    parts: dict[str, NDArray[np.float32]] = {}
    if 4 * features.count * width * len(names) <= memory_bytes:
        blocks = row_blocks(slice(0, features.count))
        parts = {
            name: np.concatenate([features.read(name, rows) @ signs[name] for rows in blocks])
            for name in names
        }

    def part(name: str, rows: Rows) -> NDArray[np.float32]:
        return parts[name][rows] if parts else features.read(name, rows) @ signs[name]

    def read(subset: Subset, rows: Rows) -> NDArray[np.float32]:
        total: NDArray[np.float32] = np.add.reduce([part(name, rows) for name in subset])
        return total

    return HeadInputs(
        len(subsets),
        [
            Block(width, np.array([head]), lambda rows, subset=subset: read(subset, rows))  # type: ignore[misc]
            for head, subset in enumerate(subsets)
        ],
    )


def random_signs(height: int, width: int, name: str) -> NDArray[np.float32]:
    """A matrix [height, width] of ±1/√width, determined by a name."""
    generator = np.random.default_rng(seeded_integer("projection", name))
    signs = generator.integers(0, 2, size=(height, width), dtype=np.int8)
    scaled: NDArray[np.float32] = ((2 * signs - 1) / np.sqrt(width)).astype(np.float32)
    return scaled
