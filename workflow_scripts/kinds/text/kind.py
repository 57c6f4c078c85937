"""Registers zoos of language models."""

from workflow_scripts.kinds.kind import Kind
from workflow_scripts.kinds.text.zoo import TextZoo

TEXT = Kind(
    settings=TextZoo,
    stages={
        "data": ("fetch_file", "write_stdlib", "write_corpus", "read_task"),
        "checkpoints": ("fetch_checkpoint", "describe_folder", "pretrain"),
        "features": ("extract_word_features",),
    },
    drafter=("workflow_scripts.kinds.text.draft", "TextDrafter"),
)
