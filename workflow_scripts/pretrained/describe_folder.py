"""Looks at a user's own checkpoint, which is used in place, and writes its card."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.pretrained.checkpoint_files import (
    Preprocessor,
    add_preprocessor,
    check_code,
    check_contents,
    missing_parts,
    needed_paths,
)
from workflow_scripts.pretrained.model_details import described, pretrained_card


def describe(
    checkpoint: str, path: str, trust_remote_code: bool, preprocessor: Preprocessor = "tokenizer"
) -> CheckpointCard:
    """The card of a folder.

    Args:
        preprocessor: what prepares its input.

    Raises:
        UserError: if there is no such folder, or it holds no complete checkpoint.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise UserError(
            f"{checkpoint}: there is no folder {path}; name one that transformers' save_pretrained "
            f"wrote, of a model and of its {preprocessor}"
        )
    needed = [path.name for path in needed_paths(folder, trust_remote_code, preprocessor)]
    if missing := missing_parts(needed, preprocessor):
        raise UserError(
            f"{checkpoint}: {path} lacks {' and '.join(missing)}; save the model and the "
            f"{preprocessor} there, each with save_pretrained"
        )
    check_contents(folder, needed)
    if trust_remote_code:
        check_code(folder)
    files = {name: file_digest(folder / name) for name in needed}
    return pretrained_card(
        checkpoint, "folder", path, _digest(files), folder, files, trust_remote_code
    )


def _digest(files: dict[str, str]) -> str:
    """As many digits as a commit has."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in files.items())
    return hashlib.sha256(lines.encode()).hexdigest()[:40]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and the folder, write the card."""
    flags = parser(__doc__)
    flags.add_argument("--checkpoint", required=True, help="its name in the zoo")
    flags.add_argument("--path", required=True, help="of the folder")
    flags.add_argument(
        "--trust-remote-code", action="store_true", help="Python code in the folder may be run"
    )
    flags.add_argument("--card", type=Path, required=True, help="what the checkpoint is, .json")
    add_preprocessor(flags)
    arguments = flags.parse_args(argv)
    card = describe(
        arguments.checkpoint, arguments.path, arguments.trust_remote_code, arguments.preprocessor
    )
    write_card(arguments.card, card)
    found(f"{described(card)}, {len(card.files)} files")


if __name__ == "__main__":
    run(main)
