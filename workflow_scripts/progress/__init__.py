"""What the terminal says while the workflow runs, and at its end; no stage of its own."""
