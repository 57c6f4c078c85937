"""What zoos have in common whose checkpoints exist already, on the hub or in folders."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from workflow_scripts.common.settings import Settings
from workflow_scripts.kinds.zoo import UserFile, ZooSettings
from workflow_scripts.pretrained.checkpoint_files import Preprocessor
from workflow_scripts.pretrained.settings import checkpoint_configs


class PretrainedZoo(ZooSettings):
    """A zoo that names its checkpoints, of which some or all exist already."""

    # What prepares the input of its checkpoints: which files of theirs are needed goes by it.
    preprocessor: ClassVar[Preprocessor]

    @property
    @abstractmethod
    def checkpoint_settings(self) -> Mapping[str, Settings]:
        """The settings of its checkpoints, by name."""

    @property
    def checkpoint_names(self) -> list[str]:
        """Names of the checkpoints."""
        return list(self.checkpoint_settings)

    @property
    def user_files(self) -> list[UserFile]:
        """The files that a user's own checkpoints must have, and those of every zoo."""
        configs = checkpoint_configs(self.checkpoint_settings)
        return super().user_files + [UserFile(*one) for one in configs.items()]
