"""Prints what extracting the features of each checkpoint took, as costs for the budget of mmi.

Of every checkpoint whose features on a corpus were extracted, seconds per thousand words or images,
without those for loading it; measured when that was done last, on the machine where it was.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from workflow_scripts.common.facts import SUFFIX, read_speeds
from workflow_scripts.common.script import UserError, parser, run


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and facts, print the costs."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features",
        type=Path,
        required=True,
        help="folder of a corpus, such as results/mine/features/probe",
    )
    arguments = flags.parse_args(argv)
    costs = read_speeds(arguments.features.glob(f"*{SUFFIX}"))
    if not costs:
        raise UserError(
            f"{arguments.features}: nothing in it says how long features took; name the folder of "
            "the features on one corpus"
        )
    yaml.safe_dump({"costs": costs}, sys.stdout, allow_unicode=True, sort_keys=False)


if __name__ == "__main__":
    run(main)
