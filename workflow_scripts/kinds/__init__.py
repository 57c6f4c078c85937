"""What zoos are made of: a folder for each kind, the contract that all keep, and the registry."""
