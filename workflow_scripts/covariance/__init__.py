"""Stage 4: the covariance between checkpoints, by kernel alignment."""
