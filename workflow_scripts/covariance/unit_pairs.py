"""Pairs of units in a pseudo-random order that the number of units and a seed alone decide.

The units are shuffled, then paired off in the rounds of a tournament (the circle method: in round r
those are paired whose places add up to 2r). A round has every unit once, or all but one, and all
rounds together have every pair once; then the units are shuffled anew. So every stretch of the
sequence has all units about equally often, and none of its pairs is drawn again before all were,
which makes means over it less variable than those over independent pairs, and as free of bias.
"""

from math import comb

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.seeded_order import seeded_integer, seeded_order


def draw_pairs(units: int, seed: int, first: int, count: int) -> NDArray[np.int64]:
    """Pairs of different units, [count, 2], of the endless sequence.

    Args:
        units: n, at least 4; the first n (n − 1) / 2 pairs are all there are.
        first: where in the sequence to begin, from 0.

    Raises:
        ValueError: if there are too few units.
    """
    if units < 4:
        raise ValueError(f"fingerprints need at least 4 units, there are {units}")
    every = comb(units, 2)
    parts = [np.empty((0, 2), np.int64)]
    for shuffle in range(first // every, -(-(first + count) // every)):
        begin = max(first - shuffle * every, 0)
        end = min(first + count - shuffle * every, every)
        order = np.array(seeded_order(range(units), seed, "pairs", shuffle))
        parts.append(order[_tournament(units, begin, end)])
    return np.concatenate(parts)


def draw_signs(seed: int, first: int, count: int) -> NDArray[np.float64]:
    """A sign, 1 or −1, for each pair of the sequence [count].

    The highest bits of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
    generators"), which needs no numbers before the first.
    """
    state = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    state = state * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seeded_integer(seed, "signs"))
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return np.where(state >> np.uint64(63), 1.0, -1.0)


def _tournament(units: int, begin: int, end: int) -> NDArray[np.int64]:
    """Places [end − begin, 2] of those who meet, round after round."""
    number = np.arange(begin, end)
    round_, meeting = np.divmod(number, units // 2)
    # Of an odd number of units the one at place r pauses; of an even number it meets the last.
    places = units - 1 + units % 2
    distance = meeting + units % 2
    left, right = (round_ + distance) % places, (round_ - distance) % places
    return np.stack([left, np.where(distance == 0, units - 1, right)], axis=1)
