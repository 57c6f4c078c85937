"""Stage 2 of zoos whose checkpoints exist already: fetched from the hub, or described in place."""

from pathlib import Path

from workflow_scripts.kinds.pretrained_zoo import PretrainedZoo
from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.pretrained.checkpoint_files import needed_paths
from workflow_scripts.pretrained.settings import FolderSettings, HubSettings


def is_on_hub(zoo: ZooSettings, checkpoint: str) -> bool:
    """Whether a checkpoint is fetched from the hub."""
    return isinstance(_settings(zoo, checkpoint), HubSettings)


def is_in_folder(zoo: ZooSettings, checkpoint: str) -> bool:
    """Whether a checkpoint is in a user's folder."""
    return isinstance(_settings(zoo, checkpoint), FolderSettings)


def hub_flags(zoo: Zoo[PretrainedZoo], checkpoint: str) -> list[str]:
    """What is fetched from the hub."""
    one = _settings(zoo.settings, checkpoint)
    assert isinstance(one, HubSettings)
    return ["--id", one.id, "--revision", one.revision, *_loading_flags(zoo, one)]


def folder_flags(zoo: Zoo[PretrainedZoo], checkpoint: str) -> list[str]:
    """Where a user's own checkpoint is, and how it is loaded."""
    one = _settings(zoo.settings, checkpoint)
    assert isinstance(one, FolderSettings)
    return ["--path", one.path, *_loading_flags(zoo, one)]


def folder_files(zoo: Zoo[PretrainedZoo], checkpoint: str) -> list[str]:
    """The files of a user's own checkpoint."""
    one = _settings(zoo.settings, checkpoint)
    assert isinstance(one, FolderSettings)
    zoo.given([f"{one.path}/config.json"])
    paths = needed_paths(Path(one.path), one.trust_remote_code, zoo.settings.preprocessor)
    return [path.as_posix() for path in paths]


def _settings(zoo: ZooSettings, checkpoint: str) -> object:
    return zoo.checkpoint_settings[checkpoint] if isinstance(zoo, PretrainedZoo) else None


def _loading_flags(zoo: Zoo[PretrainedZoo], one: HubSettings | FolderSettings) -> list[str]:
    flags = ["--preprocessor", zoo.settings.preprocessor]
    return flags + (["--trust-remote-code"] if one.trust_remote_code else [])
