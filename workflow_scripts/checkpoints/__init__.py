"""Stage 2: the checkpoints of the zoo."""
