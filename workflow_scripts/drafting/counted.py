"""Numbers of things in words."""


def counted(count: int, one: str, several: str = "") -> str:
    """A number and what it counts.

    Args:
        one: the word for one thing.
        several: for several; default: with an s behind.
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"
