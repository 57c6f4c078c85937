"""Random order without a random number generator: sort by a hash.

The order depends on nothing but the key and the items themselves, so it is the same on every
machine and for every version of every library, and adding an item leaves the order of the others
as it was.
"""

import hashlib
from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item", int, str)


def seeded_order(items: Iterable[Item], *key: object) -> list[Item]:
    """The items in an order that is random but determined by ``key``.

    Args:
        items: distinct integers or strings.
        key: what the order is for, such as ``(seed, "agents", 3)``; anything with a stable repr.
    """
    return sorted(items, key=lambda item: _digest(*key, item))


def seeded_integer(*key: object) -> int:
    """An integer in [0, 2⁶³) determined by ``key``, to seed a generator that needs a number."""
    return int.from_bytes(_digest(*key)[:8], "big") >> 1


def _digest(*key: object) -> bytes:
    return hashlib.sha256(repr(key).encode()).digest()
