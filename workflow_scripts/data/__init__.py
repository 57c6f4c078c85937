"""Stage 1: the images of the probe, of the tasks and of the agents, and the tasks."""
