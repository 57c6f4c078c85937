"""Settings of checkpoints that exist already: where they come from and how they are read."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.common.settings import Settings, UserPath


class ReadingSettings(Settings):
    """How a checkpoint is read, where it is not as the zoo's others are."""

    layer: int | Literal["mean"] | None = Field(
        None, description="hidden layer that features are from, instead of the zoo's"
    )


class HubSettings(ReadingSettings):
    """A checkpoint of the Hugging Face hub."""

    kind: Literal["hub"] = "hub"
    id: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)?$")] = Field(
        description="on the hub, such as bert-base-uncased or microsoft/resnet-50"
    )
    revision: Annotated[str, Field(min_length=1)] = Field(
        "main", description="branch, tag or commit; the commit is recorded when it is fetched"
    )
    trust_remote_code: bool = Field(
        False, description="run Python code that comes with the checkpoint"
    )


class FolderSettings(ReadingSettings):
    """A checkpoint in a folder, used in place."""

    kind: Literal["folder"] = "folder"
    path: Annotated[UserPath, Field(min_length=1)] = Field(
        description="folder with config.json, weights, and tokenizer or image processor, as "
        "save_pretrained writes them"
    )
    trust_remote_code: bool = Field(
        False, description="run Python code that comes with the checkpoint"
    )


# Any of them, in a zoo whose kind makes none itself.
PretrainedCheckpoint = Annotated[HubSettings | FolderSettings, Field(discriminator="kind")]


def checkpoint_configs(checkpoints: Mapping[str, Settings]) -> dict[str, str]:
    """The file that each of a user's own checkpoints must have, by the key of the config."""
    return {
        f"checkpoints.{name}.path": f"{checkpoint.path}/config.json"
        for name, checkpoint in checkpoints.items()
        if isinstance(checkpoint, FolderSettings)
    }
