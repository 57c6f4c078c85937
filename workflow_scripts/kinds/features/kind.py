"""Registers zoos of features brought along."""

from workflow_scripts.kinds.features.zoo import FeaturesZoo
from workflow_scripts.kinds.kind import Kind

FEATURES = Kind(
    settings=FeaturesZoo,
    stages={
        "data": ("write_units", "read_table_task"),
        "checkpoints": ("describe_features",),
        "features": ("import_features",),
    },
    drafter=("workflow_scripts.kinds.features.draft", "FeaturesDrafter"),
)
