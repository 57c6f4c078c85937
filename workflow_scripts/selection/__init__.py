"""Stage 5: selections of checkpoints."""
