"""What the files of a checkpoint say of its model, before anything is loaded."""

import json
import math
from pathlib import Path

from workflow_scripts.common.checkpoint_card import CheckpointCard, Detail
from workflow_scripts.common.script import UserError
from workflow_scripts.pretrained.checkpoint_files import needed_paths


def pretrained_card(
    checkpoint: str,
    kind: str,
    source: str,
    revision: str,
    folder: Path,
    files: dict[str, str],
    trust_remote_code: bool = False,
    details: dict[str, Detail] | None = None,
) -> CheckpointCard:
    """The card of a checkpoint in a folder that transformers can load.

    Args:
        checkpoint: its name in the zoo.
        kind: where it comes from.
        source: the hub id, the folder as the config names it, or what it was pre-trained on.
        revision: a commit of the hub, or a digest of the files.
        folder: where the files are: absolute, or relative to the working directory.
        files: the sha256 of each file that the checkpoint needs, by its path in the folder.
        trust_remote_code: whether Python code in the folder may be run.
        details: what the table of checkpoints says beside what the files do.
    """
    model = model_details(folder) | (details or {})
    parameters = model.get("parameters")
    return CheckpointCard(
        checkpoint=checkpoint,
        source=source,
        revision=revision,
        architecture=str(model["model"]),
        parameters=int(parameters) if parameters is not None else None,
        files=files,
        details={"kind": kind, "source": source, "revision": revision[:REVISION_DIGITS], **model},
        reading={"folder": folder.as_posix(), "trust_remote_code": trust_remote_code},
    )


# As many digits of a commit or digest as tell it from others.
REVISION_DIGITS = 12


def described(card: CheckpointCard) -> str:
    """The kind of model of a checkpoint and its size, as far as they are known, in words."""
    words = {"layers": "{} layers", "width": "of width {}", "parameters": "{:,} parameters"}
    sizes = [text.format(card.details[key]) for key, text in words.items() if key in card.details]
    return ", ".join([str(card.details["model"]), *sizes]).replace("layers, of", "layers of")


def model_details(folder: Path) -> dict[str, Detail]:
    """What ``config.json`` and the weights say of a model, as columns of the table of checkpoints.

    Raises:
        UserError: if the folder has no such file, or it names no kind of model.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        details: dict[str, Detail] = {"model": config["model_type"]}
    except FileNotFoundError:
        raise UserError(
            f"{path}: there is no such file; a checkpoint is a folder with config.json, weights "
            "and a tokenizer, as transformers' save_pretrained writes it"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: this is no configuration of transformers; fetch or save the checkpoint again"
        ) from error
    for column, keys in {
        "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers"),
        "width": ("hidden_size", "d_model", "n_embd", "emb_dim", "dim"),
    }.items():
        for key in keys:
            if isinstance(config.get(key), int):
                details[column] = config[key]
                break
    parameters = weight_count(folder)
    return details if parameters is None else details | {"parameters": parameters}


def weight_count(folder: Path) -> int | None:
    """How many numbers a checkpoint's safetensors files hold, heads and buffers included.

    Returns:
        ``None`` where its weights are of another kind, which tell only when they are loaded.
    """
    paths = [path for path in needed_paths(folder, False) if path.suffix == ".safetensors"]
    try:
        return sum(_numbers_in(path) for path in paths) or None
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None


def _numbers_in(path: Path) -> int:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError("the header is longer than the file")
        tensors = json.loads(file.read(length))
    return sum(math.prod(one["shape"]) for key, one in tensors.items() if key != "__metadata__")
