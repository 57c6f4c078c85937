"""Downloads CIFAR-100 from its home (www.cs.toronto.edu/~kriz), verifies and unpacks it.

The address and the checksums of the archive and of each file are torchvision's.
"""

from collections.abc import Sequence
from pathlib import Path
from tarfile import TarError

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, run


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and download."""
    flags = parser(__doc__)
    flags.add_argument("--folder", type=Path, required=True, help="gets cifar-100-python/")
    arguments = flags.parse_args(argv)
    from torchvision.datasets import CIFAR100

    try:
        CIFAR100(str(arguments.folder), download=True)
    except (OSError, RuntimeError, TarError) as error:
        raise UserError(
            f"CIFAR-100 could not be downloaded from {CIFAR100.url} ({error}); try again, or name "
            "a folder that has it: data: {source: cifar100, folder: …}"
        ) from error
    found(f"it is in {arguments.folder}")


if __name__ == "__main__":
    run(main)
