"""What can be known of a checkpoint before a run: that it is there and whole, and its size."""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.script import UserError
from workflow_scripts.drafting.answers import as_name, checked_checkpoint_name, settings_of
from workflow_scripts.drafting.cost import in_bytes
from workflow_scripts.pretrained.checkpoint_files import CONFIG, Preprocessor, weight_files
from workflow_scripts.pretrained.describe_folder import describe
from workflow_scripts.pretrained.model_details import model_details
from workflow_scripts.pretrained.settings import FolderSettings, HubSettings

# Bytes of a number as checkpoints store it, where they do not say float32.
_HALF = ("float16", "bfloat16")


@dataclass(frozen=True)
class FoundCheckpoint:
    """A checkpoint that has been looked at.

    Attributes:
        name: in the zoo.
        settings: of its entry in the config.
        version: the commit, or a digest of the folder's files; the same checkpoint has the same.
        model: the kind of network, such as ``bert``.
        width: of its features; ``None`` where its configuration does not tell.
        download: bytes to fetch; 0 of a folder.
        network: bytes of its weights in memory, as float32.
        own_code: whether it comes with Python code.
    """

    name: str
    settings: HubSettings | FolderSettings
    version: str
    model: str
    width: int | None
    download: int
    network: int
    own_code: bool

    @property
    def described(self) -> str:
        """What it is, in words."""
        width = f", width {self.width}" if self.width else ""
        fetched = f", {in_bytes(self.download)} to fetch" if self.download else ""
        return f"{self.model}{width}{fetched}"


def find_checkpoint(
    text: str, others: Sequence[FoundCheckpoint], preprocessor: Preprocessor = "tokenizer"
) -> FoundCheckpoint:
    """Look at a checkpoint.

    Args:
        text: an id of the hub, ``id@revision``, or a folder; ``name=`` may stand before.
        others: those of the zoo so far.
        preprocessor: what prepares its input.

    Raises:
        UserError: if it cannot be reached, is no complete checkpoint of transformers, or is one of
            the others.
    """
    name, _, where = text.rpartition("=")
    taken = [one.name for one in others]
    if not name:
        name = as_name(Path(where.partition("@")[0]).name, taken)
    elif checked_checkpoint_name(name) in taken:
        raise UserError(f"there are two checkpoints {name}; write name={where} with another name")
    path = Path(where).expanduser()
    if path.is_file():
        raise UserError(f"{where} is a file; name the folder that holds it")
    if path.is_dir() or where.startswith((".", "/", "~")):
        found = _in_folder(name, path.as_posix(), preprocessor)
    else:
        found = _on_hub(name, where, preprocessor)
    for other in others:
        if other.version == found.version:
            raise UserError(
                f"{where} is the same checkpoint as {other.name}, and a zoo holds each once; name "
                "another (one that is read at two layers is written into the config by hand)"
            )
    return found


def _in_folder(name: str, where: str, preprocessor: Preprocessor) -> FoundCheckpoint:
    settings = settings_of(FolderSettings, {"path": where})
    card = describe(name, where, False, preprocessor)
    sizes = {file: (Path(where) / file).stat().st_size for file in card.files}
    return _found(name, settings, card.revision, Path(where), sizes, preprocessor)


def _on_hub(name: str, where: str, preprocessor: Preprocessor) -> FoundCheckpoint:
    from huggingface_hub.utils.tqdm import disable_progress_bars

    from workflow_scripts.pretrained.fetch_checkpoint import preview

    disable_progress_bars()
    identity, _, revision = where.partition("@")
    given = {"id": identity} | ({"revision": revision} if revision else {})
    meant = "a checkpoint is a folder that is there, or an id of the hub"
    settings = settings_of(HubSettings, given, meant)
    with tempfile.TemporaryDirectory() as folder:
        try:
            seen = preview(settings.id, settings.revision, False, Path(folder), preprocessor)
        except UserError as error:
            # A folder that was mistyped looks like an id.
            raise UserError(
                f"there is no folder {where} here, so it was looked up on the hub: {error}"
            ) from error
        return _found(name, settings, seen.commit, Path(folder), seen.sizes, preprocessor)


def _found(
    name: str,
    settings: HubSettings | FolderSettings,
    version: str,
    folder: Path,
    sizes: Mapping[str, int],
    preprocessor: Preprocessor,
) -> FoundCheckpoint:
    details = model_details(folder)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    stored = str(config.get("dtype") or config.get("torch_dtype") or "")
    weights = sum(sizes[file] for file in weight_files(sizes))
    width = details.get("width") if preprocessor == "tokenizer" else _width_of_images(config)
    return FoundCheckpoint(
        name=name,
        settings=settings,
        version=version,
        model=str(details["model"]),
        width=width if isinstance(width, int) else None,
        download=sum(sizes.values()) if settings.kind == "hub" else 0,
        network=weights * (2 if re.sub(r"^torch\.", "", stored) in _HALF else 1),
        own_code="auto_map" in config,
    )


def _width_of_images(config: Mapping[str, Any]) -> int | None:
    """Of a network of images and text, the part that sees counts; of stages, the last."""
    match config.get("vision_config", config):
        case {"hidden_size": int(width)} | {"hidden_sizes": [*_, int(width)]}:
            return width
    return None
