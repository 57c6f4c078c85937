"""What the rules ask of a zoo: paths, flags and memory of jobs, as typed functions."""
