"""Which pairs of checkpoints are to be computed."""

from collections.abc import Sequence

Pair = tuple[int, int]


def pairs_with(fresh: Sequence[int], count: int) -> list[Pair]:
    """The pairs i ≤ j of so many checkpoints of which at least one is fresh, each once.

    Those of one fresh checkpoint follow each other.
    """
    return list(
        dict.fromkeys(
            (min(i, other), max(i, other)) for i in sorted(fresh) for other in range(count)
        )
    )
