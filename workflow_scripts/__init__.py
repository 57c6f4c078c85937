"""The seven stages of the workflow, a folder each, and what they share in ``common``."""
