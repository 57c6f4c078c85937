"""The command that helps begin a zoo: it asks, checks, says what a run costs, writes a config."""
