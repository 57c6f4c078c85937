"""Stage 6: heads on the features of selections, and their scores."""
