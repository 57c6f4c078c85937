"""Writes the card of a checkpoint of which there are features alone."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import existing_file, parser, run
from workflow_scripts.kinds.features.feature_source import open_source


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and the features on the probe, write the card."""
    flags = parser(__doc__)
    flags.add_argument("--checkpoint", required=True, help="its name in the zoo")
    flags.add_argument(
        "--source", type=existing_file, required=True, help="its features on one corpus"
    )
    flags.add_argument("--card", type=Path, required=True, help="what the checkpoint is, .json")
    arguments = flags.parse_args(argv)
    values = open_source(arguments.source).values
    width, dtype = values.shape[1], values.dtype.name
    digest = file_digest(arguments.source)
    card = CheckpointCard(
        checkpoint=arguments.checkpoint,
        source=arguments.source.as_posix(),
        revision=digest,
        # Of the network nothing is known but what it gives.
        architecture=f"{width} dims",
        parameters=None,
        files={arguments.source.name: digest},
        details={"source": arguments.source.as_posix(), "dims": width, "dtype": dtype},
    )
    write_card(arguments.card, card)
    found(f"{width} dims, {dtype}")


if __name__ == "__main__":
    run(main)
