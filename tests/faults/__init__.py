"""Provocations of the faults in docs/faults.md, a module for each kind of thing that is faulty."""
