"""Stage 3: the features of a checkpoint on a corpus."""
