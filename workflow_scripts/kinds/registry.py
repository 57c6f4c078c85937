"""All kinds of zoos, a line each."""

from workflow_scripts.kinds.agents.kind import AGENTS
from workflow_scripts.kinds.features.kind import FEATURES
from workflow_scripts.kinds.image.kind import IMAGE
from workflow_scripts.kinds.kind import Kind
from workflow_scripts.kinds.text.kind import TEXT

KINDS: tuple[Kind, ...] = (
    TEXT,
    IMAGE,
    FEATURES,
    AGENTS,
)
