"""Registers zoos of agents."""

from workflow_scripts.kinds.agents.zoo import AgentsZoo
from workflow_scripts.kinds.kind import Kind

AGENTS = Kind(
    settings=AgentsZoo,
    stages={
        "data": ("fetch_cifar100", "draw_images", "draw_task"),
        "checkpoints": ("train_agent",),
        "features": ("extract_agent_features",),
    },
    drafter=("workflow_scripts.kinds.agents.draft", "AgentsDrafter"),
)
